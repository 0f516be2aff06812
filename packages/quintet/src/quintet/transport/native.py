"""The native engine with a configuration of one's own, as ``transport=`` takes it.

Both classes check what they are given and open nothing; the engine is made by the first request.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from typing import Any, Literal

from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConfigurationError
from quintet.transport.environment import GivenProxies, Proxies
from quintet.transport.interface import AsyncExchange, AsyncTransport, Exchange, Transport
from quintet.transport.lazy import AsyncLazyTransport, LazyTransport
from quintet.transport.limits import ConnectionLimits
from quintet.transport.targets import Targets
from quintet.transport.trust import Cert, Trust, Verify

__all__ = ["AsyncNativeTransport", "NativeTransport"]


class NativeTransport(LazyTransport):
    """The native engine, blocking; hand it to a client as ``transport=``, which then closes it.

    It may be used in a ``with`` statement, too, and given to several clients there; the first of
    these that is closed closes it for all.  Its ``repr`` shows what was set, and no secret.

    Args:
        verify: True for the system's trust store (``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count)
            together with the certifi bundle; the path of a private CA file, or of a directory in
            OpenSSL's form, to trust these alone; False to accept any certificate, for tests only.
        cert: The client's certificate: the path of a PEM file with its key, or a tuple of the
            certificate's path, the key's, and the key's password if it has one.
        ssl_context: A context to use as it is, in place of the other two.
        proxies: One URL for everything, or a mapping with the keys ``http``, ``https``, ``all`` and
            ``no`` (text or a list); empty or None for a direct connection.  Without it what the
            environment says at the first request.
        unix_socket: Path of a socket where every request goes, whatever the host of its URL; the
            ``Host`` header stays the URL's.  Excludes proxies.
        limits: How many connections, for how long; see :class:`~quintet.ConnectionLimits`.
        http2: Not spoken: True is an error that names what speaks it.
        cookies: Not kept, the same way.
        now: The monotonic clock; that of the client unless a test gives both another one.

    Raises:
        ConfigurationError: A value is of the wrong kind, two exclude each other, or one asks for
            what this engine does not do.  Files are read, and said to be unusable, later: by the
            first https request.
    """

    def __init__(
        self,
        *,
        verify: Verify = True,
        cert: Cert | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxies: GivenProxies = None,
        unix_socket: str | os.PathLike[str] | None = None,
        limits: ConnectionLimits | None = None,
        http2: Literal[False] = False,
        cookies: None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        _refuse(http2, cookies)
        self._options = options = _options(verify, cert, ssl_context, proxies, unix_socket, limits)

        def make(site: str) -> Transport:
            from quintet.transport.engine import Engine

            return Engine(now, site=site, **options)

        super().__init__(make)

    def close(self) -> None:
        """Close every connection; requests of any client that has this transport fail then."""
        super().close()
        self._engine = _Closed()

    def __enter__(self) -> NativeTransport:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return _shown(type(self).__name__, self._options)


class AsyncNativeTransport(AsyncLazyTransport):
    """The native engine, asyncio; everything else as in :class:`NativeTransport`."""

    def __init__(
        self,
        *,
        verify: Verify = True,
        cert: Cert | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxies: GivenProxies = None,
        unix_socket: str | os.PathLike[str] | None = None,
        limits: ConnectionLimits | None = None,
        http2: Literal[False] = False,
        cookies: None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        _refuse(http2, cookies)
        self._options = options = _options(verify, cert, ssl_context, proxies, unix_socket, limits)

        def make(site: str) -> AsyncTransport:
            from quintet.transport.aio_engine import AsyncEngine

            return AsyncEngine(now, site=site, **options)

        super().__init__(make)

    async def close(self) -> None:
        """Close every connection; requests of any client that has this transport fail then."""
        await super().close()
        self._engine = _AsyncClosed()

    def abandon(self) -> None:
        """The same without awaiting."""
        super().abandon()
        self._engine = _AsyncClosed()

    async def __aenter__(self) -> AsyncNativeTransport:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return _shown(type(self).__name__, self._options)


class _Closed:
    """Stands in for an engine that was closed, perhaps by another client than the one that asks."""

    def send(self, request: Request, until: float | None, seconds: float | None) -> Exchange:
        raise _closed()

    def close(self) -> None:
        """Do nothing: it is done."""


class _AsyncClosed:
    """The same for asyncio."""

    async def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> AsyncExchange:
        raise _closed()

    async def close(self) -> None:
        """Do nothing: it is done."""

    def abandon(self) -> None:
        """Do nothing: it is done."""


def _closed() -> ClientClosedError:
    return ClientClosedError(
        "the transport was closed, by its own close() or that of a client it was given to: each "
        "client closes its transport, so make one for each"
    )


def _shown(name: str, options: dict[str, Any]) -> str:
    """Return what was set, as it may be printed: a certificate's password is left out."""
    shown = {key: value for key, value in options.items() if value is not None}
    if shown["verify"] is True:
        del shown["verify"]
    if shown["limits"] == ConnectionLimits():
        del shown["limits"]
    if isinstance(shown.get("cert"), tuple):
        shown["cert"] = shown["cert"][:2]
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in shown.items())})"


def _refuse(http2: object, cookies: object) -> None:
    """Say who does what this engine does not."""
    if http2:
        raise ConfigurationError(
            "the native engine speaks HTTP/1.1 alone; for HTTP/2 pass "
            "http_client=httpx.Client(http2=True), or httpx.AsyncClient"
        )
    if cookies is not None:
        raise ConfigurationError(
            "the native engine keeps no cookies; pass http_client=httpx.Client(cookies=...), or "
            "httpx.AsyncClient"
        )


def _options(
    verify: Verify,
    cert: Cert | None,
    ssl_context: ssl.SSLContext | None,
    proxies: GivenProxies,
    unix_socket: str | os.PathLike[str] | None,
    limits: ConnectionLimits | None,
) -> dict[str, Any]:
    """Return the engine's keyword arguments, after both of its parts have seen them."""
    Trust(verify, cert, ssl_context)
    Targets(proxies, unix_socket)
    if limits is not None and not isinstance(limits, ConnectionLimits):
        raise ConfigurationError("limits must be a quintet.ConnectionLimits")
    return {
        "verify": verify,
        "cert": cert,
        "ssl_context": ssl_context,
        # None stays None: the environment is read when the engine is made.
        "proxies": None if proxies is None else Proxies.of(proxies),
        "unix_socket": None if unix_socket is None else os.fspath(unix_socket),
        "limits": ConnectionLimits() if limits is None else limits,
    }
