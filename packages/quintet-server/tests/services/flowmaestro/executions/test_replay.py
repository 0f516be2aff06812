"""A segment that continues an execution comes to what an undisturbed one comes to."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given, settings, strategies as st

from quintet_server.engines.runs.model import Lost, RunRecord, RunState, Step
from quintet_server.services.flowmaestro.executions.alarm import Alarm
from quintet_server.services.flowmaestro.executions.compiled import compile_definition
from quintet_server.services.flowmaestro.executions.execution import Execution
from quintet_server.services.flowmaestro.executions.journal import Journal
from quintet_server.services.flowmaestro.executions.program import Watch
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings
from quintet_server.store.notify import NotifyBus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PARTS: Any = SimpleNamespace(settings=FlowMaestroSettings(), queue=SimpleNamespace(bus=NotifyBus()))


class FakeRun:
    """The journal of a run in memory; writing more than `budget` steps loses the run."""

    def __init__(self, inputs: dict[str, Any], steps: dict[str, Step], budget: int) -> None:
        self.record = RunRecord(
            *("exec_1", "p", "flowmaestro.workflow", "wf_x", RunState.RUNNING, inputs),
            *(None, None, None, {"workflow_name": "x"}, NOW, NOW, None),
        )
        self.steps = steps
        self.notes: list[Any] = []
        self.recorded: Counter[str] = Counter()
        self._budget = budget

    def now(self) -> datetime:
        return NOW

    def note(self, *notes: Any) -> None:
        self.notes.extend(notes)

    async def begin(self, key: str, *notes: Any) -> Step:
        before = self.steps.get(key)
        self.steps[key] = Step(key, "started", starts=before.starts + 1 if before else 1)
        self.notes.extend(notes)
        return self.steps[key]

    def record_step(self, key: str, *notes: Any, output: Any = None, error: Any = None) -> None:
        if self._budget == 0:
            raise Lost("exec_1")
        self._budget -= 1
        self.recorded[key] += 1
        kept = orjson.loads(orjson.dumps(output))
        self.steps[key] = Step(key, "failed" if error else "done", kept, error)
        self.notes.extend(notes)

    async def flush(self) -> None:
        pass


@st.composite
def workflows(draw: st.DrawFn) -> dict[str, Any]:
    """Graphs of branches, joins and loops over quick nodes, some of which fail."""
    count = draw(st.integers(2, 8))
    nodes: dict[str, Any] = {"n0": {"type": "input", "config": {}}}
    edges = []
    for number in range(1, count):
        name = f"n{number}"
        sources = draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=3))
        # What a node sees of nodes that it does not depend on is a matter of chance.
        seen = f"{{{{n{max(sources)}}}}} {{{{x}}}}"
        kind = draw(st.sampled_from(["text", "if", "bad", "loop"]))
        if kind == "text":
            config = {"outputName": name, "template": f"{name}:{seen}"}
            nodes[name] = {"type": "templateOutput", "config": config}
        elif kind == "if":
            config = {"leftValue": "{{x}}", "operator": ">", "rightValue": draw(st.integers(0, 3))}
            nodes[name] = {"type": "conditional", "config": config}
        elif kind == "bad":
            rule = draw(st.sampled_from(["fail", "continue"]))
            config = {"inputName": "none", "inputType": "number", "value": "no number"}
            nodes[name] = {"type": "input", "config": config, "onError": {"strategy": rule}}
        else:
            nodes[name] = {"type": "loop", "config": {"loopType": "count", "count": "{{x}}"}}
            body = {"outputName": f"b{number}", "template": f"{seen}/{{{{b{number}}}}}"}
            nodes[f"b{number}"] = {"type": "templateOutput", "config": body}
            edges.append((name, f"b{number}", "body"))
            edges.append((f"b{number}", name, None))
        for source in sources:
            choices = {"conditional": ["true", "false"], "loop": ["done"]}
            handles = choices.get(nodes[f"n{source}"]["type"], [None])
            edges.append((f"n{source}", name, draw(st.sampled_from(handles))))
    listed = [
        {"id": f"e{at}", "source": source, "target": target, "sourceHandle": handle}
        for at, (source, target, handle) in enumerate(edges)
    ]
    return {"nodes": nodes, "edges": listed}


def play(raw: dict[str, Any], x: int, steps: dict[str, Step], budget: int) -> tuple[Any, FakeRun]:
    """The outputs, or the message of the failure, or `lost`."""
    run = FakeRun({"x": x}, steps, budget)

    async def main() -> Any:
        alarm = Alarm(PARTS.queue.bus)
        try:
            execution = Execution(PARTS, run, compile_definition(raw), alarm)  # type: ignore[arg-type]
            return await Watch(execution).run()
        except Lost:
            return "lost"
        except Exception as error:
            return str(error)
        finally:
            alarm.close()

    return asyncio.run(main()), run


@settings(max_examples=settings.default.max_examples // 2, deadline=None)
@given(raw=workflows(), x=st.integers(0, 3), budgets=st.lists(st.integers(0, 4), max_size=4))
def test_interrupted_execution_ends_like_an_undisturbed_one(
    raw: dict[str, Any], x: int, budgets: list[int]
) -> None:
    expected, whole = play(raw, x, {}, -1)
    steps: dict[str, Step] = {}
    recorded: Counter[str] = Counter()
    for budget in [*budgets, -1]:
        outcome, run = play(raw, x, steps, budget)
        recorded += run.recorded
        if outcome != "lost":
            break
    assert outcome == expected
    assert recorded == whole.recorded
    assert set(recorded.values()) <= {1}


def test_nothing_is_told_twice_after_an_interruption() -> None:
    raw = {
        "nodes": {
            "n0": {"type": "input", "config": {}},
            "c": {
                "type": "conditional",
                "config": {"leftValue": "{{x}}", "operator": ">", "rightValue": 0},
            },
            "t": {"type": "templateOutput", "config": {"outputName": "t", "template": "{{x}}"}},
            "f": {"type": "templateOutput", "config": {"outputName": "f", "template": "{{x}}"}},
        },
        "edges": [
            {"id": "a", "source": "n0", "target": "c"},
            {"id": "b", "source": "c", "target": "t", "sourceHandle": "true"},
            {"id": "d", "source": "c", "target": "f", "sourceHandle": "false"},
        ],
    }
    _, whole = play(raw, 1, {}, -1)
    steps: dict[str, Step] = {}
    _, first = play(raw, 1, steps, 2)
    outcome, second = play(raw, 1, steps, -1)
    assert outcome == {"t": "1"}
    told = [note.type for note in (*first.notes, *second.notes)]
    assert told == [note.type for note in whole.notes]
    assert told.count("node.skipped") == 1


def recorded(key: str, order: int, output: Any = None) -> Step:
    return Step(key, "done", {"order": order, "kind": "done", "output": output})


def journal_of(*steps: Step) -> Journal:
    run: Any = FakeRun({}, {step.key: step for step in steps}, budget=0)
    return Journal(run, outputs_max_bytes=1_000)


def test_rounds_that_ran_at_the_same_time_are_taken_again_in_their_order() -> None:
    journal = journal_of(
        recorded("l[1]/b", 1),
        recorded("l[10]/b", 2),
        recorded("l[1]/m[1]/c", 3),
        recorded("l[1]/m[0]/c", 4),
        recorded("l[1]/m", 5),
        recorded("l[0]/b", 6),
        recorded("l", 7),
        recorded("other[0]/b", 8),
    )
    inside = [(one.place + one.node_id, one.loop_id, one.round) for one in journal.inside("l")]
    assert inside == [
        ("l[0]/b", "l", 0),
        ("l[1]/b", "l", 1),
        ("l[1]/m[0]/c", "m", 0),
        ("l[1]/m[1]/c", "m", 1),
        ("l[1]/m", "l", 1),
        ("l[10]/b", "l", 10),
    ]
    assert not list(journal.inside("b"))


async def test_outputs_of_a_parallel_loop_are_those_of_its_last_round_after_a_restart() -> None:
    raw = {
        "nodes": {
            "l": {
                "type": "loop",
                "config": {"loopType": "count", "count": 2, "parallel": True},
            },
            "b": {"type": "output", "config": {"outputName": "s", "value": "{{loop.index}}"}},
        },
        "edges": [
            {"id": "e1", "source": "l", "target": "b", "sourceHandle": "body"},
            {"id": "e2", "source": "b", "target": "l"},
        ],
    }
    steps = (
        recorded("l[1]/b", 1, {"s": "1"}),
        recorded("l[0]/b", 2, {"s": "0"}),
        recorded("l", 3, {"iterations": 2}),
    )
    run: Any = FakeRun({}, {step.key: step for step in steps}, budget=10)
    execution = Execution(PARTS, run, compile_definition(raw), Alarm(NotifyBus()))
    assert await Watch(execution).run() == {"s": "1"}
