"""Routines: what they are, when they run, and what becomes of their sessions."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from quintet_server.services.amdahl.agents.desk import Result
from quintet_server.services.amdahl.agents.program import KIND
from quintet_server.services.amdahl.routines.firing import Ticks
from quintet_server.services.amdahl.routines.store import LANE
from quintet_server.store.clock import advance

ROUTINE = {"name": "Monday", "prompt": "What is new?", "cron": "0 9 * * 1"}


async def create(api, **fields):
    return await api.ask("POST", "/routines", {**ROUTINE, **fields}, 201)


@pytest.fixture
def quick(shared_runtime, monkeypatch):
    """Sessions on the shared server end at once."""

    async def work(desk):
        return Result(desk.task)

    monkeypatch.setattr(shared_runtime.runs._programs[KIND], "work", work)


async def test_a_routine_is_created_with_its_defaults_and_its_next_run(api):
    made = await create(api)
    assert made["id"].startswith("rtn_")
    next_run = made["next_run_at"]
    assert next_run[10:] == "T09:00:00.000Z"
    expected = {
        **ROUTINE,
        "id": made["id"],
        "business_id": api.project_id,
        "timezone": "UTC",
        "agent": "copilot",
        "config": {},
        "enabled": True,
        "next_run_at": next_run,
        "last_run_at": None,
        "last_session_id": None,
        "last_error": None,
        "created_by": made["created_by"],
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    assert made == expected
    assert await api.ask("GET", f"/routines/{made['id']}") == made


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"prompt": " "}, "prompt"),
        ({"cron": "0 9 * *"}, "cron"),
        ({"cron": "0 9 * * 1 1"}, "cron"),
        ({"cron": "99 9 * * 1"}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"agent": "poet"}, "agent"),
        ({"agent": "researcher", "config": {"depth": "x"}}, "config.depth"),
        ({"enabled": "yes"}, "enabled"),
    ],
)
async def test_what_is_no_routine_is_refused_and_leaves_nothing(api, fields, field):
    error = await api.refused("POST", "/routines", {**ROUTINE, **fields}, 400, "invalid_argument")
    assert error["details"]["field"] == field
    assert (await api.ask("GET", "/routines"))["total"] == 0


async def test_changing_a_routine_moves_its_next_run_and_disabling_takes_it(api):
    made = await create(api, timezone="Europe/Berlin")
    path = f"/routines/{made['id']}"
    changed = await api.ask("PATCH", path, {"cron": "30 10 * * 1", "timezone": "UTC"})
    assert changed["next_run_at"][10:] == "T10:30:00.000Z"
    assert (changed["name"], changed["prompt"]) == ("Monday", "What is new?")
    off = await api.ask("PATCH", path, {"enabled": False})
    assert (off["enabled"], off["next_run_at"]) == (False, None)
    await api.refused("PATCH", path, {"cron": "x"}, 400, "invalid_argument")
    assert (await api.ask("GET", path))["cron"] == "30 10 * * 1"
    assert (await api.ask("GET", "/routines?status=disabled"))["total"] == 1
    assert (await api.ask("GET", "/routines?status=enabled"))["total"] == 0


@pytest.mark.usefixtures("quick")
async def test_running_now_starts_a_session_also_of_a_disabled_routine(api):
    made = await create(api, enabled=False, agent="researcher", config={"depth": "quick"})
    started = await api.ask("POST", f"/routines/{made['id']}/run-now", None, 202)
    assert (started["success"], started["routine_id"]) == (True, made["id"])
    session_id = started["session_id"]
    status = await api.ask("GET", f"/agents/{session_id}/status?wait_ms=10000")
    assert status["result"]["text"] == "What is new?"
    assert (status["profile_id"], status["input_params"]) == ("researcher", {"depth": "quick"})
    ran = await api.ask("GET", f"/routines/{made['id']}")
    assert (ran["last_session_id"], ran["last_error"]) == (session_id, None)
    assert ran["last_run_at"] is not None


async def test_a_tick_starts_one_session_and_tells_why_it_could_not(alone, tmp_path):
    async def work(desk):
        return Result(desk.task)

    program = alone.runtime.runs._programs[KIND]
    program.work = work
    spec = {"kind": "copilot"}
    await alone.apply(tmp_path, {"kind": "profile", "name": "gone", "spec": spec})
    good = await create(alone, cron="0 9 * * *")
    bad = await create(alone, cron="0 9 * * *", agent="gone")
    await alone.sql("DELETE FROM amdahl_agent_profiles RETURNING 1")
    await advance(alone.runtime.db, 86_400)
    [[session_id]] = await alone.eventually(
        "SELECT last_session_id FROM amdahl_routines WHERE last_session_id IS NOT NULL"
    )
    await alone.eventually("SELECT 1 FROM amdahl_routines WHERE last_error LIKE '%%gone%%'")
    status = await alone.ask("GET", f"/agents/{session_id}/status?wait_ms=10000")
    assert (status["status"], status["result"]["text"]) == ("complete", "What is new?")
    assert (await alone.ask("GET", "/agent-runs"))["total"] == 1
    shown = await alone.ask("GET", f"/routines/{bad['id']}")
    assert shown["last_session_id"] is None
    assert shown["next_run_at"] > bad["next_run_at"]

    # A job that was carried out, but whose process died before it said so, comes again.
    jobs = await alone.sql("SELECT id, project_id, payload FROM work_jobs WHERE lane = %s", LANE)
    assert len(jobs) == 2
    again = Ticks(program._parts)
    for id, project_id, payload in jobs:
        job = SimpleNamespace(id=id, project_id=project_id, payload=payload)
        await again.handle(SimpleNamespace(job=job))
    assert (await alone.ask("GET", "/agent-runs"))["total"] == 1
    shown = await alone.ask("GET", f"/routines/{good['id']}")
    assert shown["last_session_id"] == session_id


async def test_a_deleted_routine_runs_no_more(api):
    made = await create(api)
    path = f"/routines/{made['id']}"
    await api.ask("DELETE", path, None, 204)
    for method, where in (("GET", path), ("DELETE", path), ("POST", f"{path}/run-now")):
        await api.refused(method, where, None, 404, "not_found")
    schedule = f"{api.project_id}/{made['id']}"
    assert await api.sql("SELECT 1 FROM work_schedules WHERE id = %s", schedule) == []


async def test_routines_are_listed_paged_and_others_see_none(api):
    ids = [(await create(api, name=f"R{number}"))["id"] for number in range(3)]
    first = await api.ask("GET", "/routines?limit=2")
    rest = await api.ask("GET", f"/routines?limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]
    assert [one["id"] for one in (await api.ask("GET", "/routines?q=r1"))["items"]] == [ids[1]]
    other = await api.other_project()
    assert (await other.ask("GET", "/routines"))["total"] == 0
    await other.refused("GET", f"/routines/{ids[0]}", None, 404, "not_found")


async def test_same_key_creates_once(api):
    key = {"Idempotency-Key": "k"}
    answers = await asyncio.gather(*(api.post("/routines", ROUTINE, headers=key) for _ in range(2)))
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_scopes_and_roles_are_asked_for(api):
    reader = await api.with_scopes("routines:read")
    await reader.ask("GET", "/routines")
    await reader.refused("POST", "/routines", ROUTINE, 403, "missing_scope")
    viewer = await api.with_role("viewer")
    await viewer.refused("POST", "/routines", ROUTINE, 403, "role_too_low")
