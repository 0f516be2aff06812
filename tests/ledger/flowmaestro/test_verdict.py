"""The judge itself: it must be able to say no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.ledger.flowmaestro.evidence import Delivery, Effect, Event, Kill
from tests.ledger.flowmaestro.verdict import Evidence, Shape, Wanted, judge

SHAPE = Shape(
    after={"call": (), "loop": ("call",), "loop[0]/pack": ("call",)},
    inside={"loop[0]/pack": "loop"},
    effects=frozenset({"call", "loop[0]/pack"}),
)
KILL = Kill("anywhere", 0, 1000)
Told = tuple[str, dict[str, Any]]


def node(what: str, step: str, **more: Any) -> Told:
    return f"node:{what}", {"node_id": step.rpartition("/")[2], "step": step, **more}


def progress(completed: int) -> Told:
    return "execution:progress", {"completed": completed, "total": 2}


START: Told = ("execution:started", {})
END: Told = ("execution:completed", {})
CALL = [node("started", "call"), node("completed", "call"), progress(1)]
LOOP = [
    node("started", "loop"),
    node("started", "loop[0]/pack"),
    node("completed", "loop[0]/pack"),
    node("completed", "loop"),
    progress(2),
]
PLAIN = [START, *CALL, *LOOP, END]
AGAIN = node("started", "call", attempt=2, recovered=True)
TWICE = [START, CALL[0], AGAIN, *CALL[1:], *LOOP, END]
EXECUTION = {
    "id": "a",
    "status": "completed",
    "outputs": {"x": 1},
    "created_at": "2026-01-01T00:00:00.000Z",
    "started_at": "2026-01-01T00:00:00.000Z",
    "completed_at": "2026-01-01T00:00:01.000Z",
}
EFFECTS = [Effect(7, "call", "a:call"), Effect(7, "loop[0]/pack", "a:pack")]
DELIVERIES = [
    Delivery("evt_1", "execution.started", "a"),
    Delivery("evt_2", "execution.completed", "a"),
]


def evidence(told: Sequence[Told] = PLAIN, kills: Sequence[Kill] = ()) -> Evidence:
    stream = [Event(number, type, data) for number, (type, data) in enumerate(told, 1)]
    return Evidence(
        shape=SHAPE,
        wanted={"a": Wanted(7, {"x": 1})},
        executions={"a": EXECUTION},
        streams={"a": stream},
        logs={"a": [event.number for event in stream]},
        effects=EFFECTS,
        deliveries=DELIVERIES,
        kills=kills,
    )


def violations(found: Evidence) -> str:
    return "; ".join(judge(found).violations)


def test_judge_of_a_plain_execution_finds_nothing() -> None:
    assert not violations(evidence())


def test_judge_of_a_step_repeated_after_a_kill_finds_nothing() -> None:
    found = replace(evidence(TWICE, [KILL]), effects=[EFFECTS[0], *EFFECTS])
    assert not violations(found)
    assert judge(found).numbers["effects repeated"] == 1


def test_judge_of_a_repeated_delivery_finds_nothing() -> None:
    assert not violations(replace(evidence(), deliveries=[*DELIVERIES, DELIVERIES[0]]))


@pytest.mark.parametrize(
    ("told", "kills", "text"),
    [
        (PLAIN[:-1], [], "its only end"),
        ([*PLAIN, END], [], "its only end"),
        ([*PLAIN[:-1], END, progress(2)], [], "its only end"),
        ([START, *PLAIN], [], "its only start"),
        ([CALL[0], START, *CALL[1:], *LOOP, END], [], "its only start"),
        (TWICE, [], "nothing was killed"),
        (TWICE, [Kill("anywhere", 0, 1), Kill("anywhere", 9, 9)], "nothing was killed"),
        ([START, CALL[0], *PLAIN[1:]], [KILL], "start 2 says (1, False)"),
        ([START, *CALL[:2], *CALL[1:], *LOOP, END], [], "call completed 2 times"),
        ([START, *CALL, AGAIN, *LOOP, END], [KILL], "started after it had ended"),
        ([START, CALL[0], CALL[2], *LOOP, END], [], "call completed 0 times"),
        ([START, *CALL[1:], *LOOP, END], [], "call never started"),
        ([START, LOOP[0], *CALL, *LOOP[1:], END], [], "loop started before call had ended"),
        ([START, *CALL, LOOP[1], LOOP[0], *LOOP[2:], END], [], "started before its loop"),
        ([START, *CALL, *LOOP[:2], LOOP[3], LOOP[2], LOOP[4], END], [], "ended after its loop"),
        (
            [START, *CALL, LOOP[0], node("started", "loop", attempt=2, recovered=True), *LOOP[1:]],
            [KILL],
            "loop has no effect",
        ),
        ([*PLAIN[:-1], node("started", "other"), END], [], "not in the workflow"),
        ([*PLAIN[:-1], node("failed", "call", error="no"), END], [], "call has node:failed: no"),
        ([*PLAIN[:-1], progress(1), END], [], "progress goes back"),
        ([*PLAIN[:-2], END], [], "progress comes to [1]"),
    ],
)
def test_judge_of_a_wrong_stream_names_it(told: list[Told], kills: list[Kill], text: str) -> None:
    assert text in violations(evidence(told, kills))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda e: replace(e, executions={}), "acknowledged and lost"),
        (lambda e: replace(e, wanted={}), "nobody asked for it"),
        (lambda e: replace(e, wanted={"a": Wanted(8, {"x": 1})}), "order 7: had effects"),
        (lambda e: replace(e, wanted={"a": Wanted(7, {"x": 2})}), "put out {'x': 1}"),
        (lambda e: with_execution(e, status="running"), "ended as running"),
        (lambda e: with_execution(e, started_at=None), "lacks an instant"),
        (lambda e: with_execution(e, completed_at="2025"), "instants in a wrong order"),
        (lambda e: replace(e, logs={"a": [1, 2]}), "its log 2"),
        (lambda e: replace(e, effects=EFFECTS[:1]), "its effect never happened"),
        (lambda e: replace(e, effects=[*EFFECTS, EFFECTS[0]]), "happened 2 times in 1 starts"),
        (lambda e: replace(e, effects=[*EFFECTS, Effect(7, "call", "b")]), "under the keys"),
        (lambda e: replace(e, effects=[replace(EFFECTS[0], key=""), EFFECTS[1]]), "under the keys"),
        (lambda e: replace(e, effects=[replace(one, key="k") for one in EFFECTS]), "share the key"),
        (lambda e: replace(e, effects=[*EFFECTS, Effect(7, "loop", "c")]), "and should not"),
        (lambda e: replace(e, deliveries=DELIVERIES[:1]), "completed was told as 0 events"),
        (
            lambda e: replace(e, deliveries=[*DELIVERIES, replace(DELIVERIES[1], id="evt_3")]),
            "completed was told as 2 events",
        ),
        (
            lambda e: replace(
                e, deliveries=[*DELIVERIES, Delivery("evt_3", "execution.failed", "a")]
            ),
            "failed was told, and should not",
        ),
        (
            lambda e: replace(
                e, deliveries=[*DELIVERIES, replace(DELIVERIES[1], is_genuine=False)]
            ),
            "wrong signature",
        ),
    ],
)
def test_judge_of_a_broken_promise_names_it(
    spoil: Callable[[Evidence], Evidence], text: str
) -> None:
    assert text in violations(spoil(evidence()))


def with_execution(found: Evidence, **fields: Any) -> Evidence:
    return replace(found, executions={"a": {**EXECUTION, **fields}})
