"""Statuses of every class, and what the runtime makes of them."""

from __future__ import annotations

from dataclasses import replace

from quintet import Backoff, RetryPolicy

from .scenario import Answer, Ask, Do, Drip, Outcome, Scenario
from .wires import GOOD, answer, broken, head, nonsense, ok, refused

__all__ = ["SCENARIOS"]

_STATUSES = (
    *(200, 201, 202, 203, 206, 207, 226, 299),
    *(300, 301, 302, 303, 305, 306, 307, 308, 399),
    *(400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 411, 412, 413, 415, 416, 417, 418, 421),
    *(422, 425, 426, 429, 431, 451, 499),
    *(500, 501, 502, 503, 504, 505, 511, 599, 600, 999),
)
_PLAIN = Ask(any_status=False)


def _status(status: int) -> Scenario:
    wire = answer(b"body", status=f"{status} Such")
    return Scenario(f"status-{status}", ((wire,),), ok(b"body", status))


def _refused(status: int, *lines: str) -> Scenario:
    wire = answer(b'{"error":"no"}', *lines, status=f"{status} No")
    first = refused(status, b'{"error":"no"}')
    return Scenario(f"status-{status}-refused", ((wire,),), first, ask=_PLAIN)


def _retried(
    name: str,
    *wires: bytes,
    first: Outcome,
    operation: str = "safe",
    then: Outcome | None = None,
    **policy: object,
) -> Scenario:
    retry = RetryPolicy(
        statuses=frozenset({429, 502, 503}),
        backoff=Backoff(0.0, 0.0),
        **{"max_retries": 2, **policy},  # type: ignore[arg-type]
    )
    method = "GET" if operation == "safe" else "POST"
    return Scenario(
        f"retry-{name}",
        tuple((wire,) for wire in wires),
        first,
        then,
        ask=Ask(method, any_status=False, operation=operation),
        options={"retry": retry},
        calls=1,
        looks=(),
        requests=(f"{method} /thing",) * first.attempts,
    )


def _after(answered: Answer, attempts: int, **lines: str) -> Answer:
    pairs = tuple((name.replace("_", "-"), value) for name, value in lines.items())
    return replace(answered, attempts=attempts, headers=pairs)


_503 = answer(b"", status="503 Busy")
_429 = answer(b"", "Retry-After: 0", status="429 Slow down")
_GOOD = _after(ok(b"good"), 2, content_length="4")

_RETRIES = (
    _retried("of-503", _503, GOOD, first=_GOOD),
    _retried("of-503-twice", _503, _503, GOOD, first=replace(_GOOD, attempts=3)),
    _retried("of-503-for-ever", _503, first=refused(503, attempts=3)),
    _retried("of-429-with-time", _429, GOOD, first=_GOOD),
    _retried("of-429-that-may-not-be-repeated", _429, GOOD, first=_GOOD, operation="never"),
    _retried(
        "of-502-that-may-not-be-repeated",
        answer(b"", status="502 No"),
        first=refused(502),
        operation="never",
    ),
    _retried(
        "of-502-idempotent", answer(b"", status="502 No"), GOOD, first=_GOOD, operation="idempotent"
    ),
    _retried("of-500-not-covered", answer(b"", status="500 No"), first=refused(500)),
    _retried(
        "of-a-time-too-long", answer(b"", "Retry-After: 999", status="429 No"), first=refused(429)
    ),
    _retried(
        "of-a-date-gone-by",
        answer(b"", "Retry-After: Mon, 01 Jan 2001 00:00:00 GMT", status="503 No"),
        GOOD,
        first=_GOOD,
    ),
    _retried(
        "of-an-odd-time", answer(b"", "Retry-After: soon", status="503 No"), GOOD, first=_GOOD
    ),
    _retried("switched-off", _503, first=refused(503), max_retries=0),
    _retried("of-404-never", answer(b"", status="404 No"), first=refused(404)),
    Scenario(
        "retry-of-503-that-closes",
        ((head("Connection: close", "Content-Length: 0", status="503 Busy"), Do.CLOSE), (GOOD,)),
        _GOOD,
        None,
        connections=2,
        ask=_PLAIN,
        calls=1,
        options={"retry": RetryPolicy(statuses=frozenset({503}), backoff=Backoff(0.0, 0.0))},
    ),
    Scenario(
        "retry-of-503-cut",
        ((head("Content-Length: 50", status="503 Busy") + b"part", Do.CLOSE), (GOOD,)),
        _GOOD,
        None,
        connections=2,
        ask=_PLAIN,
        calls=1,
        options={"retry": RetryPolicy(statuses=frozenset({503}), backoff=Backoff(0.0, 0.0))},
    ),
    Scenario(
        "retry-of-nonsense",
        ((b"nonsense\r\n\r\n", Do.CLOSE), (GOOD,)),
        _GOOD,
        None,
        connections=2,
        ask=_PLAIN,
        calls=1,
        options={"retry": RetryPolicy(statuses=frozenset(), backoff=Backoff(0.0, 0.0))},
    ),
    Scenario(
        "retry-of-nonsense-never",
        ((b"nonsense\r\n\r\n", Do.CLOSE), (GOOD,)),
        nonsense(),
        None,
        connections=1,
        ask=Ask("POST", any_status=False, operation="never"),
        calls=1,
        options={"retry": RetryPolicy(statuses=frozenset(), backoff=Backoff(0.0, 0.0))},
    ),
)

_ODD = (
    *(_refused(status) for status in (400, 401, 403, 404, 409, 413, 429, 451, 500, 502, 503, 504)),
    Scenario(
        "status-of-a-body-that-is-cut",
        ((head("Content-Length: 50", status="500 No") + b"part", Do.CLOSE),),
        refused(500, b"part"),
        ask=_PLAIN,
        connections=2,
    ),
    Scenario(
        "status-of-a-body-over-the-bound",
        ((answer(b"x" * 400_000, status="400 No"),),),
        refused(400),
        ask=_PLAIN,
        connections=2,
        options={"max_response_bytes": 1000},
    ),
    Scenario("status-200-byte-by-byte", ((Drip(answer(b"body"), 0),),), ok(b"body"), ask=_PLAIN),
    Scenario("status-200-cut", ((answer(b"body")[:-1], Do.CLOSE),), broken(2), ask=_PLAIN),
    Scenario(
        "status-404-of-head", ((answer(b"", status="404 No"),),), ok(b"", 404), ask=Ask("HEAD")
    ),
    Scenario(
        "status-500-until-close",
        ((head(status="500 No") + b"x", Do.CLOSE),),
        ok(b"x", 500),
        connections=2,
    ),
)

SCENARIOS = (*map(_status, _STATUSES), *_RETRIES, *_ODD)
