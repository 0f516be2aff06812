"""What becomes of a connection behind its answer, counted at the peer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .scenario import Ask, Do, Outcome, Scenario, Script
from .wires import GOOD, answer, broken, chunked, chunks, head, ok, refused, too_large

__all__ = ["SCENARIOS"]

_GOOD = ok(b"good")


def _kept(name: str, data: bytes, first: Outcome = _GOOD, **fields: object) -> Scenario:
    return Scenario(f"kept-{name}", ((data,),), first, **{"connections": 1, **fields})  # type: ignore[arg-type]


def _dropped(name: str, *steps: object, first: Outcome = _GOOD, **fields: object) -> Scenario:
    script: Script = steps  # type: ignore[assignment]
    return Scenario(f"dropped-{name}", (script,), first, **{"connections": 2, **fields})  # type: ignore[arg-type]


def _announced(name: str, *lines: str, kept: bool) -> Scenario:
    make = _kept if kept else _dropped
    return make(f"connection-{name}", answer(b"good", *lines))


_KEPT = (
    _kept("over-five-calls", GOOD, calls=5),
    _kept("behind-head", answer(b""), ok(), ask=Ask("HEAD")),
    _kept("behind-head-with-length", head("Content-Length: 7"), ok(), ask=Ask("HEAD")),
    _kept("behind-204", head(status="204 No Content"), ok(b"", 204)),
    _kept("behind-304", head("ETag: x", status="304 Not Modified"), ok(b"", 304)),
    _kept("behind-chunks", chunked(b"good")),
    _kept("behind-trailers", chunked(b"good", end=b"0\r\nA: b\r\n\r\n")),
    _kept(
        "behind-an-error",
        answer(b"no", status="404 No"),
        refused(404, b"no"),
        ask=Ask(any_status=False),
    ),
    _kept("behind-103", head(status="103 Early Hints") + GOOD),
    _kept("behind-a-write", GOOD, ask=Ask("POST", body=lambda: b"x", operation="never")),
    _kept("behind-1m", answer(b"x" * (1 << 20)), ok(b"x" * (1 << 20))),
    Scenario(
        "kept-between-kinds",
        ((GOOD,), (chunked(b"good"),)),
        _GOOD,
        ok(b"good"),
        connections=1,
    ),
)


def _old(*lines: str) -> bytes:
    return head(*lines, version="HTTP/1.0") + b"good"


_OF_OLD = replace(_GOOD, version="HTTP/1.0")

_ANNOUNCED = (
    _announced("keep-alive", "Connection: keep-alive", kept=True),
    _announced("keep-alive-in-capitals", "CONNECTION: KEEP-ALIVE", kept=True),
    _announced("upgrade", "Connection: upgrade", "Upgrade: h2c", kept=True),
    _announced("empty", "Connection:", kept=True),
    _announced("other-word", "Connection: closed", kept=True),
    _announced("timeout", "Keep-Alive: timeout=5, max=100", kept=True),
    _announced("of-proxies", "Proxy-Connection: close", kept=True),
    _announced("close", "Connection: close", kept=False),
    _announced("close-in-capitals", "CONNECTION: CLOSE", kept=False),
    _announced("close-in-a-list", "Connection: x-hop, close", kept=False),
    _announced("close-and-keep-alive", "Connection: keep-alive, close", kept=False),
    _announced("close-in-a-second-line", "Connection: x-hop", "Connection: close", kept=False),
    _announced("close-with-spaces", "Connection:  , close ,", kept=False),
    _dropped("old-version", _old("Content-Length: 4"), first=_OF_OLD),
    _dropped("until-close", head("X-A: 1") + b"good", Do.CLOSE),
    _dropped("close-of-head", head("Connection: close"), first=ok(), ask=Ask("HEAD")),
    _dropped("close-of-204", head("Connection: close", status="204 No"), first=ok(b"", 204)),
    _dropped("close-of-chunks", chunked(b"good", lines=("Connection: close",))),
    _kept(
        "old-version-with-keep-alive", _old("Connection: keep-alive", "Content-Length: 4"), _OF_OLD
    ),
    _dropped(
        "old-version-with-both",
        _old("Connection: keep-alive, close", "Content-Length: 4"),
        first=_OF_OLD,
    ),
    _dropped("old-version-until-close", _old("X-A: 1"), Do.CLOSE, first=_OF_OLD),
    _dropped(
        "old-version-with-keep-alive-until-close",
        _old("Connection: keep-alive"),
        Do.CLOSE,
        first=_OF_OLD,
    ),
)

_LENGTH = ("content-length", "4")
_PLAIN = ok(b"good", 200, _LENGTH)


def _late(name: str, *steps: Any, first: Outcome = _PLAIN, **fields: Any) -> Scenario:
    """Send something that nobody asked for, on a connection that rests."""
    good = head("Content-Length: 4") if "ask" in fields else GOOD
    return _dropped(f"behind-a-late-{name}", good, Do.ANSWERED, *steps, first=first, **fields)


_SURPLUS = (
    _dropped("behind-surplus", GOOD + b"x"),
    _dropped(
        "behind-another-answer",
        GOOD + answer(b"evil"),
        first=ok(b"good", 200, ("content-length", "4")),
    ),
    _late("answer", answer(b"evil")),
    _late("408", answer(b"", status="408 Request Timeout"), Do.CLOSE),
    _dropped(
        "behind-surplus-of-head", head("Content-Length: 4") + b"good", first=ok(), ask=Ask("HEAD")
    ),
    _dropped("behind-surplus-of-204", head(status="204 No") + b"x", first=ok(b"", 204)),
    _dropped("behind-surplus-of-304", head(status="304 No") + b"x", first=ok(b"", 304)),
    _dropped(
        "behind-surplus-of-chunks", head("Transfer-Encoding: chunked") + chunks(b"good") + b"x"
    ),
    _late("line-end", b"\r\n"),
    _late("100", head(status="100 Continue")),
    _dropped(
        "behind-surplus-with-close",
        answer(b"good", "Connection: close") + b"x",
    ),
    _late("answer-that-closes", answer(b"evil", "Connection: close"), Do.SHUT, Do.FREEZE),
    _late("answer-to-head", answer(b"evil"), ask=Ask("HEAD"), first=ok(b"", 200, _LENGTH)),
    _late("error", answer(b"evil", status="500 No")),
    _late("nonsense", b"nonsense\r\n\r\n"),
    _late("byte", b"H"),
    _late("nul", b"\0"),
    _late("interim", head(status="103 Early Hints")),
    _late("end", Do.SHUT, Do.FREEZE),
)

_UNREAD = (
    Scenario(
        "unread-declared",
        ((head("Content-Length: 400000") + b"x" * 400_000,),),
        too_large(),
        options={"max_response_bytes": 1000},
        connections=2,
    ),
    Scenario(
        "unread-chunks",
        ((chunked(*[b"x" * 4000] * 100),),),
        too_large(),
        options={"max_response_bytes": 1000},
        connections=2,
    ),
    Scenario(
        "unread-never-ending",
        ((head("X-A: 1") + b"x" * 500_000, Do.HOLD),),
        too_large(),
        options={"max_response_bytes": 1000},
        connections=2,
    ),
    Scenario(
        "unread-then-good",
        ((head("Content-Length: 400000") + b"x" * 400_000,), (GOOD,)),
        too_large(),
        ok(b"good"),
        options={"max_response_bytes": 1000},
        connections=2,
    ),
    Scenario(
        "broken-then-good",
        ((head("Content-Length: 9") + b"half", Do.CLOSE), (GOOD,)),
        broken(2),
        ok(b"good"),
        connections=2,
    ),
    Scenario(
        "idle-closed-then-good",
        ((GOOD, Do.CLOSE), (GOOD,)),
        _GOOD,
        ok(b"good"),
        connections=2,
        ask=Ask("POST", operation="never"),
    ),
    Scenario(
        "idle-reset-then-good",
        ((GOOD, Do.RESET), (GOOD,)),
        _GOOD,
        ok(b"good"),
        connections=2,
        ask=Ask("POST", operation="never"),
    ),
)

SCENARIOS = (*_KEPT, *_ANNOUNCED, *_SURPLUS, *_UNREAD)
