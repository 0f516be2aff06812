"""Any work, killed anywhere, tells the same as one that was never interrupted.

Without a database: a journal in memory that loses, when the process dies, any tail of what was not
flushed. Everything else is the real desk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given, strategies as st

from quintet_server.engines.runs.model import Step
from quintet_server.engines.runs.program import Paused
from quintet_server.services.amdahl.agents.desk import Desk, Result, ToolFailed
from quintet_server.services.amdahl.agents.program import AgentProgram

AT = datetime(2026, 4, 14, tzinfo=UTC)


class Died(BaseException):
    """The process is no more."""


class MemoryRun:
    """A segment, with what is on disk and what is on its way there."""

    def __init__(self, disk: list[tuple[Any, ...]]) -> None:
        profile = {
            "id": "p",
            "name": "P",
            "description": "",
            "kind": "copilot",
            "max_turns": 2,
            "temperature": 0.1,
        }
        self.record = SimpleNamespace(
            id="as_1",
            project_id="prj",
            subject="p",
            input={"task": "t", "input_params": {}},
            attributes={"profile": profile},
        )
        self.disk = disk
        self.under_way: list[tuple[Any, ...]] = []
        self.steps: dict[str, Step] = {}
        for entry in disk:
            self._apply(entry)

    def _apply(self, entry: tuple[Any, ...]) -> None:
        state, key, output, error, _ = entry
        if key is None:
            return
        before = self.steps.get(key)
        starts = (before.starts if before else 0) + (state == "started")
        stored = orjson.loads(orjson.dumps(output))
        self.steps[key] = Step(key, state, stored, error, max(1, starts))

    def _put(self, *entry: Any) -> None:
        self.under_way.append(entry)
        self._apply(entry)

    async def begin(self, key, *notes):
        self._put("started", key, None, None, notes)
        await self.flush()
        return self.steps[key]

    def record_step(self, key, *notes, output=None, error=None):
        self._put("failed" if error else "done", key, output, error, notes)

    def note(self, *notes):
        self._put("", None, None, None, notes)

    async def flush(self):
        self.disk += self.under_way
        self.under_way = []

    def pause(self, key, context, *notes):
        raise Paused(key, context, notes)

    def die(self, kept: int) -> None:
        self.disk += self.under_way[: kept % (len(self.under_way) + 1)]


class Machine:
    """Runs a plan to its end, dying at the given places on the way."""

    def __init__(self, plan: Sequence[Any], deaths: Sequence[tuple[int, int]]) -> None:
        self.plan = plan
        self.deaths = list(deaths)
        self.disk: list[tuple[Any, ...]] = []
        self.run: MemoryRun

    def here(self) -> None:
        """A place where the process may die."""
        if self.deaths:
            left, kept = self.deaths[0]
            if left == 0:
                self.deaths.pop(0)
                self.run.die(kept)
                raise Died
            self.deaths[0] = (left - 1, kept)

    def to_the_end(self) -> tuple[Any, list[tuple[str, Any]]]:
        """The result, and what the log has."""
        program = AgentProgram(SimpleNamespace(db=None), self.work)
        while True:
            self.run = MemoryRun(self.disk)
            try:
                result = asyncio.run(program.run(self.run))
            except Died:
                continue
            except Paused as order:
                asyncio.run(self.run.flush())
                notes = list(order.notes)
                answer = {"choice": "continue", "to": order.key}
                self.disk.append(("done", order.key, answer, None, notes))
                continue
            asyncio.run(self.run.flush())
            return result, [_told(note) for *_, notes in self.disk for note in notes]

    async def work(self, desk: Desk) -> Result:
        found: list[Any] = []
        for number, turn in enumerate(self.plan):
            async with desk.turn(f"t{number}"):
                for place, (kind, amount) in enumerate(turn):
                    self.here()
                    found.append(await self.act(desk, f"{number}.{place}", kind, amount))
            self.here()
        return Result("", data={"found": found, "usage": desk.usage.wire()})

    async def act(self, desk: Desk, key: str, kind: str, amount: int) -> Any:
        if kind == "used":
            desk.used(amount, 1)
            return None
        if kind == "ask":
            return await desk.ask(key, "text", {}, {"type": "object"})
        if kind == "message":
            return await desk.message(key, lambda: self.speech(desk, key, amount))

        async def effect() -> Any:
            self.here()
            if kind == "nested":
                await self.act(desk, f"{key}.inner", "step", amount)
            desk.used(amount, 2)
            self.here()
            self.not_again(key)
            if kind == "fail":
                raise ToolFailed(f"no {key}")
            return {"did": key, "list": (1, amount)}

        if kind in ("step", "nested"):
            return await desk.step(key, effect)
        try:
            return await desk.tool(key, kind, "Label", {"n": amount}, effect)
        except ToolFailed as failed:
            return failed.message

    async def speech(self, desk: Desk, key: str, amount: int):
        for number in range(amount):
            self.here()
            yield f"{key}.{number}" * 30
            desk.used(1, 1)
        self.not_again(key)

    def not_again(self, key: str) -> None:
        """What is on disk as done is never done again."""
        for state, recorded, *_ in self.disk:
            assert not (state in ("done", "failed") and recorded.endswith(f":{key}"))


def _told(note: Any) -> tuple[str, Any]:
    data = orjson.loads(orjson.dumps(note.data))
    data.pop("duration_ms", None)
    if "message_id" in data:
        data["message_id"] = data["message_id"].split("_")[1]
    return note.type, data


KINDS = ("query", "fail", "message", "nested", "step", "ask", "used")
PLANS = st.lists(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), min_size=1, max_size=4),
    min_size=1,
    max_size=4,
)
# After how many places the next death comes, and how much of what was under way it leaves.
DEATHS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=8)


@given(PLANS, DEATHS)
def test_a_work_that_dies_anywhere_tells_what_one_that_never_died_tells(plan, deaths):
    expected, told = Machine(plan, []).to_the_end()
    result, told_after_deaths = Machine(plan, deaths).to_the_end()
    assert result == expected
    # A message that was cut off leaves pieces behind, under an id of its own.
    assert _lasting(told_after_deaths) == _lasting(told)


def _lasting(told: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(type, data) for type, data in told if type != "message.delta"]
