"""Bodies in chunks: sizes, extensions, trailers, and what only looks like chunks."""

from __future__ import annotations

from .scenario import Do, Drip, Outcome, Scenario
from .wires import broken, chunked, chunks, head, nonsense, ok, too_large

__all__ = ["SCENARIOS"]

_END = b"0\r\n\r\n"
_HELLO = ok(b"hello")
_REFUSED = nonsense()


def _sent(name: str, data: bytes, first: Outcome = _HELLO, **fields: object) -> Scenario:
    return Scenario(f"chunked-{name}", ((data,),), first, **fields)  # type: ignore[arg-type]


def _raw(name: str, body: bytes, first: Outcome = _HELLO, **fields: object) -> Scenario:
    """Send a body that is to be chunks."""
    return _sent(name, head("Transfer-Encoding: chunked") + body, first, **fields)


def _cut(name: str, body: bytes) -> Scenario:
    data = head("Transfer-Encoding: chunked") + body
    return Scenario(f"chunked-cut-{name}", ((data, Do.CLOSE),), broken(2))


def _coded(name: str, *lines: str, first: Outcome = _REFUSED, **fields: object) -> Scenario:
    return Scenario(
        f"transfer-coding-{name}",
        ((head(*lines) + chunks(b"hello"),),),
        first,
        **fields,  # type: ignore[arg-type]
    )


_GOOD = (
    _sent("one", chunked(b"hello")),
    _sent("several", chunked(b"he", b"l", b"lo")),
    _sent("none", chunked(), ok()),
    _sent("300", chunked(*[b"ab"] * 300), ok(b"ab" * 300)),
    _sent("64k", chunked(b"x" * 65536), ok(b"x" * 65536)),
    _sent("1m", chunked(*[b"x" * 4096] * 256), ok(b"x" * (1 << 20))),
    _sent("other-headers", chunked(b"hello", lines=("X-A: 1", "ETag: y"))),
    _raw("upper-case-size", b"A\r\n0123456789\r\n" + _END, ok(b"0123456789")),
    _raw("lower-case-size", b"a\r\n0123456789\r\n" + _END, ok(b"0123456789")),
    _raw("size-with-leading-zeros", b"0005\r\nhello\r\n" + _END),
    _raw("last-size-with-many-zeros", b"5\r\nhello\r\n0000\r\n\r\n"),
    _raw("data-like-an-end", chunks(_END), ok(_END)),
    Scenario("chunked-byte-by-byte", ((Drip(chunked(b"hello"), 0),),), _HELLO),
    Scenario(
        "chunked-trailers-byte-by-byte",
        ((Drip(chunked(b"hello", end=b"0\r\nA: b\r\n\r\n"), 0),),),
        _HELLO,
    ),
)

_EXTENDED = (
    _raw("extension", b"5;a=b\r\nhello\r\n" + _END),
    _raw("extension-without-value", b"5;a\r\nhello\r\n" + _END),
    _raw("extension-quoted", b'5;a="b c"\r\nhello\r\n' + _END),
    _raw("extension-of-the-end", b"5\r\nhello\r\n0;a=b\r\n\r\n"),
    _raw("extensions-two", b"5;a=b;c=d\r\nhello\r\n" + _END),
    _raw("extension-behind-space", b"5 ;a=b\r\nhello\r\n" + _END, nonsense()),
    _raw("extension-of-8k", b"5;a=" + b"b" * 8000 + b"\r\nhello\r\n" + _END),
    _raw(
        "extensions-without-end",
        b"5;a=" + b"b" * 300_000 + b"\r\nhello\r\n" + _END,
        nonsense(),
    ),
    _raw("extension-with-bare-cr", b"5;a\rb\r\nhello\r\n" + _END, nonsense()),
    _raw("extension-with-bare-lf", b"5;a\nb\r\nhello\r\n" + _END, nonsense()),
    _raw("extension-with-nul", b"5;a\0b\r\nhello\r\n" + _END, nonsense()),
    _raw("trailer", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
    _raw("trailers-three", b"5\r\nhello\r\n0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"),
    _raw("trailer-like-a-length", b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n", nonsense()),
    _raw("trailer-like-a-coding", b"5\r\nhello\r\n0\r\nContent-Encoding: gzip\r\n\r\n"),
    _raw("trailer-without-colon", b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n", nonsense()),
    _raw("trailer-folded", b"5\r\nhello\r\n0\r\nA: 1\r\n 2\r\n\r\n", nonsense()),
    _raw("trailer-with-nul", b"5\r\nhello\r\n0\r\nA: \0\r\n\r\n", nonsense()),
    _raw("trailers-without-end", b"5\r\nhello\r\n0\r\n" + b"A: bbbbbbbb\r\n" * 30_000, nonsense()),
)

_BAD = (
    _raw("size-not-hexadecimal", b"g\r\nhello\r\n" + _END, nonsense()),
    _raw("size-empty", b"\r\nhello\r\n" + _END, nonsense()),
    _raw("size-negative", b"-5\r\nhello\r\n" + _END, nonsense()),
    _raw("size-signed", b"+5\r\nhello\r\n" + _END, nonsense()),
    _raw("size-with-prefix", b"0x5\r\nhello\r\n" + _END, nonsense()),
    _raw("size-with-space-before", b" 5\r\nhello\r\n" + _END, nonsense()),
    _raw("size-with-space-behind", b"5 \r\nhello\r\n" + _END, nonsense()),
    Scenario(
        "chunked-size-of-17-digits",
        ((head("Transfer-Encoding: chunked") + b"F" * 17 + b"\r\nhello\r\n" + _END, Do.CLOSE),),
        nonsense(),
    ),
    _raw("size-of-30-digits", b"F" * 30 + b"\r\nhello\r\n" + _END, nonsense()),
    _raw("size-ended-by-lf", b"5\nhello\r\n" + _END, nonsense()),
    _raw("size-ended-by-cr", b"5\rhello\r\n" + _END, nonsense()),
    _raw("size-too-small", b"3\r\nhello\r\n" + _END, nonsense()),
    _raw("data-ended-by-lf", b"5\r\nhello\n" + _END, nonsense()),
    _raw("data-without-end", b"5\r\nhello" + _END, nonsense()),
    _raw("body-of-nonsense", b"hello, world\r\n", nonsense()),
    _raw("end-behind-spaces", b"5\r\nhello\r\n  0\r\n\r\n", nonsense()),
    _raw("surplus", chunks(b"hello") + b"xyz", connections=2),
    _raw("line-end-behind", chunks(b"hello") + b"\r\n", connections=2),
    _raw(
        "next-answer-behind",
        chunks(b"hello") + head("Content-Length: 4") + b"evil",
        ok(b"hello", 200, ("transfer-encoding", "chunked")),
        connections=2,
    ),
    _raw(
        "over-the-bound",
        chunks(*[b"x" * 4000] * 100),
        too_large(),
        options={"max_response_bytes": 1000},
    ),
    _raw(
        "at-the-bound",
        chunks(*[b"x" * 100] * 10),
        ok(b"x" * 1000),
        options={"max_response_bytes": 1000},
    ),
)

_CUT = (
    _cut("before-the-first", b""),
    _cut("in-a-size", b"5"),
    _cut("behind-a-size", b"5\r\n"),
    _cut("in-data", b"5\r\nhel"),
    _cut("behind-data", b"5\r\nhello"),
    _cut("before-the-end", b"5\r\nhello\r\n"),
    _cut("in-the-end", b"5\r\nhello\r\n0"),
    _cut("before-the-last-line", b"5\r\nhello\r\n0\r\n"),
    _cut("in-a-trailer", b"5\r\nhello\r\n0\r\nA: "),
    _cut("in-a-size-of-4g", b"FFFFFFFF\r\nhello"),
)

_CODINGS = (
    _coded("capitals", "Transfer-Encoding: CHUNKED", first=_HELLO),
    _coded("mixed-case", "transfer-encoding: Chunked", first=_HELLO),
    _coded(
        "spaces-around",
        "Transfer-Encoding:   chunked   ",
        first=ok(b"hello", 200, ("transfer-encoding", "chunked")),
    ),
    _coded("gzip-chunked", "Transfer-Encoding: gzip, chunked"),
    _coded("chunked-gzip", "Transfer-Encoding: chunked, gzip"),
    _coded("gzip", "Transfer-Encoding: gzip"),
    _coded("identity", "Transfer-Encoding: identity"),
    _coded("identity-chunked", "Transfer-Encoding: identity, chunked"),
    _coded("xchunked", "Transfer-Encoding: xchunked"),
    _coded("chunkedx", "Transfer-Encoding: chunkedx"),
    _coded("chunked-twice", "Transfer-Encoding: chunked, chunked"),
    _coded("two-lines", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    _coded("two-lines-identity", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    _coded("parameter", "Transfer-Encoding: chunked;q=1"),
    _coded("comma", "Transfer-Encoding: chunked,"),
    _coded("empty", "Transfer-Encoding:"),
    _coded("quoted", 'Transfer-Encoding: "chunked"'),
    _coded("vertical-tab", "Transfer-Encoding: \x0bchunked"),
    Scenario(
        "transfer-coding-of-http-1.0",
        ((head("Transfer-Encoding: chunked", version="HTTP/1.0") + chunks(b"hello"), Do.CLOSE),),
        nonsense(),
    ),
)

SCENARIOS = (*_GOOD, *_EXTENDED, *_BAD, *_CUT, *_CODINGS)
