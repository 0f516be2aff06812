"""The head of an answer: found, judged and taken apart.

llhttp judges it, in its strict mode: bare line ends, folded lines, control characters, space before
a colon, conflicting or impossible lengths and the like are errors.  It is given the head and not
one byte behind it, so it never acts on what it believes to come next.  After its judgement a line
is a name, a colon and a value, and taking all apart here costs a third of a call for each.

Where llhttp is generous although strict, the rule is here: protocol version, status, reason, length
and transfer coding.
"""

from __future__ import annotations

import re

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from quintet.core.headers import Headers

__all__ = [
    "MAX_HEADER_LINES",
    "MAX_HEAD_BYTES",
    "MAX_INTERIM",
    "Head",
    "HeadReader",
    "HeadTooLarge",
    "RemoteProtocolError",
    "looks_like",
]

MAX_HEAD_BYTES = 100 * 1024
"""Largest status line with headers."""

MAX_HEADER_LINES = 256
"""Most header lines of an answer."""

MAX_INTERIM = 32
"""Most interim answers (1xx) before the answer."""

_END = b"\r\n\r\n"
_VERSIONS = (b"HTTP/1.1 ", b"HTTP/1.0 ")
_NOT_HTTP = "it does not begin as an answer in HTTP/1.1"
# What begins otherwise, as far as that can be told: records of TLS (an alert, a handshake), the
# greeting of SSH, and a SETTINGS frame of HTTP/2 on stream 0 behind its length.
_LOOKS_LIKE = (
    (re.compile(rb"[\x15\x16]\x03"), "the server speaks TLS: is it an https:// URL?"),
    (re.compile(rb"SSH-"), "the server speaks SSH: is it the right port?"),
    (re.compile(rb"\0..\x04\0{5}", re.DOTALL), "the server speaks HTTP/2 alone: see http_client="),
)
_SWITCHES = "101 switches to a protocol nobody asked for"
_CONTROLS = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])
_NO_BODY = frozenset({204, 304})
# 2**64 has twenty: more are padding, and Python refuses to read thousands of them.
_MAX_DIGITS = 20


class RemoteProtocolError(Exception):
    """The peer broke the rules of HTTP/1.1, or went away in the middle."""


class HeadTooLarge(RemoteProtocolError):
    """The head of the answer is over one of its bounds.

    Attributes:
        bound: Its name, such as ``max_head_bytes``.
        limit: Its value.
    """

    def __init__(self, bound: str, limit: int) -> None:
        super().__init__(f"the head is over its bound: {bound} is {limit}")
        self.bound = bound
        self.limit = limit


class Head:
    """Status line and headers of an answer, and what they say of the rest.

    Attributes:
        status: 100 to 999.
        reason: The words behind it.
        http_version: ``HTTP/1.1`` or ``HTTP/1.0``.
        headers: As they came.
        length: Bytes of the body; None if it ends otherwise.
        chunked: Whether the body is in chunks.
        persistent: Whether the peer means to keep the connection (RFC 9112 §9.3).
    """

    __slots__ = ("chunked", "headers", "http_version", "length", "persistent", "reason", "status")

    def __init__(self, raw: bytes, method: str) -> None:
        line_end = raw.find(b"\r\n")
        first = raw[:line_end]
        self.http_version, self.status, self.reason = _KNOWN.get(first) or _status_line(first)
        text = raw[line_end + 2 : -4].decode("latin-1")
        lines = text.count("\n") + 1
        if lines > MAX_HEADER_LINES:
            raise HeadTooLarge("max_header_lines", MAX_HEADER_LINES)
        headers = self.headers = Headers.of_text(text)
        index = headers.index()
        self.chunked = False
        self.persistent = self.http_version == "HTTP/1.1"
        # The list of all pairs is dear, and only names that are there twice need it.
        repeated = len(index) != lines
        if "connection" in index:
            self._read_connection(repeated)
        length = index.get("content-length")
        self.length = None if length is None else _length(length)
        if method == "HEAD" or self.status in _NO_BODY or self.status < 200:
            self.length = 0
        elif "transfer-encoding" in index:
            self._read_coding(repeated)

    def _read_connection(self, repeated: bool) -> None:
        value = self.headers.index()["connection"].lower()
        if repeated:
            value = ",".join(self.headers.get_all("connection")).lower()
        if value == "keep-alive":  # as most say
            self.persistent = True
            return
        options = [option.strip(" \t") for option in value.split(",")]
        self.persistent = "close" not in options and (self.persistent or "keep-alive" in options)

    def _read_coding(self, repeated: bool) -> None:
        # llhttp takes any list that ends in `chunked`, in both versions, and what does not end so
        # as a body until the end; a peer that means anything else than chunks is not understood.
        headers = self.headers
        coding = headers.index()["transfer-encoding"].lower()
        twice = repeated and len(headers.get_all("transfer-encoding")) > 1
        if coding != "chunked" or twice or self.http_version != "HTTP/1.1":
            raise RemoteProtocolError("its transfer coding is not chunked alone, in HTTP/1.1")
        self.chunked = True


def _status_line(line: bytes) -> tuple[str, int, str]:
    """Take apart what llhttp has judged, and refuse what it should not have taken."""
    if not line.startswith(_VERSIONS):
        raise RemoteProtocolError(_NOT_HTTP)
    if line.translate(None, _CONTROLS) != line:
        raise RemoteProtocolError("a control character in the reason")
    text = line.decode("latin-1")
    status = int(text[9:12])
    if status < 100:
        raise RemoteProtocolError("a status below 100")
    return text[:8], status, text[13:]


_KNOWN = {
    line: _status_line(line)
    for line in (b"HTTP/1.1 200 OK", b"HTTP/1.1 201 Created", b"HTTP/1.1 204 No Content")
}


def _length(value: str) -> int:
    if len(value) > _MAX_DIGITS:
        raise RemoteProtocolError("a length of too many digits")
    return int(value)


def looks_like(begin: bytes, fault: str) -> str:
    """Return what is wrong with bytes that are no answer, and what speaks so if that shows."""
    for mark, words in _LOOKS_LIKE:
        if mark.match(begin):
            return f"{fault}; {words}"
    return fault


class HeadReader:
    """Reads the heads of answers from a connection, one after the other."""

    __slots__ = ("_interim", "_parser", "_seen")

    def __init__(self) -> None:
        self._interim = 0
        self._parser: HttpResponseParser | None = None
        self._seen = b""

    def feed(self, data: bytes, method: str) -> tuple[Head, bytes] | None:
        """Take bytes; return the head and what came behind it, or None if more are needed.

        Interim answers are passed over.

        Raises:
            RemoteProtocolError: No valid head begins like this.
            HeadTooLarge: It is over one of its bounds.
        """
        while data:
            before = len(self._seen)
            seen = self._seen + data if before else data
            # The end may have begun in what came before.
            end = seen.find(_END, before - 3 if before > 3 else 0) + 4
            if end < 4:
                if not any(version.startswith(seen[: len(version)]) for version in _VERSIONS):
                    raise RemoteProtocolError(looks_like(seen, _NOT_HTTP))
                self._judge(data, seen, len(seen))
                self._seen = seen
                return None
            raw = seen[:end]
            self._judge(raw[before:], seen, end)
            head = Head(raw, method)
            self._parser = None
            self._seen = b""
            data = seen[end:]
            if head.status >= 200:
                self._interim = 0
                return head, data
            self._interim += 1
            if self._interim > MAX_INTERIM:
                raise RemoteProtocolError("too many interim answers")
        return None

    def _judge(self, piece: bytes, seen: bytes, size: int) -> None:
        """Have llhttp look at the next piece of the head, ``seen[:size]`` with it."""
        parser = self._parser
        if parser is None:
            parser = self._parser = HttpResponseParser(None)
        excess = size - MAX_HEAD_BYTES
        try:
            # What is wrong within the bound is wrong first, however the bytes came.
            parser.feed_data(piece if excess <= 0 else piece[:-excess])
        except (HttpParserError, HttpParserUpgrade) as error:
            switches = seen.startswith(b"101", 9)
            fault = _SWITCHES if switches else str(error)
            raise RemoteProtocolError(looks_like(seen, fault)) from None
        if excess > 0:
            raise HeadTooLarge("max_head_bytes", MAX_HEAD_BYTES)
