"""Connections that end, in order (FIN) or not (RST), at every stage of an exchange."""

from __future__ import annotations

from dataclasses import replace

from .scenario import Answer, Ask, Do, Outcome, Scenario, Script
from .wires import GOOD, answer, broken, chunked, head, ok

__all__ = ["SCENARIOS"]

_HOW = {"closed": Do.CLOSE, "reset": Do.RESET}
_CHUNKS = head("Transfer-Encoding: chunked")
_BEGUN = {
    "in-the-status-line": b"HTTP/1.",
    "behind-the-status-line": b"HTTP/1.1 200 OK\r\n",
    "in-a-header-name": b"HTTP/1.1 200 OK\r\nConte",
    "in-a-header-value": b"HTTP/1.1 200 OK\r\nContent-Length: 1",
    "before-the-end-of-the-head": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n",
    "in-the-end-of-the-head": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r",
    "behind-the-head": head("Content-Length: 9"),
    "in-the-body": head("Content-Length: 9") + b"half",
    "before-the-last-byte": answer(b"whole")[:-1],
    "in-a-long-body": head("Content-Length: 1000000") + b"x" * 400_000,
    "behind-the-head-of-chunks": _CHUNKS,
    "in-a-chunk-size": _CHUNKS + b"1",
    "in-a-chunk": _CHUNKS + b"9\r\nhalf",
    "between-chunks": _CHUNKS + b"4\r\nhalf\r\n",
    "in-the-last-chunk": _CHUNKS + b"4\r\nhalf\r\n0\r\n",
    "in-a-trailer": _CHUNKS + b"4\r\nhalf\r\n0\r\nX-A: ",
    "behind-103": head(status="103 Early Hints"),
    "in-103": b"HTTP/1.1 103 Early Hints\r\nLink: x",
}
_WHOLE = {
    "the-answer": answer(b"whole"),
    "chunks": chunked(b"whole"),
    "no-body": answer(b""),
}
_BODIES = {"the-answer": b"whole", "chunks": b"whole", "no-body": b""}


def _fresh(stage: str, data: bytes, how: str) -> Scenario:
    return Scenario(f"{how}-{stage}", ((data, _HOW[how]),), broken(2))


def _behind(stage: str, how: str) -> Scenario:
    """End a connection whose answer is complete: nothing to notice but a new connection."""
    turns: tuple[Script, ...] = ((_WHOLE[stage], _HOW[how]),)
    return Scenario(f"{how}-behind-{stage}", turns, ok(_BODIES[stage]), connections=2)


def _reused(stage: str, data: bytes, how: str, operation: str, then: Outcome) -> Scenario:
    """Break a connection that has served once already."""
    broken_off: Script = (data, _HOW[how]) if data else (_HOW[how],)
    return Scenario(
        f"reused-{how}-{stage}-{operation}",
        ((GOOD,), broken_off, (GOOD,)),
        ok(b"good"),
        then,
        connections=2 if isinstance(then, Answer) else 1,
        ask=Ask("GET" if operation == "safe" else "POST", operation=operation),
    )


_AGAIN = ok(b"good", 200, ("content-length", "4"), attempts=2)
_LOST = replace(broken(1), attempts=1)

_REUSED = tuple(
    scenario
    for how in _HOW
    for scenario in (
        _reused("before-any-byte", b"", how, "safe", _AGAIN),
        _reused("before-any-byte", b"", how, "idempotent", _AGAIN),
        _reused("before-any-byte", b"", how, "never", _LOST),
        _reused("in-the-status-line", b"HTTP/1.", how, "safe", broken(2)),
        _reused("in-the-status-line", b"HTTP/1.", how, "never", broken(2)),
        _reused("in-a-header", b"HTTP/1.1 200 OK\r\nX", how, "safe", broken(2)),
        _reused("in-the-body", head("Content-Length: 9") + b"half", how, "safe", broken(2)),
        _reused("in-the-body", head("Content-Length: 9") + b"half", how, "never", broken(2)),
        _reused("in-a-chunk", _CHUNKS + b"9\r\nhalf", how, "safe", broken(2)),
    )
)

_FRESH = (
    *(_fresh(stage, data, how) for stage, data in _BEGUN.items() for how in _HOW),
    *(_behind(stage, how) for stage in _WHOLE for how in _HOW),
    Scenario("closed-before-any-byte", ((Do.CLOSE,),), broken(1)),
    Scenario("reset-before-any-byte", ((Do.RESET,),), broken(1)),
    Scenario(
        "closed-before-any-byte-of-a-write",
        ((Do.CLOSE,),),
        broken(1),
        ask=Ask("POST", operation="never"),
    ),
    Scenario("closed-at-once", ((GOOD,),), broken(1), greet=((Do.BYTES, Do.CLOSE),)),
    Scenario("reset-at-once", ((GOOD,),), broken(1), greet=((Do.BYTES, Do.RESET),)),
    Scenario("half-closed-before-any-byte", ((Do.SHUT, Do.HOLD),), broken(1)),
    Scenario(
        "half-closed-in-the-body",
        ((head("Content-Length: 9") + b"half", Do.SHUT, Do.HOLD),),
        broken(2),
    ),
    Scenario(
        "half-closed-behind-the-answer", ((GOOD, Do.SHUT, Do.FREEZE),), ok(b"good"), connections=2
    ),
    Scenario(
        "half-closed-until-close",
        ((head("X-A: 1") + b"all", Do.SHUT, Do.FREEZE),),
        ok(b"all"),
        connections=2,
    ),
)

SCENARIOS = (*_FRESH, *_REUSED)
