"""Where a request goes: origin, proxy, and the header lines that depend on them."""

from __future__ import annotations

import base64
import os
import socket

from quintet.core.record import Record
from quintet.core.request import Request
from quintet.core.url import origin
from quintet.errors import ConfigurationError
from quintet.transport.environment import GivenProxies, Proxies, split_proxy

__all__ = ["Target", "Targets", "header_lines"]

_MAX_KNOWN = 64


class Target(Record):
    """What is the same for every request to one origin.

    Attributes:
        base: Scheme, host and port, in lower case and without a port that goes without saying;
            connections are kept by it.
        secure: Whether TLS is spoken with the origin.
        host: To connect to, and what its certificate must name.
        port: To connect to.
        host_line: The ``Host`` header.
        proxy: Host and port of the proxy, None for a direct connection.
        proxy_lines: Headers for the proxy: its credentials, if it has any.
        unix_socket: Path of the socket to connect to in place of host and port, if any.
    """

    __slots__ = _fields = (
        "base",
        "secure",
        "host",
        "port",
        "host_line",
        "proxy",
        "proxy_lines",
        "unix_socket",
    )
    base: str
    secure: bool
    host: str
    port: int
    host_line: tuple[bytes, bytes]
    proxy: tuple[str, int] | None
    proxy_lines: list[tuple[bytes, bytes]]
    unix_socket: str | None

    def __init__(
        self,
        base: str,
        secure: bool,
        host: str,
        port: int,
        host_line: tuple[bytes, bytes],
        proxy: tuple[str, int] | None = None,
        proxy_lines: list[tuple[bytes, bytes]] | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._fill(base, secure, host, port, host_line, proxy, proxy_lines or [], unix_socket)

    @property
    def place(self) -> str:
        """What is connected to, as messages name it."""
        if self.unix_socket is not None:
            return self.unix_socket
        host, port = self.proxy or (self.host, self.port)
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"the proxy {name}" if self.proxy else name

    def __repr__(self) -> str:
        # The lines for the proxy hold its password.
        return f"Target({self.base!r}, through a proxy: {self.proxy is not None})"

    @property
    def authority(self) -> bytes:
        """Host and port, as CONNECT names them."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port}".encode()


class Targets:
    """Splits URLs, and remembers the origins it has seen.

    Args:
        proxies: Which proxies to use; see :meth:`~quintet.transport.environment.Proxies.of`.  None
            reads the environment now.
        unix_socket: Path of a socket where every request goes instead, and through no proxy; the
            ``Host`` header and the name in the certificate stay those of the URL.

    Raises:
        ConfigurationError: Both are given, one is not of its kind, or this system has no Unix
            sockets.
    """

    def __init__(
        self,
        proxies: GivenProxies,
        unix_socket: str | os.PathLike[str] | None = None,
    ) -> None:
        self._unix_socket = None if unix_socket is None else _socket_path(unix_socket)
        if self._unix_socket is None:
            self._proxies = Proxies.of(proxies)
        elif proxies is None or (isinstance(proxies, Proxies) and not proxies.by_scheme):
            self._proxies = Proxies()
        else:
            raise ConfigurationError("give proxies or unix_socket, not both")
        self._known: dict[str, Target] = {}

    def split(self, url: str) -> tuple[Target, bytes]:
        """Return the target, and what the request line names: a path, or to a proxy the URL."""
        start = url.find("/", 8)  # behind https://
        if start < 0:
            base, _, query = url.partition("?")
            path = f"/?{query}" if query else "/"
        else:
            base, path = url[:start], url[start:]
        target = self._known.get(base)
        if target is None:
            target = self._learn(base)
        if target.proxy is not None and not target.secure:
            path = target.base + path
        # What is not ASCII is refused as a target; half a surrogate pair is to get as far as that.
        return target, path.encode("utf-8", "surrogatepass")

    def _learn(self, base: str) -> Target:
        scheme, host, port = origin(base)
        if not host.isascii():
            host = host.encode("idna").decode()
        name = f"[{host}]" if ":" in host else host
        if port != (443 if scheme == "https" else 80):
            name = f"{name}:{port}"
        proxy, lines = self._proxy(scheme, host, port)
        target = Target(
            f"{scheme}://{name}",
            scheme == "https",
            host,
            port,
            (b"Host", name.encode()),
            proxy,
            lines,
            self._unix_socket,
        )
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[base] = target
        return target

    def _proxy(
        self, scheme: str, host: str, port: int
    ) -> tuple[tuple[str, int] | None, list[tuple[bytes, bytes]]]:
        url = self._proxies.choose(scheme, host, port)
        if url is None:
            return None, []
        address, auth = split_proxy(url)
        if auth is None:
            return address, []
        pair = base64.b64encode(":".join(auth).encode())
        return address, [(b"Proxy-Authorization", b"Basic " + pair)]


def _socket_path(given: str | os.PathLike[str]) -> str:
    if not isinstance(given, (str, os.PathLike)):
        raise ConfigurationError("unix_socket must be the path of a socket")
    path = os.fspath(given)
    if not isinstance(path, str) or not path:
        raise ConfigurationError("unix_socket must be the path of a socket")
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigurationError("this system has no Unix sockets; leave unix_socket out")
    return path


class _Lines(list[tuple[bytes, bytes]]):
    """Header lines whose ``repr`` does not show them: tools that report local variables use it."""

    def __repr__(self) -> str:
        return f"<{len(self)} header lines>"


def header_lines(request: Request, target: Target) -> list[tuple[bytes, bytes]]:
    """Return the header lines, with ``Host`` first and the body's framing last."""
    lines = _Lines([target.host_line])
    if target.proxy is not None and not target.secure:
        lines += target.proxy_lines
    lines += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
    body = request.body
    if isinstance(body, bytes):
        lines.append((b"Content-Length", b"%d" % len(body)))
    elif body is not None:
        if body.length is None:
            lines.append((b"Transfer-Encoding", b"chunked"))
        else:
            lines.append((b"Content-Length", b"%d" % body.length))
    elif request.method in ("POST", "PUT", "PATCH"):
        lines.append((b"Content-Length", b"0"))
    return lines
