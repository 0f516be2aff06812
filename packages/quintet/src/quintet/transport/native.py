"""The native engine with a configuration of one's own, as ``transport=`` takes it.

Both classes check what they are given and open nothing; the engine is made by the first request.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from quintet.errors import ConfigurationError
from quintet.transport.environment import Proxies
from quintet.transport.interface import AsyncTransport, Transport
from quintet.transport.lazy import AsyncLazyTransport, LazyTransport
from quintet.transport.limits import ConnectionLimits
from quintet.transport.targets import Targets
from quintet.transport.trust import Cert, Trust, Verify

__all__ = ["AsyncNativeTransport", "NativeTransport"]


class NativeTransport(LazyTransport):
    """The native engine, blocking; hand it to a client as ``transport=``, which then closes it.

    Args:
        verify: True for the system's trust store (``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count)
            together with the certifi bundle; the path of a private CA file, or of a directory in
            OpenSSL's form, to trust these alone; False to accept any certificate, for tests only.
        cert: The client's certificate: the path of a PEM file with its key, or a tuple of the
            certificate's path, the key's, and the key's password if it has one.
        ssl_context: A context to use as it is, in place of the other two.
        proxies: One URL for everything, or a mapping with the keys ``http``, ``https``, ``all`` and
            ``no``; empty for none.  Without it what the environment says at the first request.
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
        proxies: Proxies | Mapping[str, str] | str | None = None,
        unix_socket: str | os.PathLike[str] | None = None,
        limits: ConnectionLimits | None = None,
        http2: Literal[False] = False,
        cookies: None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        _refuse(http2, cookies)
        options = _options(verify, cert, ssl_context, proxies, unix_socket, limits)

        def make(site: str) -> Transport:
            from quintet.transport.engine import Engine

            return Engine(now, site=site, **options)

        super().__init__(make)


class AsyncNativeTransport(AsyncLazyTransport):
    """The native engine, asyncio; everything else as in :class:`NativeTransport`."""

    def __init__(
        self,
        *,
        verify: Verify = True,
        cert: Cert | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxies: Proxies | Mapping[str, str] | str | None = None,
        unix_socket: str | os.PathLike[str] | None = None,
        limits: ConnectionLimits | None = None,
        http2: Literal[False] = False,
        cookies: None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        _refuse(http2, cookies)
        options = _options(verify, cert, ssl_context, proxies, unix_socket, limits)

        def make(site: str) -> AsyncTransport:
            from quintet.transport.aio_engine import AsyncEngine

            return AsyncEngine(now, site=site, **options)

        super().__init__(make)


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
    proxies: Proxies | Mapping[str, str] | str | None,
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
