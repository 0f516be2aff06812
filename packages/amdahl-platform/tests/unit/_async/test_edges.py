"""Answers and options at the edges: late, long, oddly typed, or another thread's."""

from __future__ import annotations

from typing import Any

import pytest

from amdahl import (
    AsyncAmdahlClient,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    WaitTimeoutError,
)
from amdahl._async.calls import AsyncCalls
from amdahl._async.data import AsyncData
from quintet.testing import FakeClock

from .rig import KEY, client, ok, page_of, question, run


class Overtaken(AsyncCalls):
    """Another thread's answer is always the one that came last."""

    other: Any = None
    last = property(lambda self: self.other, lambda self, value: None)


async def test_answer_another_thread_came_last_is_ones_own() -> None:
    c, _ = client(ok({"rows": [{"a": 1}]}))
    calls = c._calls
    theirs = Overtaken(calls.api, calls.clock, calls.extra)
    assert (await AsyncData(theirs).query("SELECT 1 AS a")).rows == [{"a": 1}]


async def test_hidden_error_behind_long_details_raises() -> None:
    error = {"code": "not_found", "message": "no", "details": {"text": "y" * 5000}}
    c, _ = client(ok({"error": error, "success": False}))
    with pytest.raises(NotFoundError):
        await c.get("/pages")


async def test_pager_cursor_is_a_number_goes_on() -> None:
    c, transport = client(
        page_of([{"id": "a"}], next_cursor=0), page_of([{"id": "b"}], next_cursor=None)
    )
    assert [page["id"] async for page in c.pages.iter()] == ["a", "b"]
    assert "cursor=0" in transport.requests[1].url


async def test_list_runs_time_range_is_sent() -> None:
    c, transport = client(page_of([]))
    await c.agents.list_runs(created_at_gte="2026-01-01T00:00:00Z", created_at_lte="2026-02-01")
    assert "created_at_gte=" in transport.requests[0].url
    assert "created_at_lte=2026-02-01" in transport.requests[0].url


async def test_wait_answer_takes_all_the_time_names_the_run() -> None:
    c, _ = client(ok(run("awaiting_input", pending_input=question())), max_retries=0)
    clock = c._calls.clock
    assert isinstance(clock, FakeClock)

    def late(asked: Any) -> dict[str, Any]:
        clock.advance(11)
        return {"approved": True}

    with pytest.raises(WaitTimeoutError) as caught:
        await c.agents.wait("as_1", timeout=10, on_input=late)
    assert caught.value.session_id == "as_1"


@pytest.mark.parametrize("wrong", [{"base_url": "http://["}, {"headers": 5}])
def test_client_option_of_the_wrong_kind_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AsyncAmdahlClient(**{"base_url": "http://h", "api_key": KEY, **wrong})


async def test_wait_status_is_missing_says_so() -> None:
    c, _ = client(ok({"session_id": "as_1"}))
    with pytest.raises(DecodeError):
        await c.agents.wait("as_1")
