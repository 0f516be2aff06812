"""Peers that are too slow, at every stage; the limit of the attempt ends them all."""

from __future__ import annotations

from typing import Any

from quintet import Backoff, RetryPolicy

from .scenario import Ask, Do, Drip, Outcome, Scenario
from .wires import GOOD, answer, chunks, head, late, ok, refused

__all__ = ["SCENARIOS"]

SECONDS = 0.3
_LONG = b"x" * 8_000_000


def _slow(name: str, *script: Any, first: Outcome, **fields: Any) -> Scenario:
    options = {"timeout": SECONDS, **fields.pop("options", {})}
    return Scenario(
        f"slow-{name}",
        fields.pop("turns", (script,)),
        first,
        None,
        calls=1,
        connections=fields.pop("connections", 1),
        options=options,
        slow=True,
        **fields,
    )


def _silent(name: str, data: bytes, first: Outcome, **fields: Any) -> Scenario:
    """Fall silent behind some bytes."""
    return _slow(f"silence-{name}", data, Do.HOLD, first=first, **fields)


_CHUNKS = head("Transfer-Encoding: chunked")

_SILENCES = (
    _silent("behind-the-request", b"", late("read", 1)),
    _silent("in-the-status-line", b"HTTP/1.1 2", late("read", 2)),
    _silent("in-the-headers", b"HTTP/1.1 200 OK\r\nX-A: ", late("read", 2)),
    _silent("before-the-end-of-the-head", b"HTTP/1.1 200 OK\r\nX-A: 1\r\n", late("read", 2)),
    _silent("behind-the-head", head("Content-Length: 9"), late("read", 2)),
    _silent("in-the-body", head("Content-Length: 9") + b"half", late("read", 2)),
    _silent("in-a-body-until-close", head("X-A: 1") + b"half", late("read", 2)),
    _silent("in-a-chunk-size", _CHUNKS + b"1", late("read", 2)),
    _silent("in-a-chunk", _CHUNKS + b"9\r\nhalf", late("read", 2)),
    _silent("between-chunks", _CHUNKS + b"4\r\nhalf\r\n", late("read", 2)),
    _silent("before-the-last-line", _CHUNKS + b"0\r\n", late("read", 2)),
    _silent("behind-100", head(status="100 Continue"), late("read", 2)),
    _silent("over-tls", b"", late("read", 1), certificate="good"),
    _silent(
        "in-the-body-over-tls",
        head("Content-Length: 9") + b"half",
        late("read", 2),
        certificate="good",
    ),
    _slow(
        "silence-of-a-peer-that-takes-nothing",
        first=late("read", 1),
        greet=((Do.FREEZE,),),
        turns=((GOOD,),),
    ),
    _slow(
        "silence-in-the-tls-handshake",
        first=late("connect", 0),
        greet=((Do.HOLD,),),
        turns=((GOOD,),),
        url="https://@HERE@",
    ),
    _slow(
        "upload-that-is-not-taken",
        first=late("write", 1),
        greet=((Do.FREEZE,),),
        turns=((GOOD,),),
        ask=Ask("POST", lambda: _LONG, operation="never"),
    ),
)

_DRIPS = (
    _slow(
        "drip-of-the-head",
        Drip(head(*[f"X-{n}: 1" for n in range(20)])),
        Do.HOLD,
        first=late("read", 2),
    ),
    _slow(
        "drip-of-the-body",
        head("Content-Length: 90"),
        Drip(b"x" * 90),
        Do.HOLD,
        first=late("read", 2),
    ),
    _slow("drip-of-chunks", _CHUNKS, Drip(chunks(*[b"x"] * 30)), Do.HOLD, first=late("read", 2)),
    _slow("drip-until-close", head("X-A: 1"), Drip(b"x" * 90), Do.HOLD, first=late("read", 2)),
    _slow("drip-of-103", Drip(head(status="103 A") * 8), Do.HOLD, first=late("read", 2)),
    _slow(
        "drip-of-an-extension", _CHUNKS, Drip(b"5;a=" + b"b" * 90), Do.HOLD, first=late("read", 2)
    ),
    _slow(
        "drip-of-an-error",
        head("Content-Length: 90", status="500 No"),
        Drip(b"x" * 90),
        Do.HOLD,
        first=late("read", 2),
    ),
    _slow(
        "drip-in-time",
        Drip(answer(b"good", status="200 OK"), 0.001),
        first=ok(b"good"),
        options={"timeout": 60.0},
    ),
)


def _again(operation: str, first: Outcome, connections: int) -> Scenario:
    retry = RetryPolicy(statuses=frozenset(), backoff=Backoff(0.0, 0.0), max_retries=1)
    return _slow(
        f"silence-then-good-{operation}",
        first=first,
        turns=((Do.HOLD,), (GOOD,)),
        ask=Ask("GET" if operation == "safe" else "POST", operation=operation),
        options={"retry": retry},
        connections=connections,
    )


_AGAIN = (
    _again("safe", ok(b"good", 200, ("content-length", "4"), attempts=2), 2),
    _again("never", late("read", 1), 1),
    _slow(
        "deadline",
        Do.HOLD,
        first=late("deadline", 1),
        options={"timeout": 60.0, "deadline": SECONDS},
    ),
    _slow(
        "deadline-in-the-body",
        head("Content-Length: 9") + b"half",
        Do.HOLD,
        first=late("deadline", 2),
        options={"timeout": 60.0, "deadline": SECONDS},
    ),
    _slow(
        "deadline-before-a-wait",
        answer(b"", "Retry-After: 50", status="503 Busy"),
        first=refused(503),
        options={
            "timeout": 60.0,
            "deadline": SECONDS,
            "retry": RetryPolicy(statuses=frozenset({503}), backoff=Backoff(0.0, 0.0)),
        },
        ask=Ask(any_status=False),
    ),
)

SCENARIOS = (*_SILENCES, *_DRIPS, *_AGAIN)
