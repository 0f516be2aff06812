"""What a client would be made with: an engine by name, or a ``NativeTransport`` of one's own."""

from __future__ import annotations

import ssl
import time

from quintet.core.record import Record
from quintet.errors import ConfigurationError
from quintet.transport.choosing import Choice, choose_transport, chosen
from quintet.transport.environment import Proxies
from quintet.transport.interface import Transport
from quintet.transport.native import NativeTransport
from quintet.transport.trust import Cert, Trust, Verify

__all__ = ["Setup"]


class Setup(Record):
    """A client's set-up; without any argument it is that of a client which asks for nothing.

    Args:
        transport: The engine by name; None for what ``QUINTET_TRANSPORT`` says.
        verify: As :class:`~quintet.NativeTransport` takes it, as is everything below.
        cert: The client's certificate, with its key.
        proxy: One for everything, ``""`` for none, None for what the environment says.
        unix_socket: Path of a socket where every request goes.
    """

    __slots__ = _fields = ("transport", "verify", "cert", "proxy", "unix_socket")
    _hidden = frozenset({"proxy"})  # it may hold a password
    transport: str | None
    verify: Verify
    cert: Cert | None
    proxy: str | None
    unix_socket: str | None

    def __init__(
        self,
        transport: str | None = None,
        verify: Verify = True,
        cert: Cert | None = None,
        proxy: str | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._fill(transport, verify, cert, proxy, unix_socket)

    @property
    def is_own(self) -> bool:
        """Whether it takes a ``NativeTransport`` to have it."""
        return (
            self.verify is not True
            or self.cert is not None
            or self.proxy is not None
            or self.unix_socket is not None
        )

    def choice(self) -> Choice:
        """Return the engine and who chose it.

        Raises:
            ConfigurationError: No client can be made like this.
        """
        if self.is_own:
            self.make().close()
            return Choice("native", "argument")
        return chosen(self.transport)

    def make(self) -> Transport:
        """Return the transport that such a client would have; nothing is connected yet.

        Raises:
            ConfigurationError: No client can be made like this.
        """
        if not self.is_own:
            asked = None if self.transport is None else chosen(self.transport).engine
            return choose_transport(None, asked, time.monotonic)
        return NativeTransport(
            verify=self.verify,
            cert=self.cert,
            proxies=None if self.proxy is None else self._own_proxies(),
            unix_socket=self.unix_socket,
        )

    def _own_proxies(self) -> Proxies:
        return Proxies({"all": self.proxy} if self.proxy else {})

    @property
    def proxies(self) -> Proxies:
        """The proxies in force; what cannot be one is in here, too."""
        if self.unix_socket is not None:
            return Proxies()
        if self.proxy is None:
            return Proxies.from_environment()
        return self._own_proxies()

    def tls(self) -> ssl.SSLContext:
        """Return what https is spoken with.

        Raises:
            ConfigurationError: A file of it cannot be used.
        """
        return Trust(self.verify, self.cert).context()

    def engine_name(self) -> str:
        """Return the engine's name, ``""`` if no client can be made."""
        try:
            return self.choice().engine
        except ConfigurationError:
            return ""
