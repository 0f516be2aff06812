"""The head of a request as bytes, and the check that it is one request and no more.

What is refused is never shown: values may be credentials.
"""

from __future__ import annotations

__all__ = ["LocalProtocolError", "request_head"]

_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CONTROLS = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])
_MAX_KNOWN = 256
_MAX_DIGITS = 20

# What a name means for the framing.  One sum over the lines tells whether anything but a single
# Host is among them: most requests have a body that was framed here, or none.
_PLAIN, _HOST, _OTHER = 0, 1, 1 << 16


class LocalProtocolError(Exception):
    """We were about to break the rules of HTTP/1.1; never shows what was to be sent."""


def _is_token(name: bytes) -> bool:
    return bool(name) and _TOKEN.issuperset(name)


class _Names(dict[bytes, int]):
    """Names that were found to be valid, so that each is looked at once."""

    def __missing__(self, name: bytes) -> int:
        if not _is_token(name):
            raise LocalProtocolError("a header name is not valid")
        lowered = name.lower()
        framing = lowered in (b"content-length", b"transfer-encoding", b"connection")
        meaning = _OTHER if framing else _HOST if lowered == b"host" else _PLAIN
        if len(self) < _MAX_KNOWN:
            self[name] = meaning
        return meaning


_NAMES = _Names()


def request_head(
    method: str, target: bytes, lines: list[tuple[bytes, bytes]]
) -> tuple[bytes, int | None, bool]:
    """Return a head as bytes, the length of the body behind it, and what becomes of the connection.

    The length is None for a body in chunks; the connection can be used again or not.

    Raises:
        LocalProtocolError: It would not be one request in HTTP/1.1.
    """
    if method not in _METHODS and not _is_method(method):
        raise LocalProtocolError("the method is not valid")
    fields = b"\r\n".join([b": ".join(line) for line in lines])
    raw = b"%b %b HTTP/1.1\r\n%b\r\n\r\n" % (method.encode(), target, fields)
    # Of the control characters the line ends made here must be the only ones.
    if len(raw) - len(raw.translate(None, _CONTROLS)) != 2 * len(lines) + 4:
        raise LocalProtocolError("a control character in the head")
    if not target or b" " in target or b"\t" in target or not target.isascii():
        raise LocalProtocolError("the target is not valid")
    meaning = 0
    for name, _ in lines:
        meaning += _NAMES[name]
    if meaning == _HOST:
        return raw, 0, True
    if meaning % _OTHER != _HOST:
        raise LocalProtocolError("there must be one Host")
    return _framed(raw, lines)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _is_method(method: str) -> bool:
    # CONNECT is for proxies, and its answer follows rules of its own.
    return method.isascii() and _is_token(method.encode()) and method != "CONNECT"


def _framed(raw: bytes, lines: list[tuple[bytes, bytes]]) -> tuple[bytes, int | None, bool]:
    """Read what our own headers promise about the body and the connection."""
    length: int | None = 0
    framings = 0
    persistent = True
    for name, value in lines:
        lowered = name.lower()
        if lowered == b"content-length":
            framings += 1
            if not value.isdigit() or len(value) > _MAX_DIGITS:
                raise LocalProtocolError("the length is not valid")
            length = int(value)
        elif lowered == b"transfer-encoding":
            framings += 1
            if value.lower() != b"chunked":
                raise LocalProtocolError("the transfer coding is not chunked")
            length = None
        elif lowered == b"connection":
            options = [option.strip() for option in value.lower().split(b",")]
            persistent = persistent and b"close" not in options
    if framings > 1:
        raise LocalProtocolError("the body is framed more than once")
    return raw, length, persistent
