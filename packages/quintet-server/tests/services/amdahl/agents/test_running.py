"""Starting sessions: what is refused, who waits how long, and that a start happens once."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.services.amdahl.agents.desk import Result

from .conftest import Agents

RUN = "/agents/run"


async def test_start_answers_at_once_and_the_session_ends_with_its_result(agents):
    @agents.script
    async def greet(desk):
        return Result(f"Hello {desk.params['audience']}", data={"n": 1})

    body = {"profile_id": "researcher", "task": "greet", "input_params": {"audience": "you"}}
    started = await agents.api.ask("POST", RUN, {**body, "async": True}, 202)
    session_id = started["session_id"]
    assert session_id.startswith("as_")
    assert started == {
        "success": True,
        "session_id": session_id,
        "status": "queued",
        "profile_id": "researcher",
        "created_at": started["created_at"],
        "async": True,
    }
    status = await agents.settled(session_id)
    assert status["result"] == {
        "text": "Hello you",
        "artifact": None,
        "artifacts": [],
        "data": {"n": 1},
    }
    for name in ("created_at", "updated_at", "started_at", "completed_at"):
        assert status.pop(name).endswith("Z")
    assert {name: status[name] for name in status if name != "result"} == {
        "session_id": session_id,
        "profile_id": "researcher",
        "task": "greet",
        "input_params": {"audience": "you"},
        "status": "complete",
        "turns_used": 0,
        "max_turns": 20,
        "usage": {"input_tokens": 0, "output_tokens": 0},
        "pending_input": None,
        "error": None,
        "last_event_id": "3",
    }


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"task": ""}, "task", "empty"),
        ({"task": " \n "}, "task", "empty"),
        ({"task": "x" * 50_001}, "task", "50000"),
        ({"task": 5}, "task", ""),
        ({"profile_id": "poet"}, "profile_id", "content_writer, copilot"),
        ({"profile_id": None}, "profile_id", ""),
        ({"input_params": []}, "input_params", ""),
        ({"async": "yes"}, "async", ""),
        ({"input_params": {"depth": "huge"}}, "input_params.depth", "huge"),
        ({"input_params": {"must_cover": ["a", 7]}}, "input_params.must_cover.1", "7"),
        ({"input_params": {"audience": 1}}, "input_params.audience", "1"),
    ],
)
async def test_orders_that_cannot_be_understood_are_refused_and_start_nothing(
    agents, change, field, said
):
    body = {"profile_id": "researcher", "task": "x", "async": True, **change}
    error = await agents.api.refused("POST", RUN, body, 400, "invalid_argument")
    assert error["details"]["field"] == field
    assert said in error["message"]
    assert (
        await agents.api.sql("SELECT 1 FROM runs WHERE project_id = %s", agents.api.project_id)
        == []
    )


async def test_unknown_profile_and_choice_name_what_is_allowed(agents):
    body = {"profile_id": "poet", "task": "x"}
    error = await agents.api.refused("POST", RUN, body, 400, "invalid_argument")
    known = ["content_writer", "copilot", "orchestrator", "researcher"]
    assert error["details"]["allowed"] == known
    body = {"profile_id": "researcher", "task": "x", "input_params": {"depth": "x"}}
    error = await agents.api.refused("POST", RUN, body, 400, "invalid_argument")
    assert error["details"]["allowed"] == ["quick", "standard", "deep", "high"]


async def test_parameters_no_schema_speaks_of_reach_the_work(agents):
    @agents.script
    async def odd(desk):
        return Result("", data=desk.params)

    status = await agents.ended("odd", "copilot", anything={"goes": [1]})
    assert status["result"]["data"] == {"anything": {"goes": [1]}}


async def test_waiting_start_answers_with_the_status_of_a_session_that_ends(agents):
    @agents.script
    async def quick(desk):
        return Result("done")

    answer = await agents.api.ask("POST", RUN, {"profile_id": "copilot", "task": "quick"})
    assert (answer["status"], answer["result"]["text"]) == ("complete", "done")


async def test_waiting_start_answers_when_the_session_asks(agents):
    @agents.script
    async def asks(desk):
        await desk.ask("q", "text", {"question": "?"}, {"type": "object"})
        return Result("")

    body = {"profile_id": "copilot", "task": "asks", "async": False}
    answer = await agents.api.ask("POST", RUN, body)
    assert answer["status"] == "awaiting_input"


async def test_waiting_start_gives_up_in_time_and_the_session_goes_on(started, agents):
    async with started(agent_wait_seconds=0.2) as api:
        slow, go = Agents(api), asyncio.Event()

        @slow.script
        async def patient(desk):
            await go.wait()
            return Result("late")

        async with asyncio.timeout(50):  # without the setting it would wait for a minute
            answer = await api.ask("POST", RUN, {"profile_id": "copilot", "task": "patient"}, 202)
        assert (answer["timed_out"], answer["async"]) == (True, True)
        assert answer["status"] in ("queued", "running")
        go.set()
        assert (await slow.settled(answer["session_id"]))["result"]["text"] == "late"


async def test_same_key_starts_once_also_while_waiting(agents):
    counted = []

    @agents.script
    async def once(desk):
        counted.append(desk.session_id)
        return Result("one")

    body = {"profile_id": "copilot", "task": "once"}
    key = {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(*(agents.api.post(RUN, body, headers=key) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert len(counted) == 1
    replayed = [answer.headers.get("idempotent-replayed") for answer in answers]
    assert replayed.count("true") == 2
    other = {**body, "task": "another"}
    await agents.api.refused("POST", RUN, other, 409, "idempotency_conflict", headers=key)


async def test_only_so_many_run_at_once_and_those_that_wait_do_not_count(started):
    async with started(agent_runs_max_count=2, agent_concurrency_count=1) as api:
        many = Agents(api)

        @many.script
        async def asks(desk):
            await desk.ask("q", "text", {}, {"type": "object"})
            return Result("")

        @many.script
        async def holds(desk):
            await asyncio.Event().wait()
            raise AssertionError

        assert (await many.ended("asks"))["status"] == "awaiting_input"
        running = [await many.start("holds") for _ in range(2)]
        body = {"profile_id": "copilot", "task": "holds", "async": True}
        key = {"Idempotency-Key": "k"}
        answer = await api.post(RUN, body, headers=key)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "quota_exceeded")
        assert answer.json()["retry_after"] == int(answer.headers["retry-after"])
        other = await api.other_project()
        theirs = await other.ask("POST", RUN, body, 202)
        await api.ask("POST", f"/agents/{running[0]}/cancel")
        await api.ask("POST", RUN, body, 202, headers=key)  # the refusal was not kept
        await other.ask("POST", f"/agents/{theirs['session_id']}/cancel")
        await many.leave()


async def test_status_waits_until_the_session_settles_and_no_longer(agents):
    go = asyncio.Event()

    @agents.script
    async def held(desk):
        await go.wait()
        return Result("x")

    session_id = await agents.start("held")
    assert (await agents.status(session_id, 50))["status"] in ("queued", "running")
    waiting = asyncio.ensure_future(agents.status(session_id, 30_000))
    await asyncio.sleep(0)
    go.set()
    async with asyncio.timeout(25):
        assert (await waiting)["status"] == "complete"
    async with asyncio.timeout(25):
        assert (await agents.status(session_id, 30_000))["status"] == "complete"


@pytest.mark.parametrize("wait", ["-1", "1.5", "soon", "9999999999", "²"])
async def test_a_wait_that_is_no_number_is_refused(agents, wait):
    @agents.script
    async def quick(desk):
        return Result("")

    session_id = await agents.start("quick")
    path = f"/agents/{session_id}/status?wait_ms={wait}"
    await agents.api.refused("GET", path, None, 400, "invalid_argument")


async def test_sessions_of_others_do_not_exist(agents):
    @agents.script
    async def quick(desk):
        return Result("")

    session_id = await agents.start("quick")
    other = await agents.api.other_project()
    for method, path in (
        ("GET", f"/agents/{session_id}/status"),
        ("GET", f"/agents/{session_id}/status?wait_ms=10"),
        ("GET", f"/agents/{session_id}/stream"),
        ("GET", f"/agent-runs/{session_id}"),
        ("POST", f"/agents/{session_id}/cancel"),
    ):
        await other.refused(method, path, None, 404, "not_found")
    await other.refused("POST", f"/agents/{session_id}/resume", {"x": 1}, 404, "not_found")
    assert (await other.ask("GET", "/agent-runs"))["total"] == 0


async def test_scopes_and_roles_are_asked_for(agents):
    reader = await agents.api.with_scopes("workflows:read")
    body = {"profile_id": "copilot", "task": "x", "async": True}
    error = await reader.refused("POST", RUN, body, 403, "missing_scope")
    assert error["details"]["required_scopes"] == ["workflows:write"]
    await reader.ask("GET", "/agent-runs")
    writer = await agents.api.with_scopes("workflows:write")
    await writer.refused("GET", "/agent-profiles", None, 403, "missing_scope")
    viewer = await agents.api.with_role("viewer")
    await viewer.refused("POST", RUN, body, 403, "role_too_low")


async def test_a_client_that_leaves_is_waited_for_no_longer(wire):
    agents, go = Agents(wire), asyncio.Event()

    @agents.script
    async def patient(desk):
        await go.wait()
        return Result("late")

    def waiting() -> list[str]:
        return [task.get_name() for task in asyncio.all_tasks() if "disconnect" in task.get_name()]

    body = {"profile_id": "copilot", "task": "patient"}
    leaving = asyncio.ensure_future(wire.post(RUN, body))
    await wire.until(lambda: bool(waiting()))
    leaving.cancel()
    await wire.until(lambda: not waiting())
    [run] = (await wire.ask("GET", "/agent-runs"))["items"]
    go.set()
    assert (await agents.settled(run["session_id"]))["result"]["text"] == "late"
    await agents.leave()
