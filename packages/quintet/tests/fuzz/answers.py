"""Answers of every kind, and what must come of each."""

from __future__ import annotations

from typing import NamedTuple

from .feeding import COMPLETE, MORE

__all__ = ["ANSWERS", "Case"]

REFUSED = "RemoteProtocolError"
TOO_LARGE = "HeadTooLarge"


class Case(NamedTuple):
    """An answer, and what must come of it.

    Attributes:
        name: For the report.
        data: Its bytes.
        status: None if its head is refused or not complete.
        body: What is handed out.
        end: How it ends.
        reusable: Whether the connection goes on.
        method: Of the request.
        closes: Whether the peer closes behind the bytes.
    """

    name: str
    data: bytes
    status: int | None
    body: bytes = b""
    end: str = COMPLETE
    reusable: bool = False
    method: str = "GET"
    closes: bool = False


def _answer(*lines: bytes, body: bytes = b"", start: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([start, *lines]) + b"\r\n\r\n" + body


OK = b"HTTP/1.1 200 OK"
THREE = b"Content-Length: 3"
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKS = b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
NEXT = _answer(THREE, body=b"xyz")

_GOOD = [
    Case("length", _answer(THREE, body=b"abc"), 200, b"abc", reusable=True),
    Case("length of zero", _answer(b"Content-Length: 0"), 200, reusable=True),
    Case("padded length", _answer(b"Content-Length:  003  ", body=b"abc"), 200, b"abc",
         reusable=True),
    Case("lower case", _answer(b"content-length:3", body=b"abc"), 200, b"abc", reusable=True),
    Case("many headers", _answer(*[b"X-%d: %d" % (n, n) for n in range(9)], THREE, body=b"abc"),
         200, b"abc", reusable=True),
    Case("no reason", _answer(THREE, start=b"HTTP/1.1 404", body=b"abc"), 404, b"abc",
         reusable=True),
    Case("empty reason", _answer(THREE, start=b"HTTP/1.1 500 ", body=b"abc"), 500, b"abc",
         reusable=True),
    Case("odd reason", _answer(THREE, start=b"HTTP/1.1 418 a\tb: \xff", body=b"abc"), 418, b"abc",
         reusable=True),
    Case("unknown status", _answer(THREE, start=b"HTTP/1.1 799 X", body=b"abc"), 799, b"abc",
         reusable=True),
    Case("empty and odd values", _answer(b"X:", b"Y: \t", b"Z: \xa0a:b\x85 ", THREE, body=b"abc"),
         200, b"abc", reusable=True),
    Case("no body: 204", _answer(start=b"HTTP/1.1 204 No Content"), 204, reusable=True),
    Case("no body: 204 with a length", _answer(THREE, start=b"HTTP/1.1 204 N"), 204, reusable=True),
    Case("no body: 304 with chunks", _answer(CHUNKED, start=b"HTTP/1.1 304 N"), 304, reusable=True),
    Case("no body: HEAD", _answer(THREE), 200, reusable=True, method="HEAD"),
    Case("no body: HEAD without a length", _answer(), 200, reusable=True, method="HEAD"),
    Case("no body: HEAD of chunks", _answer(CHUNKED), 200, reusable=True, method="HEAD"),
    Case("no body: HEAD with an impossible length", _answer(b"Content-Length: " + b"0" * 21), None,
         end=REFUSED, method="HEAD"),
    Case("no body: HEAD with a body", _answer(THREE, body=b"abc"), 200, method="HEAD"),
    Case("interim", _answer(start=b"HTTP/1.1 100 Continue") + _answer(THREE, body=b"abc"), 200,
         b"abc", reusable=True),
    Case("interim with headers",
         _answer(b"Link: </a>", THREE, start=b"HTTP/1.1 103 Early") * 3
         + _answer(THREE, body=b"abc"), 200, b"abc", reusable=True),
    Case("interim alone", _answer(start=b"HTTP/1.1 102 Processing"), None, end=MORE),
    Case("chunks", _answer(CHUNKED, body=CHUNKS), 200, b"abc", reusable=True),
    Case("no chunks", _answer(CHUNKED, body=b"0\r\n\r\n"), 200, reusable=True),
    Case("padded and hexadecimal chunks",
         _answer(b"transfer-encoding: CHUNKED", body=b"00A\r\n0123456789\r\n000\r\n\r\n"), 200,
         b"0123456789", reusable=True),
    Case("chunk extensions", _answer(CHUNKED, body=b'3;a;b=c;d="\\""\r\nabc\r\n0;z=1\r\n\r\n'), 200,
         b"abc", reusable=True),
    Case("trailers", _answer(CHUNKED, body=CHUNKS[:-2] + b"X: y\r\nEmpty:\r\n\r\n"), 200, b"abc",
         reusable=True),
    Case("chunks of line ends", _answer(CHUNKED, body=b"4\r\n\r\n\r\n\r\n0\r\n\r\n"), 200,
         b"\r\n\r\n", reusable=True),
    Case("until the end", _answer(body=b"abc"), 200, b"abc", closes=True),
    Case("until the end, empty", _answer(), 200, closes=True),
    Case("until the end, not yet", _answer(body=b"abc"), 200, b"abc", MORE),
    Case("closing", _answer(b"Connection: close", THREE, body=b"abc"), 200, b"abc"),
    Case("closing among others", _answer(b"Connection: x, Close", THREE, body=b"abc"), 200, b"abc"),
    Case("closing in a second line",
         _answer(b"Connection: keep-alive", b"connection: close", THREE, body=b"abc"), 200, b"abc"),
    Case("closing with chunks", _answer(b"Connection: close", CHUNKED, body=CHUNKS), 200, b"abc"),
    Case("closing, then more",
         _answer(b"Connection: close", CHUNKED, body=CHUNKS + NEXT), 200, b"abc"),
    Case("keeping", _answer(b"Connection: Keep-Alive, x", THREE, body=b"abc"), 200, b"abc",
         reusable=True),
    Case("HTTP/1.0", _answer(THREE, start=b"HTTP/1.0 200 OK", body=b"abc"), 200, b"abc"),
    Case("HTTP/1.0 kept", _answer(b"Connection: keep-alive", THREE, start=b"HTTP/1.0 200 OK",
                                  body=b"abc"), 200, b"abc", reusable=True),
]  # fmt: skip

_SURPLUS = [
    Case(f"{what} behind {name}", data + surplus, 200, body)
    for what, surplus in [
        ("an answer", NEXT),
        ("its beginning", b"H"),
        ("a line end", b"\r\n"),
        ("half a line end", b"\n"),
        ("a carriage return", b"\r"),
        ("line ends", b"\r\r\n\r\n"),
        ("junk", b"\x00\x16\r\n\r\n"),
    ]
    for name, data, body in [
        ("a length", _answer(THREE, body=b"abc"), b"abc"),
        ("an empty body", _answer(b"Content-Length: 0"), b""),
        ("chunks", _answer(CHUNKED, body=CHUNKS), b"abc"),
        ("trailers", _answer(CHUNKED, body=CHUNKS[:-2] + b"X:\r\n\r\n"), b"abc"),
    ]
]

_BROKEN_OFF = [
    Case("nothing", b"", None, end=REFUSED, closes=True),
    Case("half a head", b"HTTP/1.1 200 OK\r\nX: y\r\n", None, end=REFUSED, closes=True),
    Case("half a head, not yet", b"HTTP/1.1 200 OK\r\nX: y\r\n", None, end=MORE),
    Case("half a length", _answer(THREE, body=b"ab"), 200, b"ab", REFUSED, closes=True),
    Case("half a length, not yet", _answer(THREE, body=b"ab"), 200, b"ab", MORE),
    Case("half a chunk", _answer(CHUNKED, body=b"5\r\nab"), 200, b"ab", REFUSED, closes=True),
    Case("no last chunk", _answer(CHUNKED, body=b"2\r\nab\r\n"), 200, b"ab", REFUSED, closes=True),
    Case("half the last chunk", _answer(CHUNKED, body=CHUNKS[:-2]), 200, b"abc", REFUSED,
         closes=True),
    Case("half the last chunk, not yet", _answer(CHUNKED, body=CHUNKS[:-1]), 200, b"abc", MORE),
    Case("interim, then nothing", _answer(start=b"HTTP/1.1 100 C"), None, end=REFUSED,
         closes=True),
]  # fmt: skip

_BAD_HEADS = [
    Case(f"head with {name}", data, None, end=REFUSED)
    for name, data in [
        ("nonsense", b"nonsense\r\n\r\n"),
        ("TLS", b"\x15\x03\x01\x00\x02\x02\x50"),
        ("a request", b"GET / HTTP/1.1\r\n\r\n"),
        ("an empty line first", b"\r\n" + NEXT),
        ("only line ends", b"\r\n\r\n\r\n"),
        ("HTTP/0.9", _answer(THREE, start=b"HTTP/0.9 200 OK")),
        ("HTTP/1.2", _answer(THREE, start=b"HTTP/1.2 200 OK")),
        ("HTTP/2.0", _answer(THREE, start=b"HTTP/2.0 200 OK")),
        ("HTTP/1.10", _answer(THREE, start=b"HTTP/1.10 200 OK")),
        ("RTSP", _answer(THREE, start=b"RTSP/1.0 200 OK")),
        ("ICE", _answer(THREE, start=b"ICE/1.0 200 OK")),
        ("a small name", _answer(THREE, start=b"http/1.1 200 OK")),
        ("two spaces", _answer(THREE, start=b"HTTP/1.1  200 OK")),
        ("a tab", _answer(THREE, start=b"HTTP/1.1\t200 OK")),
        ("a tab behind the status", _answer(THREE, start=b"HTTP/1.1 200\tOK")),
        ("no status", _answer(THREE, start=b"HTTP/1.1 ")),
        ("a short status", _answer(THREE, start=b"HTTP/1.1 20 OK")),
        ("a long status", _answer(THREE, start=b"HTTP/1.1 2000 OK")),
        ("a status in words", _answer(THREE, start=b"HTTP/1.1 2x0 OK")),
        ("status 099", _answer(THREE, start=b"HTTP/1.1 099 OK")),
        ("status 000", _answer(THREE, start=b"HTTP/1.1 000 OK")),
        ("101", _answer(start=b"HTTP/1.1 101 Switching Protocols")),
        ("101 and its headers",
         _answer(b"Upgrade: x", b"Connection: upgrade", start=b"HTTP/1.1 101 S")),
        ("NUL in the reason", _answer(THREE, start=b"HTTP/1.1 200 O\0K")),
        ("ESC in the reason", _answer(THREE, start=b"HTTP/1.1 200 \x1b[1m")),
        ("DEL in the reason", _answer(THREE, start=b"HTTP/1.1 200 \x7f")),
        ("CR in the reason", _answer(THREE, start=b"HTTP/1.1 200 O\rK")),
        ("LF behind the status line", OK + b"\nContent-Length: 3\r\n\r\n"),
        ("LF behind a header", OK + b"\r\nContent-Length: 3\nX: y\r\n\r\n"),
        ("LF at the end", OK + b"\r\nContent-Length: 3\r\n\n"),
        ("LF only", b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"),
        ("CR in a value", _answer(b"X: a\rb", THREE)),
        ("CR CR LF", OK + b"\r\r\n\r\n"),
        ("NUL in a value", _answer(b"X: a\0b", THREE)),
        ("BEL in a value", _answer(b"X: a\x07b", THREE)),
        ("DEL in a value", _answer(b"X: a\x7fb", THREE)),
        ("a folded line", _answer(b"X: a", b" b", THREE)),
        ("a folded empty line", _answer(b"X:", b"\tb", THREE)),
        ("space before the first name", _answer(b" X: a", THREE)),
        ("space before a colon", _answer(b"X : a", THREE)),
        ("tab before a colon", _answer(b"Content-Length\t: 3")),
        ("no colon", _answer(b"X", THREE)),
        ("no name", _answer(b": a", THREE)),
        ("a bad name", _answer(b"X(y): a", THREE)),
        ("a name beyond ASCII", _answer(b"X\xe9: a", THREE)),
        ("a length with a sign", _answer(b"Content-Length: +3")),
        ("a negative length", _answer(b"Content-Length: -3")),
        ("a hexadecimal length", _answer(b"Content-Length: 0x3")),
        ("a broken length", _answer(b"Content-Length: 3.0")),
        ("a length with a space in it", _answer(b"Content-Length: 3 3")),
        ("a list of lengths", _answer(b"Content-Length: 3, 3")),
        ("an empty length", _answer(b"Content-Length:")),
        ("a length over 64 bits", _answer(b"Content-Length: 18446744073709551616")),
        ("a length of many zeros", _answer(b"Content-Length: " + b"0" * 21 + b"3")),
        ("the same length twice", _answer(THREE, THREE)),
        ("two lengths", _answer(THREE, b"Content-Length: 4")),
        ("a length and chunks", _answer(THREE, CHUNKED)),
        ("chunks and a length", _answer(CHUNKED, THREE)),
        ("chunks in HTTP/1.0", _answer(CHUNKED, start=b"HTTP/1.0 200 OK")),
        ("gzip, chunked", _answer(b"Transfer-Encoding: gzip, chunked")),
        ("gzip and chunked", _answer(b"Transfer-Encoding: gzip", CHUNKED)),
        ("chunked and identity", _answer(CHUNKED, b"Transfer-Encoding: identity")),
        ("chunked, gzip", _answer(b"Transfer-Encoding: chunked, gzip")),
        ("chunked, chunked", _answer(b"Transfer-Encoding: chunked, chunked")),
        ("chunked twice", _answer(CHUNKED, CHUNKED)),
        ("chunked with a parameter", _answer(b"Transfer-Encoding: chunked;q=1")),
        ("chunked in quotes", _answer(b'Transfer-Encoding: "chunked"')),
        ("identity", _answer(b"Transfer-Encoding: identity")),
        ("xchunked", _answer(b"Transfer-Encoding: xchunked")),
        ("chunkedx", _answer(b"Transfer-Encoding: chunkedx")),
        ("an empty coding", _answer(b"Transfer-Encoding:")),
        ("a comma before chunked", _answer(b"Transfer-Encoding: ,chunked")),
    ]
]  # fmt: skip

_BAD_CHUNKS = [
    Case(f"chunk with {name}", _answer(CHUNKED, body=body), 200, good, REFUSED)
    for name, body, good in [
        ("no size", b"\r\nab", b""),
        ("a space behind its size", b"2 \r\nab\r\n", b""),
        ("a space before its size", b" 2\r\nab\r\n", b""),
        ("a sign", b"+2\r\nab\r\n", b""),
        ("a negative size", b"-2\r\nab\r\n", b""),
        ("0x", b"0x2\r\nab\r\n", b""),
        ("a size in words", b"two\r\nab\r\n", b""),
        ("a size over 64 bits", b"10000000000000000\r\nab", b""),
        ("LF behind its size", b"2\nab\r\n", b""),
        ("CR behind its size", b"2\rab\r\n", b""),
        ("LF in its extension", b"2;a\nab\r\n", b""),
        ("CR in its extension", b"2;a\rb\r\nab\r\n", b""),
        ("NUL in its extension", b"2;\0\r\nab\r\n", b""),
        ("an empty extension", b"2;\r\nab\r\n", b""),
        ("LF behind its data", b"2\r\nab\n0\r\n\r\n", b"ab"),
        ("nothing behind its data", b"2\r\nab0\r\n\r\n", b"ab"),
        ("too much data", b"2\r\nabc\r\n0\r\n\r\n", b"ab"),
        ("CR behind its data", b"2\r\nab\r0\r\n\r\n", b"ab"),
        ("an error after good ones", b"2\r\nab\r\n1\r\nc\r\nx", b"abc"),
        ("LF behind the last", b"2\r\nab\r\n0\n\r\n", b"ab"),
        ("LF at the end", b"2\r\nab\r\n0\r\n\n", b"ab"),
        ("LF in the trailers", b"2\r\nab\r\n0\r\nX: y\n\r\n", b"ab"),
        ("a folded trailer", b"2\r\nab\r\n0\r\nX: y\r\n z\r\n\r\n", b"ab"),
        ("a trailer without a colon", b"2\r\nab\r\n0\r\nX\r\n\r\n", b"ab"),
        ("NUL in a trailer", b"2\r\nab\r\n0\r\nX: \0\r\n\r\n", b"ab"),
        ("a length in the trailers", b"2\r\nab\r\n0\r\nContent-Length: 5\r\n\r\n", b"ab"),
    ]
]  # fmt: skip

ANSWERS = [*_GOOD, *_SURPLUS, *_BROKEN_OFF, *_BAD_HEADS, *_BAD_CHUNKS]
"""Answers of every kind, none of them large."""
