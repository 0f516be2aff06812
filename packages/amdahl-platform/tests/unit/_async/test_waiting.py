"""Waiting for a run: when it is looked at, what ends the wait, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from amdahl import (
    AgentCanceledError,
    AgentFailedError,
    AgentInputRequiredError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    ServerError,
    WaitTimeoutError,
)
from quintet.errors import ConnectionFailure, TimeoutFailure
from quintet.testing import FakeClock, reply

from .rig import client, ok, question, refused, run, sent

DOWN = ConnectionFailure("down", progress=0)
RESULT = {"text": "done", "artifact": None, "artifacts": [], "data": None}


async def test_run_is_returned_when_it_is_complete() -> None:
    clock = FakeClock(randoms=[1.0])
    am, transport = client(
        ok(run("queued")), ok(run("running")), ok(run("complete", result=RESULT)), clock=clock
    )
    assert (await am.agents.wait("as_1"))["result"] == RESULT
    assert clock.sleeps == [1.0, 1.5]
    assert sent(transport, 0)[1] == "/agents/as_1/status?wait_ms=21000"


async def test_waits_grow_to_five_seconds_and_are_jittered() -> None:
    clock = FakeClock(randoms=[0.0])
    am, _ = client(*[ok(run("running"))] * 8, ok(run("complete")), clock=clock)
    await am.agents.wait("as_1")
    assert clock.sleeps[:2] == [0.5, 0.75]
    assert clock.sleeps[-1] == 2.5


async def test_looks_that_the_service_holds_follow_each_other_at_once() -> None:
    clock = FakeClock()

    def held(status: str) -> Any:
        def answer(request: Any) -> Any:
            clock.advance(21.0 if status == "running" else 1.0)
            return ok(run(status))

        return answer

    am, transport = client(held("running"), held("running"), held("complete"), clock=clock)
    await am.agents.wait("as_1")
    assert sum(clock.sleeps) == 0
    assert len(transport.requests) == 3


async def test_hold_leaves_time_for_its_answer() -> None:
    am, transport = client(*[ok(run("complete"))] * 4)
    await am.agents.wait("as_1", timeout=11.0)
    await am.agents.wait("as_1", timeout=0.5)
    await am.with_options(timeout=10.0).agents.wait("as_1")
    await am.with_options(timeout=float("inf")).agents.wait("as_1", timeout=None)
    assert [sent(transport, n)[1].partition("?")[2] for n in range(4)] == [
        "wait_ms=10000",
        "",
        "wait_ms=7000",
        "wait_ms=25000",
    ]


async def test_timeout_has_the_run_and_its_state() -> None:
    clock = FakeClock()
    am, _ = client(*[ok(run("running"))] * 99, clock=clock)
    with pytest.raises(
        WaitTimeoutError, match=r"as_1 timed out after 10 s; it is running"
    ) as caught:
        await am.agents.wait("as_1", timeout=10.0)
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.session_id, caught.value.last["status"]) == ("as_1", "running")
    assert clock.monotonic() <= 10.0


async def test_request_under_way_ends_with_the_wait() -> None:
    clock = FakeClock()
    am, transport = client(clock=clock)
    plain = transport.send

    async def send(request: Any, until: float | None, seconds: float | None) -> Any:
        assert until is not None
        clock.advance(until - clock.monotonic())
        transport.add(TimeoutFailure("timed out"))
        return await plain(request, until, seconds)

    transport.send = send  # type: ignore[method-assign]
    with pytest.raises(WaitTimeoutError) as caught:
        await am.agents.wait("as_1", timeout=1.0)
    assert clock.monotonic() <= 1.0
    assert caught.value.last is None


async def test_passing_failures_are_put_up_with_and_lasting_ones_are_not() -> None:
    am, _ = client(*[DOWN] * 9, reply(503), reply(429), ok(run("complete")), max_retries=0)
    assert (await am.agents.wait("as_1"))["status"] == "complete"
    am, transport = client(refused(404, "not_found"))
    with pytest.raises(NotFoundError):
        await am.agents.wait("as_1")
    assert len(transport.requests) == 1
    am, _ = client(*[reply(503)] * 99, max_retries=0)
    with pytest.raises(ServerError):
        await am.agents.wait("as_1", timeout=None)


async def test_lost_runs_are_raised_with_their_own_words() -> None:
    am, _ = client(
        ok(run("failed", error={"code": "interrupted", "message": "Power cut"})),
        ok(run("canceled")),
        ok(run("failed")),
    )
    with pytest.raises(AgentFailedError) as caught:
        await am.agents.wait("as_1")
    assert (caught.value.code, str(caught.value)) == ("interrupted", "[0 interrupted] Power cut")
    assert (caught.value.session_id, (caught.value.run or {})["status"]) == ("as_1", "failed")  # type: ignore[typeddict-item]
    with pytest.raises(AgentCanceledError, match="canceled"):
        await am.agents.wait("as_1")
    assert (await am.agents.wait_settled("as_1"))["status"] == "failed"


async def test_question_ends_the_wait_unless_somebody_answers() -> None:
    asks = ok(run("awaiting_input", pending_input=question()))
    am, _ = client(asks)
    assert (await am.agents.wait("as_1"))["status"] == "awaiting_input"
    am, _ = client(asks)
    assert (await am.agents.wait("as_1", on_input=lambda asked: None))["status"] == "awaiting_input"


async def test_answers_are_sent_and_the_wait_goes_on() -> None:
    seen: list[str] = []

    def answer(asked: Any) -> Mapping[str, Any]:
        seen.append(asked["request_id"])
        return {"approved": True}

    am, transport = client(
        ok(run("awaiting_input", pending_input=question("pi_1"))),
        ok(run("queued"), 202),
        # What was answered may still show for a moment.
        ok(run("awaiting_input", pending_input=question("pi_1"))),
        ok(run("awaiting_input", pending_input=question("pi_2"))),
        ok(run("queued"), 202),
        ok(run("complete", result=RESULT)),
    )
    assert (await am.agents.wait("as_1", on_input=answer))["status"] == "complete"
    assert seen == ["pi_1", "pi_2"]
    assert sent(transport, 1) == (
        "POST",
        "/agents/as_1/resume",
        {"input": {"approved": True}, "request_id": "pi_1"},
    )


async def test_answer_may_be_awaited() -> None:
    async def answer(asked: Any) -> Mapping[str, Any]:
        return {"approved": False}

    am, transport = client(
        ok(run("awaiting_input", pending_input=question())), ok(run("queued")), ok(run("complete"))
    )
    await am.agents.wait("as_1", on_input=answer)
    assert sent(transport, 1)[2]["input"] == {"approved": False}


async def test_answer_that_does_not_fit_is_raised() -> None:
    am, _ = client(
        ok(run("awaiting_input", pending_input=question())), refused(409, "invalid_state")
    )
    with pytest.raises(ConflictError):
        await am.agents.wait("as_1", on_input=lambda asked: {})


async def test_whole_wait_has_one_time_however_often_it_asks() -> None:
    clock = FakeClock()

    def think(asked: Any) -> Mapping[str, Any]:
        clock.advance(6.0)
        return {}

    script = []
    for n in range(9):
        script += [ok(run("awaiting_input", pending_input=question(f"pi_{n}"))), ok(run("queued"))]
    am, _ = client(*script, clock=clock)
    with pytest.raises(WaitTimeoutError):
        await am.agents.wait("as_1", timeout=20.0, on_input=think)


async def test_run_is_start_and_wait() -> None:
    am, transport = client(ok(run("queued"), 202), ok(run("complete", result=RESULT)))
    status = await am.agents.run("researcher", "Look", {"depth": "quick"})
    assert status["result"] == RESULT
    assert sent(transport, 0)[2] == {
        "profile_id": "researcher",
        "task": "Look",
        "input_params": {"depth": "quick"},
        "async": True,
    }


async def test_result_is_what_the_run_brought() -> None:
    am, _ = client(ok(run("complete", result=RESULT)), ok(run("complete")))
    assert await am.agents.result("as_1") == RESULT
    assert await am.agents.result("as_1") == {}
    am, _ = client(ok(run("awaiting_input", pending_input=question())))
    with pytest.raises(AgentInputRequiredError) as caught:
        await am.agents.result("as_1")
    assert caught.value.pending_input == question()


async def test_start_that_waits_has_its_own_time() -> None:
    limits: list[float | None] = []
    am, transport = client(*[ok(run("complete"))] * 3)
    plain = transport.send

    async def send(request: Any, until: float | None, seconds: float | None) -> Any:
        limits.append(seconds)
        return await plain(request, until, seconds)

    transport.send = send  # type: ignore[method-assign]
    await am.agents.start("researcher", "Look", wait=True)
    await am.agents.start("researcher", "Look", wait=True, timeout=5.0)
    await am.agents.start("researcher", "Look")
    assert limits == [65.0, 5.0, 30.0]
    assert [sent(transport, n)[2]["async"] for n in range(3)] == [False, False, True]


@pytest.mark.parametrize("options", [{"poll_interval": 0}, {"timeout": 0}, {"timeout": "x"}])
async def test_impossible_schedule_is_refused(options: dict[str, Any]) -> None:
    am, transport = client()
    with pytest.raises(ConfigurationError):
        await am.agents.wait("as_1", **options)
    assert not transport.requests


async def test_interval_of_ones_own_stays_as_it_is() -> None:
    clock = FakeClock()
    am, _ = client(*[ok(run("running"))] * 3, ok(run("complete")), clock=clock)
    await am.agents.wait("as_1", poll_interval=0.25)
    assert clock.sleeps == [0.25] * 3
