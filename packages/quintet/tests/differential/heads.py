"""Status lines and header lines: the odd, the wrong, the large."""

from __future__ import annotations

from dataclasses import replace

from quintet.transport.http11 import MAX_HEAD_BYTES

from .scenario import Do, Drip, Outcome, Scenario
from .wires import GOOD, answer, broken, head, head_too_large, nonsense, ok

__all__ = ["SCENARIOS"]

_LENGTH = ("content-length", "4")
_GOOD = ok(b"good")
_REFUSED = nonsense()
_REST = b"Content-Length: 4\r\n\r\ngood"


def _first_line(name: str, line: bytes, first: Outcome = _REFUSED) -> Scenario:
    return Scenario(f"status-line-{name}", ((line + b"\r\n" + _REST,),), first)


def _line(name: str, line: bytes, *seen: tuple[str, str], first: Outcome | None = None) -> Scenario:
    """Send a header line before the length; without ``seen`` it must be refused."""
    data = b"HTTP/1.1 200 OK\r\n" + line + b"\r\n" + _REST
    expected = ok(b"good", 200, *seen, _LENGTH) if seen else nonsense()
    return Scenario(f"header-{name}", ((data,),), first or expected)


def _garbage(name: str, data: bytes) -> Scenario:
    return Scenario(f"garbage-{name}", ((data, Do.CLOSE),), nonsense())


_FIRST_LINES = (
    _first_line("without-reason", b"HTTP/1.1 200", _GOOD),
    _first_line("with-empty-reason", b"HTTP/1.1 200 ", _GOOD),
    _first_line("with-long-reason", b"HTTP/1.1 200 " + b"very " * 200 + b"OK", _GOOD),
    _first_line("with-latin-reason", b"HTTP/1.1 200 d\xe9j\xe0 vu", _GOOD),
    _first_line("with-tab-in-reason", b"HTTP/1.1 200 O\tK", _GOOD),
    _first_line("with-nul-in-reason", b"HTTP/1.1 200 O\0K"),
    _first_line("with-cr-in-reason", b"HTTP/1.1 200 O\rK"),
    _first_line("version-1.2", b"HTTP/1.2 200 OK"),
    _first_line("version-1.9", b"HTTP/1.9 200 OK"),
    _first_line("version-2", b"HTTP/2 200 OK"),
    _first_line("version-2.0", b"HTTP/2.0 200 OK"),
    _first_line("version-0.9", b"HTTP/0.9 200 OK"),
    _first_line("version-11", b"HTTP/11 200 OK"),
    _first_line("version-1.10", b"HTTP/1.10 200 OK"),
    _first_line("version-without-number", b"HTTP 200 OK"),
    _first_line("lower-case", b"http/1.1 200 OK"),
    _first_line("other-protocol", b"HTTPS/1.1 200 OK"),
    _first_line("other-name", b"ICY 200 OK"),
    _first_line("two-digits", b"HTTP/1.1 20 OK"),
    _first_line("four-digits", b"HTTP/1.1 2000 OK"),
    _first_line("letters", b"HTTP/1.1 abc OK"),
    _first_line("status-000", b"HTTP/1.1 000 Odd"),
    _first_line("status-099", b"HTTP/1.1 099 Odd"),
    _first_line("signed-status", b"HTTP/1.1 +20 OK"),
    _first_line("no-status", b"HTTP/1.1"),
    _first_line("two-spaces", b"HTTP/1.1  200 OK"),
    _first_line("tab", b"HTTP/1.1\t200 OK"),
    _first_line("space-in-front", b" HTTP/1.1 200 OK"),
    _first_line("empty-line-in-front", b"\r\nHTTP/1.1 200 OK"),
    _first_line("many-empty-lines-in-front", b"\r\n\r\n\r\nHTTP/1.1 200 OK"),
    _first_line("is-a-request", b"GET / HTTP/1.1"),
)

_GARBAGE = (
    _garbage("words", b"nonsense\r\n\r\n"),
    _garbage("zeros", b"\0" * 40),
    _garbage("ssh", b"SSH-2.0-OpenSSH_9.6\r\n"),
    _garbage("smtp", b"220 mail.example ESMTP\r\n"),
    _garbage("page", b"<html><body>hello</body></html>\r\n\r\n"),
    _garbage("json", b'{"error": "no"}\r\n\r\n'),
    _garbage("tls", b"\x15\x03\x01\x00\x02\x02\x46"),
    _garbage("http2-settings", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
)

_LINES = (
    _line("plain", b"X-A: 1", ("x-a", "1")),
    _line("without-space", b"X-A:1", ("x-a", "1")),
    _line("with-spaces-around", b"X-A:   1   ", ("x-a", "1")),
    _line("with-tabs-around", b"X-A:\t1\t", ("x-a", "1")),
    _line("with-tab-inside", b"X-A: 1\t2", ("x-a", "1\t2")),
    _line("with-empty-value", b"X-A:", ("x-a", "")),
    _line("with-spaces-only", b"X-A:    ", ("x-a", "")),
    _line("with-colons", b"X-A: a:b::c", ("x-a", "a:b::c")),
    _line("with-latin-value", b"X-A: caf\xe9", ("x-a", "caf\xe9")),
    _line("with-utf-8-value", "X-A: 日本".encode(), ("x-a", "日本".encode().decode("latin-1"))),
    _line("with-quotes", b'X-A: "a, b"', ("x-a", '"a, b"')),
    _line("with-odd-name", b"!#$%&'*+-.^_`|~: 1", ("!#$%&'*+-.^_`|~", "1")),
    _line("of-digits", b"123: 1", ("123", "1")),
    _line("duplicated", b"X-A: 1\r\nX-A: 2", ("x-a", "1"), ("x-a", "2")),
    _line("duplicated-apart", b"X-A: 1\r\nY: 0\r\nx-a: 2", ("x-a", "1"), ("y", "0"), ("x-a", "2")),
    _line(
        "of-two-cookies",
        b"Set-Cookie: a=1\r\nSet-Cookie: b=2",
        *[("set-cookie", "a=1"), ("set-cookie", "b=2")],
    ),
    _line("of-8k", b"X-A: " + b"x" * 8000, ("x-a", "x" * 8000)),
    _line("of-60k", b"X-A: " + b"x" * 60_000, ("x-a", "x" * 60_000)),
    replace(
        _line("case", b"X-CaSe: VaLue", ("X-CaSe", "VaLue")), exact_names=True, first=ok(b"good")
    ),
    _line("without-colon", b"nonsense"),
    _line("without-name", b": 1"),
    _line("with-space-before-colon", b"X-A : 1"),
    _line("with-tab-before-colon", b"X-A\t: 1"),
    _line("with-space-in-name", b"X A: 1"),
    _line("with-space-in-front", b" X-A: 1"),
    _line("with-parenthesis-in-name", b"X(A): 1"),
    _line("with-at-sign-in-name", b"X@A: 1"),
    _line("with-quote-in-name", b'X"A: 1'),
    _line("with-slash-in-name", b"X/A: 1"),
    _line("with-latin-name", b"X\xe9: 1"),
    _line("with-nul-in-name", b"X\0A: 1"),
    _line("folded-by-space", b"X-A: 1\r\n 2"),
    _line("folded-by-tab", b"X-A: 1\r\n\t2"),
    _line("folded-at-once", b"X-A:\r\n 1"),
    _line("with-bare-cr", b"X-A: 1\r2"),
    _line("with-bare-cr-at-the-end", b"X-A: 1\r"),
    _line("with-bare-lf", b"X-A: 1\nX-B: 2"),
    _line("with-nul", b"X-A: 1\x002"),
    _line("with-control-character", b"X-A: 1\x012"),
    _line("with-escape", b"X-A: \x1b[31m"),
    _line("with-delete", b"X-A: 1\x7f2"),
    _line("with-form-feed", b"X-A: 1\x0c2"),
)


def _many(count: int, size: int = 1) -> bytes:
    return answer(b"good", *[f"X-{number}: {'y' * size}" for number in range(count)])


def _sized(size: int) -> bytes:
    """Return an answer whose head has so many bytes.

    The libraries look at what is incomplete after each read, of 64 KiB at most and often less: a
    head between one byte more than their bound and those 64 KiB more may pass or not.
    """
    rest = size - len(head("Content-Length: 4", "X-A: "))
    return answer(b"good", f"X-A: {'y' * rest}")


_LARGE = (
    Scenario("head-of-100-lines", ((_many(100),),), _GOOD),
    Scenario("head-of-250-lines", ((_many(250),),), _GOOD),
    Scenario("head-of-300-lines", ((_many(300),),), head_too_large("max_header_lines")),
    Scenario("head-of-90k", ((_many(90, 1000),),), _GOOD),
    Scenario("head-of-100k", ((_sized(MAX_HEAD_BYTES),),), _GOOD),
    Scenario("head-of-one-byte-over-100k", ((_sized(MAX_HEAD_BYTES + 1),),), head_too_large()),
    Scenario("head-of-one-line-of-300k", ((_many(1, 300_000),),), head_too_large()),
    Scenario("head-of-1m", ((_many(200, 5000),),), head_too_large()),
    Scenario(
        "head-without-end",
        ((b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"y" * 200_000, Do.HOLD),),
        head_too_large(),
    ),
    Scenario("head-of-2000-lines", ((_many(2000),),), head_too_large("max_header_lines")),
    Scenario(
        "head-of-reason-without-end",
        ((b"HTTP/1.1 200 " + b"y" * 200_000, Do.HOLD),),
        head_too_large(),
    ),
    Scenario("head-ended-by-lf", ((GOOD.replace(b"\r\n", b"\n"),),), nonsense()),
    Scenario("head-ended-by-cr", ((GOOD.replace(b"\r\n", b"\r"), Do.CLOSE),), nonsense()),
    Scenario(
        "head-with-first-line-ended-by-lf",
        ((b"HTTP/1.1 200 OK\nContent-Length: 4\r\n\r\ngood",),),
        nonsense(),
    ),
    Scenario(
        "head-with-last-line-ended-by-lf",
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\ngood",),),
        nonsense(),
    ),
    Scenario("head-byte-by-byte", ((Drip(_many(20), 0),),), _GOOD),
    Scenario("head-byte-by-byte-wrong", ((Drip(head("nonsense"), 0), Do.CLOSE),), nonsense()),
    Scenario("head-cut", ((b"HTTP/1.1 200 OK\r\nX-A: 1\r\n", Do.CLOSE),), broken(2)),
)

SCENARIOS = (*_FIRST_LINES, *_GARBAGE, *_LINES, *_LARGE)
