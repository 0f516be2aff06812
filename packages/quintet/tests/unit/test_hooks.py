"""Hooks see one record per attempt and can do no harm."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from quintet.errors import ConnectionFailure
from quintet.hooks import Attempt
from quintet.testing import reply

from .rig import BASE, GET, Bench


def test_hook_sees_each_attempt_once_with_its_facts() -> None:
    bench = Bench(
        ConnectionFailure("down", progress=0),
        reply(503, headers={"X-Request-Id": "a"}),
        reply(200, headers={"X-Request-Id": "b"}),
    )
    bench.call(query={"token": "hunter2"})
    common = {
        "service": "unit",
        "operation": "things.get",
        "method": "GET",
        "url": f"{BASE}/thing",
        "elapsed": 0.0,
    }
    assert [dataclasses.asdict(seen) for seen in bench.seen] == [
        common
        | {
            "number": 1,
            "status": 0,
            "error": "ConnectionFailure",
            "reason": "down",
            "progress": 0,
            "retry_in": 0.5,
            "request_id": None,
        },
        common
        | {
            "number": 2,
            "status": 503,
            "error": None,
            "reason": None,
            "progress": 2,
            "retry_in": 1.0,
            "request_id": "a",
        },
        common
        | {
            "number": 3,
            "status": 200,
            "error": None,
            "reason": None,
            "progress": 2,
            "retry_in": None,
            "request_id": "b",
        },
    ]


def test_record_is_frozen() -> None:
    bench = Bench(reply())
    bench.call()
    with pytest.raises(AttributeError):
        bench.seen[0].status = 0


def test_hook_that_raises_is_logged_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    def broken(attempt: Attempt) -> None:
        raise RuntimeError("metrics are down")

    seen: list[Attempt] = []
    bench = Bench(reply())
    object.__setattr__(bench.client.options, "hooks", (broken, seen.append))
    assert bench.call().status == 200
    assert len(seen) == 1
    assert "a hook of the unit client raised" in caplog.text
    assert "metrics are down" in caplog.text


def test_attempts_are_logged_at_debug_level_only(caplog: pytest.LogCaptureFixture) -> None:
    Bench(reply()).call()
    assert caplog.text == ""
    caplog.set_level(logging.DEBUG, logger="quintet")
    Bench(ConnectionFailure("down"), reply(200, headers={"X-Request-Id": "r"})).call()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        f"unit GET {BASE}/thing -> ConnectionFailure (down) in 0.0 ms "
        "(attempt 1, request id -, again in 0.500 s)",
        f"unit GET {BASE}/thing -> 200 in 0.0 ms (attempt 2, request id r)",
    ]


def test_client_without_hooks_makes_no_records() -> None:
    bench = Bench(reply())
    object.__setattr__(bench.client.options, "hooks", ())
    assert bench.client._observer(GET) is None
    bench.call()
    assert bench.seen == []
