"""Bodies framed by a length, by the end of the connection, or by there being none."""

from __future__ import annotations

from .scenario import Ask, Do, Drip, Outcome, Scenario
from .wires import GOOD, answer, broken, chunks, head, nonsense, ok, too_large

__all__ = ["SCENARIOS"]

LONG = bytes(range(256)) * 4096  # 1 MiB
HEAD = Ask("HEAD")


def _answered(name: str, data: bytes, first: Outcome, **fields: object) -> Scenario:
    return Scenario(f"length-{name}", ((data,),), first, **fields)  # type: ignore[arg-type]


def _declared(name: str, value: str, first: Outcome, body: bytes = b"hello") -> Scenario:
    return _answered(f"value-{name}", head(f"Content-Length: {value}") + body, first)


def _interim(name: str, data: bytes, first: Outcome) -> Scenario:
    return Scenario(f"interim-{name}", ((data,),), first)


_HELLO = ok(b"hello")
_FIVE = ok(b"hello", 200, ("content-length", "5"))

_DECLARED = (
    _answered("exact", answer(b"hello"), _HELLO),
    _answered("zero", answer(b""), ok()),
    _answered("one", answer(b"x"), ok(b"x")),
    _answered("64k", answer(LONG[: 1 << 16]), ok(LONG[: 1 << 16])),
    _answered("256k-and-one", answer(LONG[: (1 << 18) + 1]), ok(LONG[: (1 << 18) + 1])),
    _answered("1m", answer(LONG), ok(LONG)),
    _answered("lower-case-name", head("content-length: 5") + b"hello", _HELLO),
    _answered("upper-case-name", head("CONTENT-LENGTH: 5") + b"hello", _HELLO),
    _answered("no-space-after-colon", head("Content-Length:5") + b"hello", _HELLO),
    _answered("over-long-body", answer(b"hello") + b"xyz", _HELLO, connections=2),
    _answered("next-answer-behind", answer(b"hello") + answer(b"evil"), _HELLO, connections=2),
    _answered("line-end-behind", answer(b"hello") + b"\r\n", _HELLO, connections=2),
    Scenario("length-short-body", ((head("Content-Length: 9") + b"half", Do.CLOSE),), broken(2)),
    Scenario("length-no-body", ((head("Content-Length: 9"), Do.CLOSE),), broken(2)),
    Scenario("length-byte-by-byte", ((Drip(answer(b"hello"), 0),),), _HELLO),
    Scenario(
        "length-over-the-bound",
        ((head("Content-Length: 1001"), Do.HOLD),),
        too_large(),
        options={"max_response_bytes": 1000},
    ),
    _answered(
        "at-the-bound",
        answer(LONG[:1000]),
        ok(LONG[:1000]),
        options={"max_response_bytes": 1000},
    ),
)

_VALUES = (
    _declared("leading-zeros", "0005", _HELLO),
    _declared("spaces-around", "   5   ", _FIVE),
    _declared("tabs-around", "\t5\t", _FIVE),
    _declared("plus", "+5", nonsense()),
    _declared("minus", "-5", nonsense()),
    _declared("hexadecimal", "0x5", nonsense()),
    _declared("fraction", "5.0", nonsense()),
    _declared("empty", "", nonsense()),
    _declared("word", "five", nonsense()),
    _declared("two-numbers", "5 5", nonsense()),
    _declared("list-of-equals", "5, 5", nonsense()),
    _declared("list-of-different", "5, 6", nonsense()),
    _declared("underscore", "5_0", nonsense()),
    _declared("arabic-digits", "\xd9\xa5", nonsense()),
    _declared("19-digits", "9" * 19, too_large()),
    _declared("20-digits", "9" * 20, nonsense()),
    _declared("25-digits", "9" * 25, nonsense()),
    _answered("twice-equal", head("Content-Length: 5", "Content-Length: 5") + b"hello", nonsense()),
    _answered(
        "twice-different", head("Content-Length: 5", "Content-Length: 4") + b"hello", nonsense()
    ),
    _answered(
        "before-chunked",
        head("Content-Length: 5", "Transfer-Encoding: chunked") + chunks(b"hello"),
        nonsense(),
    ),
    _answered(
        "behind-chunked",
        head("Transfer-Encoding: chunked", "Content-Length: 5") + chunks(b"hello"),
        nonsense(),
    ),
)

_WITHOUT = (
    _answered("of-head", head("Content-Length: 5"), ok(b"", 200), ask=HEAD),
    _answered("absent-of-head", head("X-A: 1"), ok(b"", 200), ask=HEAD),
    _answered("huge-of-head", head("Content-Length: 999999999999"), ok(b"", 200), ask=HEAD),
    _answered("chunked-of-head", head("Transfer-Encoding: chunked"), ok(b"", 200), ask=HEAD),
    _answered(
        "body-sent-to-head", head("Content-Length: 5") + b"hello", ok(), ask=HEAD, connections=2
    ),
    _answered("of-204", head(status="204 No Content"), ok(b"", 204)),
    _answered("declared-of-204", head("Content-Length: 5", status="204 No Content"), ok(b"", 204)),
    _answered(
        "chunked-of-204",
        head("Transfer-Encoding: chunked", status="204 No Content"),
        ok(b"", 204),
    ),
    _answered(
        "body-sent-with-204",
        head("Content-Length: 5", status="204 No Content") + b"hello",
        ok(b"", 204),
        connections=2,
    ),
    _answered("of-304", head("ETag: x", status="304 Not Modified"), ok(b"", 304)),
    _answered(
        "declared-of-304", head("Content-Length: 5", status="304 Not Modified"), ok(b"", 304)
    ),
    _answered("of-205", head("Content-Length: 0", status="205 Reset Content"), ok(b"", 205)),
    _answered("body-of-205", answer(b"odd", status="205 Reset Content"), ok(b"odd", 205)),
)


def _closing(name: str, data: bytes, first: Outcome, **fields: object) -> Scenario:
    fields = {"connections": 2, **fields}
    return Scenario(f"until-close-{name}", ((data, Do.CLOSE),), first, **fields)  # type: ignore[arg-type]


_UNTIL_CLOSE = (
    _closing("plain", head("X-A: 1") + b"hello", _HELLO),
    _closing("empty", head("X-A: 1"), ok()),
    _closing("no-headers", head() + b"hello", ok(b"hello")),
    _closing("announced", head("Connection: close") + b"hello", _HELLO),
    _closing("denied", head("Connection: keep-alive") + b"hello", _HELLO),
    _closing("1m", head("X-A: 1") + LONG, ok(LONG)),
    _closing("like-chunks", head("X-A: 1") + chunks(b"a"), ok(chunks(b"a"))),
    _closing(
        "over-the-bound",
        head("X-A: 1") + LONG[:1001],
        too_large(),
        options={"max_response_bytes": 1000},
    ),
    Scenario(
        "until-close-reset", ((head("X-A: 1") + b"half", Do.RESET),), broken(2), connections=2
    ),
    Scenario(
        "until-close-byte-by-byte",
        ((Drip(head("X-A: 1") + b"hello", 0), Do.CLOSE),),
        _HELLO,
        connections=2,
    ),
)

_INTERIM = (
    _interim("100", head(status="100 Continue") + GOOD, ok(b"good")),
    _interim("102", head(status="102 Processing") + GOOD, ok(b"good")),
    _interim("103", head("Link: </a>", status="103 Early Hints") + GOOD, ok(b"good")),
    _interim("199", head(status="199 Odd") + GOOD, ok(b"good")),
    _interim("twice", head(status="100 Continue") * 2 + GOOD, ok(b"good")),
    _interim("of-two-kinds", head(status="100 A") + head(status="103 B") + GOOD, ok(b"good")),
    _interim("with-length", head("Content-Length: 3", status="103 A") + GOOD, ok(b"good")),
    _interim("103-30-times", head(status="103 Early Hints") * 30 + GOOD, ok(b"good")),
    _interim("103-500-times", head(status="103 Early Hints") * 500 + GOOD, nonsense()),
    _interim("101", head("Upgrade: x", status="101 Switching Protocols"), nonsense()),
    Scenario("interim-then-close", ((head(status="100 Continue"), Do.CLOSE),), broken(2)),
    Scenario("interim-then-reset", ((head(status="100 Continue"), Do.RESET),), broken(2)),
    Scenario(
        "interim-byte-by-byte", ((Drip(head(status="100 Continue") + GOOD, 0),),), ok(b"good")
    ),
    Scenario(
        "interim-before-chunks",
        ((head(status="100 A") + head("Transfer-Encoding: chunked") + chunks(b"a", b"b"),),),
        ok(b"ab"),
    ),
)

SCENARIOS = (*_DECLARED, *_VALUES, *_WITHOUT, *_UNTIL_CLOSE, *_INTERIM)
