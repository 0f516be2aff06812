"""Where a request goes: origin, proxy, and the header lines that depend on them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from quintet.core.request import Request
from quintet.core.url import origin
from quintet.transport.environment import Proxies, split_proxy

__all__ = ["Target", "Targets", "header_lines"]

_MAX_KNOWN = 64


@dataclass(frozen=True)
class Target:
    """What is the same for every request to one origin.

    Attributes:
        base: Scheme, host and port as the URL has them; connections are kept by it.
        secure: Whether TLS is spoken with the origin.
        host: To connect to, and what its certificate must name.
        port: To connect to.
        host_line: The ``Host`` header.
        proxy: Host and port of the proxy, None for a direct connection.
        proxy_lines: Headers for the proxy: its credentials, if it has any.
    """

    base: str
    secure: bool
    host: str
    port: int
    host_line: tuple[bytes, bytes]
    proxy: tuple[str, int] | None
    proxy_lines: list[tuple[bytes, bytes]]

    @property
    def authority(self) -> bytes:
        """Host and port, as CONNECT names them."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port}".encode()


class Targets:
    """Splits URLs, and remembers the origins it has seen.

    Args:
        proxies: Which proxies to use; None reads the environment now.
    """

    def __init__(self, proxies: Proxies | None) -> None:
        self._proxies = Proxies.from_environment() if proxies is None else proxies
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
            path = base + path
        return target, path.encode()

    def _learn(self, base: str) -> Target:
        scheme, host, port = origin(base)
        if not host.isascii():
            host = host.encode("idna").decode()
        name = f"[{host}]" if ":" in host else host
        if port != (443 if scheme == "https" else 80):
            name = f"{name}:{port}"
        proxy, lines = self._proxy(scheme, host)
        target = Target(base, scheme == "https", host, port, (b"Host", name.encode()), proxy, lines)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[base] = target
        return target

    def _proxy(
        self, scheme: str, host: str
    ) -> tuple[tuple[str, int] | None, list[tuple[bytes, bytes]]]:
        url = self._proxies.choose(scheme, host)
        if url is None:
            return None, []
        address, auth = split_proxy(url)
        if auth is None:
            return address, []
        pair = base64.b64encode(":".join(auth).encode())
        return address, [(b"Proxy-Authorization", b"Basic " + pair)]


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
