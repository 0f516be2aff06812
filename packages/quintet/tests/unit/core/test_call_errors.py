"""Errors of a call, as callers see them."""

from __future__ import annotations

from typing import Any

import pytest

from quintet import (
    Operation,
    RedirectPolicy,
    RetryClass,
    Service,
)
from quintet.core.response import Response
from quintet.errors import (
    ClientClosedError,
    ConnectionFailure,
    LimitExceeded,
    MisuseError,
    ProtocolFailure,
    QuintetError,
    TimeoutFailure,
)
from quintet.testing import reply

from ..rig import BASE, Bench

OK = reply(200, json={"ok": True})


def down(progress: int = 0, **fields: Any) -> ConnectionFailure:
    return ConnectionFailure("down", progress=progress, **fields)


@pytest.mark.parametrize(
    "step",
    [
        down(),
        TimeoutFailure("late"),
        ProtocolFailure("odd"),
        LimitExceeded("head", bound="max_head_bytes"),
        ClientClosedError("closed"),
        reply(200, body=b"x" * 2000),
        reply(302, headers={"Location": "http://api.example/insecure"}),
    ],
)
def test_every_error_but_status_errors_goes_through_adopt(step: Any) -> None:
    class OwnError(QuintetError):
        pass

    def adopt(error: QuintetError) -> QuintetError:
        return OwnError(f"own: {error.message}", attempts=error.attempts)

    service = Service(name="x", user_agent="x", adopt=adopt)
    bench = Bench(
        step,
        service=service,
        max_retries=0,
        max_response_bytes=1000,
        redirects=RedirectPolicy(follow=True),
    )
    with pytest.raises(OwnError, match="own: GET https"):
        bench.call()


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": -1},
        {"deadline": float("nan")},
        {"max_retries": -1},
        {"idempotency_key": "bad key\n"},
        {"request_id": ""},
        {"headers": {"X": "a\r\nb"}},
        {"path": {"id": ".."}},
        {"json": {1, 2}},
    ],
)
def test_misuse_goes_through_adopt_and_sends_nothing(options: Any) -> None:
    class OwnError(QuintetError):
        pass

    service = Service(name="x", user_agent="x", adopt=lambda error: OwnError(error.message))
    bench = Bench(service=service)
    operation = Operation("x", "POST", "/x/{id}" if "path" in options else "/x", RetryClass.KEYED)
    with pytest.raises(OwnError) as caught:
        bench.call(operation, **options)
    assert isinstance(caught.value.__context__, (MisuseError, ValueError))
    assert bench.transport.requests == []


def test_cause_of_a_failure_is_kept() -> None:
    failure = down()
    failure.__cause__ = OSError("why")
    with pytest.raises(ConnectionFailure) as caught:
        Bench(failure, max_retries=0).call()
    assert isinstance(caught.value.__cause__, OSError)


def test_message_names_method_and_path_but_no_query() -> None:
    with pytest.raises(ConnectionFailure) as caught:
        Bench(down(), max_retries=0).call(query={"token": "hunter2"})
    assert str(caught.value) == f"GET {BASE}/thing: down"
    assert caught.value.args == (str(caught.value),)


def test_service_may_say_in_the_body_how_long_to_wait() -> None:
    def hint(response: Response, now: float) -> float | None:
        return float(response.json()["wait"])

    bench = Bench(
        reply(429, json={"wait": 7}), OK, service=Service("unit", "unit/1", retry_after=hint)
    )
    assert bench.call().status == 200
    assert bench.sleeps == [7.0]
