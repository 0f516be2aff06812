"""The desk: what was done stays done, however often the work is begun again."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from quintet_server.services.amdahl.agents import desk as subject
from quintet_server.services.amdahl.agents.desk import (
    AgentFailed,
    FinishNow,
    Result,
    ToolFailed,
)
from quintet_server.services.amdahl.artifacts.store import create_for_session
from quintet_server.services.amdahl.errors import invalid_sql

from .conftest import APPROVAL, said


class Interruptions:
    """Interrupts a work at every place it passes, once each, as a database that is away does."""

    def __init__(self, places: int) -> None:
        self.left = set(range(places))
        self.begun = 0
        self.counts: dict[str, int] = {}

    def begin(self) -> None:
        self.begun += 1
        self._place = 0

    def here(self) -> None:
        place, self._place = self._place, self._place + 1
        if place in self.left:
            self.left.remove(place)
            raise psycopg.OperationalError("away")

    async def count(self, name: str) -> str:
        self.counts[name] = self.counts.get(name, 0) + 1
        return name


@pytest.fixture
def at_once(agents, monkeypatch):
    """Sessions that were interrupted go on without a pause."""
    monkeypatch.setitem(agents.api.runtime.runs.settings.__dict__, "retry_delays_ms", [0])


@pytest.mark.usefixtures("at_once")
async def test_a_work_interrupted_everywhere_does_everything_once(agents):
    cut = Interruptions(8)

    @agents.script
    async def everything(desk):
        cut.begin()
        cut.here()
        async with desk.turn("one"):
            cut.here()
            first = await desk.step("first", lambda: cut.count("first"))
            desk.used(1, 2)
            cut.here()
            found = await desk.tool("look", "query", "Looking", {"n": 1}, tool)
            cut.here()
        text = await desk.message("say", said("two words"))
        cut.here()
        made = await desk.artifact("piece", "content_piece", "Title", {"text": text})
        cut.here()
        async with desk.turn("two"):
            cut.here()
            desk.used(10, 20)
        cut.here()
        return Result(f"{first} {found['rows']} {text}", artifact=made)

    async def tool():
        await cut.count("look")
        return {"rows": [1, 2]}

    status = await agents.ended("everything")
    assert status["status"] == "complete", status
    assert status["result"]["text"] == "first [1, 2] two words "
    assert cut.begun == 9
    assert cut.counts == {"first": 1, "look": 1}
    assert status["usage"] == {"input_tokens": 11, "output_tokens": 22}
    assert (status["turns_used"], status["max_turns"]) == (2, 15)
    events = await agents.events(status["session_id"])
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events] == [
        "session.started",
        "session.status",
        "turn.started",
        "tool_start",
        "tool_complete",
        "turn.completed",
        "message.delta",
        "message.completed",
        "artifact.created",
        "turn.started",
        "turn.completed",
        "session.completed",
    ]
    usage = [event["data"]["usage"] for event in events if event["type"] == "turn.completed"]
    assert usage == [
        {"input_tokens": 1, "output_tokens": 2},
        {"input_tokens": 10, "output_tokens": 20},
    ]
    rows = await agents.api.sql(
        "SELECT id FROM amdahl_artifacts WHERE project_id = %s", agents.api.project_id
    )
    assert [row[0] for row in rows] == status["result"]["artifacts"]


@pytest.mark.usefixtures("at_once")
async def test_tokens_of_a_step_are_counted_once_when_it_is_replayed(agents):
    cut = Interruptions(2)

    @agents.script
    async def counts(desk):
        async def model():
            desk.used(100, 10)
            return desk.usage.input_tokens

        cut.begin()
        async with desk.turn("t"):
            before = desk.usage.input_tokens
            after = await desk.step("model", model)
            cut.here()
            desk.used(1, 1)
        cut.here()
        return Result(f"{before} {after} {desk.usage.input_tokens}")

    status = await agents.ended("counts")
    assert status["result"]["text"] == "0 100 101"
    assert status["usage"] == {"input_tokens": 101, "output_tokens": 11}


async def test_an_interrupted_message_is_said_again_under_another_id(agents):
    cut = Interruptions(1)

    @agents.script
    async def speaks(desk):
        async def produce():
            yield "x" * 200
            cut.here()
            yield "end"

        cut.begin()
        return Result(await desk.message("m", produce))

    status = await agents.ended("speaks")
    events = await agents.events(status["session_id"])
    told = [(e["type"], e["data"]["message_id"]) for e in events if e["type"][:7] == "message"]
    assert told[0] == ("message.delta", "msg_m")
    assert told[-1] == ("message.completed", "msg_m_2")
    pieces = [
        event["data"]["text"]
        for event in events
        if event["type"] == "message.delta" and event["data"]["message_id"] == "msg_m_2"
    ]
    assert "".join(pieces) == status["result"]["text"] == "x" * 200 + "end"


async def test_many_small_pieces_of_a_message_share_events(agents):
    @agents.script
    async def chatty(desk):
        return Result(await desk.message("m", said("word " * 400)))

    status = await agents.ended("chatty")
    deltas = [
        event["data"]["text"]
        for event in await agents.events(status["session_id"])
        if event["type"] == "message.delta"
    ]
    assert "".join(deltas) == status["result"]["text"]
    assert len(deltas) < 40


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ToolFailed("no luck", "bad_luck"), "bad_luck", "no luck"),
        (invalid_sql("no such table", "unknown_table"), "invalid_sql", "no such table"),
        (ZeroDivisionError("secret"), "internal", "query went wrong on the server"),
    ],
)
async def test_a_failing_tool_is_told_of_and_fails_in_every_replay(agents, error, code, message):
    cut, used = Interruptions(1), []

    @agents.script
    async def fails(desk):
        async def tool():
            used.append(1)
            raise error

        cut.begin()
        try:
            await desk.tool("t", "query", "Asking", {}, tool)
        except ToolFailed as failed:
            caught = failed
        cut.here()
        return Result(f"{caught.code}: {caught.message}")

    status = await agents.ended("fails")
    assert status["result"]["text"] == f"{code}: {message}"
    assert used == [1]
    [told] = [
        event["data"]
        for event in await agents.events(status["session_id"])
        if event["type"] == "tool_complete"
    ]
    assert told.pop("duration_ms") >= 0
    assert told == {
        "tool_call_id": "call_t",
        "tool": "query",
        "label": "Asking",
        "ok": False,
        "summary": message,
    }


@pytest.mark.parametrize(
    ("value", "summary"),
    [
        ({"summary": "found it"}, "found it"),
        ({"rows": [1]}, "1 row"),
        ({"a": 1, "b": 2}, "2 fields"),
        ([1, 2, 3], "3 items"),
        ("x" * 400, "x" * 300),
        (None, ""),
    ],
)
async def test_what_a_tool_found_is_summed_up(agents, value, summary):
    @agents.script
    async def finds(desk):
        async def tool():
            return value

        return Result("", data={"found": await desk.tool("t", "look", "Looking", {}, tool)})

    status = await agents.ended("finds")
    assert status["result"]["data"] == {"found": value}
    events = await agents.events(status["session_id"])
    assert [e["data"]["summary"] for e in events if e["type"] == "tool_complete"] == [summary]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (AgentFailed("no data", "no_data"), {"code": "no_data", "message": "no data"}),
        (ToolFailed("broke"), {"code": "tool_failed", "message": "broke"}),
        (
            KeyError("secret"),
            {"code": "internal", "message": "Something went wrong on the server."},
        ),
    ],
)
async def test_a_work_that_fails_ends_the_session_as_failed(agents, error, shown):
    @agents.script
    async def breaks(desk):
        raise error

    status = await agents.ended("breaks")
    assert (status["status"], status["error"], status["result"]) == ("failed", shown, None)
    last = (await agents.events(status["session_id"]))[-1]
    assert (last["type"], last["data"]["error"]) == ("session.failed", shown)


async def test_steps_beside_each_other_count_their_own_tokens(agents):
    @agents.script
    async def both(desk):
        async def read(number):
            desk.used(number, 0)
            await asyncio.sleep(0)
            desk.used(number, 0)
            return number

        async with desk.turn("t"):
            found = await asyncio.gather(
                *(desk.step(f"s{n}", lambda n=n: read(n)) for n in range(1, 4))
            )
        return Result(str(found))

    status = await agents.ended("both")
    assert status["result"]["text"] == "[1, 2, 3]"
    assert status["usage"]["input_tokens"] == 12
    run = await agents.api.ask("GET", f"/agent-runs/{status['session_id']}")
    spent = [step["usage"]["input_tokens"] for step in run["turns"][0]["steps"]]
    assert sorted(spent) == [2, 4, 6]


async def test_a_key_used_twice_is_a_mistake_that_shows(agents):
    @agents.script
    async def twice(desk):
        async def nothing():
            return None

        await desk.step("same", nothing)
        await desk.step("same", nothing)
        return Result("")

    assert (await agents.ended("twice"))["error"]["code"] == "internal"


async def _small(agents, tmp_path, turns: int) -> None:
    spec = {"kind": "copilot", "max_turns": turns}
    await agents.api.apply(tmp_path, {"kind": "profile", "name": "small", "spec": spec})


async def test_turns_used_up_ask_and_continuing_grants_as_many_again(agents, tmp_path):
    await _small(agents, tmp_path, 2)

    @agents.script
    async def long(desk):
        for number in range(5):
            async with desk.turn(f"t{number}"):
                pass
        return Result("all five")

    status = await agents.ended("long", "small")
    pending = status["pending_input"]
    assert (pending["type"], pending["request_id"]) == ("continue_or_finish", "pi_1")
    assert pending["context"]["turns_used"] == 2
    assert pending["schema"]["properties"]["choice"]["enum"] == ["continue", "finish"]
    assert (status["turns_used"], status["max_turns"]) == (2, 2)
    session_id = status["session_id"]
    await agents.resume(session_id, choice="continue")
    status = await agents.settled(session_id)
    assert status["pending_input"]["request_id"] == "pi_2"
    assert (status["turns_used"], status["max_turns"]) == (4, 4)
    await agents.resume(session_id, choice="continue")
    status = await agents.settled(session_id)
    assert (status["result"]["text"], status["turns_used"], status["max_turns"]) == (
        "all five",
        5,
        6,
    )


async def test_finishing_ends_with_what_the_work_makes_of_it(agents, tmp_path):
    await _small(agents, tmp_path, 1)

    @agents.script
    async def sums_up(desk):
        seen = 0
        try:
            for number in range(9):
                async with desk.turn(f"t{number}"):
                    seen += 1
        except FinishNow:
            with pytest.raises(FinishNow):
                async with desk.turn("more"):
                    pass
        return Result(f"{seen} of 9")

    status = await agents.ended("sums_up", "small")
    await agents.resume(status["session_id"], choice="finish")
    status = await agents.settled(status["session_id"])
    assert (status["status"], status["result"]["text"]) == ("complete", "1 of 9")


async def test_finishing_ends_with_what_there_is_if_the_work_does_not_care(agents, tmp_path):
    await _small(agents, tmp_path, 1)

    @agents.script
    async def endless(desk):
        number = 0
        while True:
            async with desk.turn(f"t{number}"):
                await desk.message(f"m{number}", said(f"part {number}"))
                await desk.artifact(f"a{number}", "note", f"Note {number}", {})
            number += 1

    status = await agents.ended("endless", "small")
    await agents.resume(status["session_id"], choice="continue")
    await agents.settled(status["session_id"])
    await agents.resume(status["session_id"], choice="finish")
    result = (await agents.settled(status["session_id"]))["result"]
    assert result["text"] == "part 0 \n\npart 1 "
    assert result["artifact"]["title"] == "Note 1"
    assert [result["artifact"]["id"]] == result["artifacts"][1:]


async def test_text_no_database_can_hold_ends_no_session(agents):
    @agents.script
    async def odd(desk):
        text = await desk.message("m", said("a\x00b \ud800"))
        made = await desk.artifact("a", "note", "T\x00" + "x" * 400, {"text": "a\x00b"})
        return Result(f"{text}{made['title'][:3]}{len(made['title'])}")

    assert (await agents.ended("odd"))["result"]["text"] == "a\ufffdb \ufffd T\ufffdx300"


@pytest.mark.usefixtures("at_once")
async def test_an_artifact_whose_step_was_not_written_down_is_found_again(agents, monkeypatch):
    made = []

    async def create(*args, **fields):
        made.append(await create_for_session(*args, **fields))
        if len(made) == 1:
            raise psycopg.OperationalError("away")
        return made[-1]

    monkeypatch.setattr(subject, "create_for_session", create)

    @agents.script
    async def makes(desk):
        await desk.artifact("a", "note", "Once", {"n": 1})
        return Result("")

    status = await agents.ended("makes")
    assert made[0] == made[1] == status["result"]["artifact"]
    assert (await agents.api.ask("GET", "/artifacts"))["total"] == 1
    session_id = status["session_id"]
    assert (await agents.types(session_id)).count("artifact.created") == 1
    [one] = (await agents.api.ask("GET", f"/artifacts?session_id={session_id}"))["items"]
    full = await agents.api.ask("GET", f"/artifacts/{one['id']}")
    assert (full["content_json"], full["session_id"]) == ({"n": 1}, session_id)


async def test_questions_are_answered_after_days_and_change_nothing_else(agents):
    asked = []

    @agents.script
    async def outline(desk):
        async def plan():
            asked.append(1)
            return ["one", "two"]

        sections = await desk.step("plan", plan)
        answer = await desk.ask("outline", "approval", {"outline": sections}, APPROVAL)
        again = await desk.ask("title", "text", {"question": "?"}, {"type": "object"})
        return Result(f"{answer} {again}")

    status = await agents.ended("outline", "content_writer")
    session_id = status["session_id"]
    assert status["pending_input"] == {
        "request_id": "pi_1",
        "type": "approval",
        "context": {"outline": ["one", "two"]},
        "schema": APPROVAL,
    }
    await agents.resume(session_id, approved=True)
    assert (await agents.settled(session_id))["pending_input"]["request_id"] == "pi_2"
    await agents.resume(session_id, text="T")
    status = await agents.settled(session_id)
    assert status["result"]["text"] == "{'approved': True} {'text': 'T'}"
    assert (status["pending_input"], asked) == (None, [1])
