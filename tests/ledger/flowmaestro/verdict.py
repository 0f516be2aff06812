"""What must hold for every execution after the storm.

Checked from four sides: the caller's list of acknowledged executions, the receiver's ledger (what
really happened, and the webhooks that told of it), the executions as the API shows them, and their
event streams.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.ledger.flowmaestro.evidence import (
    Delivery,
    Effect,
    Event,
    Kill,
    Verdict,
    was_killed_between,
)

TERMINAL = {"execution:completed", "execution:failed", "execution:cancelled"}
# Each of these is told once per execution.
WEBHOOKS = ("execution.started", "execution.completed")


@dataclass(frozen=True, slots=True)
class Shape:
    """The workflow. A step in a loop is called as in the log: `loop[1]/node`.

    Attributes:
        after: Every step, and those that must have ended before it starts.
        inside: The steps of loops: their loop starts before them and ends after them.
        effects: The steps that call the receiver.
    """

    after: Mapping[str, Sequence[str]]
    inside: Mapping[str, str]
    effects: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An acknowledged execution: which order it is, and what it must come to."""

    order: int
    outputs: Mapping[str, Any]


@dataclass(slots=True)
class Evidence:
    """Everything known after a run; executions by id."""

    shape: Shape
    wanted: Mapping[str, Wanted]
    executions: Mapping[str, Mapping[str, Any]]  # as the API shows them
    streams: Mapping[str, Sequence[Event]]  # as a reader gets them, without the greeting
    logs: Mapping[str, Sequence[int]]  # the numbers of their events in the database
    effects: Iterable[Effect]
    deliveries: Iterable[Delivery]
    kills: Sequence[Kill]


@dataclass(slots=True)
class _Steps:
    """The starts and ends of the steps of one execution, as places in its stream."""

    starts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    ends: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def judge(evidence: Evidence) -> Verdict:
    """Check every promise on every execution."""
    verdict = Verdict()
    effects: dict[int, list[Effect]] = defaultdict(list)
    for effect in evidence.effects:
        effects[effect.order].append(effect)
    deliveries: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in evidence.deliveries:
        deliveries[delivery.execution_id].append(delivery)
        if not delivery.is_genuine:
            verdict.violations.append("a webhook had a wrong signature")
    for execution_id in evidence.executions.keys() - evidence.wanted.keys():
        verdict.violations.append(f"{execution_id}: nobody asked for it (a start counted twice)")
    orders = {wanted.order for wanted in evidence.wanted.values()}
    for order in effects.keys() - orders:
        verdict.violations.append(f"order {order}: had effects, but nobody asked for it")
    for execution_id, wanted in evidence.wanted.items():
        execution = evidence.executions.get(execution_id)
        if execution is None:
            verdict.violations.append(f"{execution_id}: acknowledged and lost")
            continue
        stream = evidence.streams.get(execution_id, ())
        steps = _steps_of(stream)
        found = [
            *_of_outcome(execution, wanted),
            *_of_stream(stream, evidence.logs.get(execution_id, ())),
            *_of_steps(evidence, stream, steps),
            *_of_order(evidence.shape, steps),
            *_of_effects(evidence.shape, steps, effects[wanted.order]),
            *_of_webhooks(deliveries[execution_id]),
        ]
        verdict.violations += [f"{execution_id}: {text}" for text in found]
        _count(verdict.numbers, steps, effects[wanted.order], deliveries[execution_id])
    return verdict


def step_of(event: Event) -> str:
    """The step that an event of a node is about."""
    return str(event.data.get("step") or event.data["node_id"])


def _steps_of(stream: Sequence[Event]) -> _Steps:
    steps = _Steps()
    for place, event in enumerate(stream):
        if event.type == "node:started":
            steps.starts[step_of(event)].append(place)
        elif event.type == "node:completed":
            steps.ends[step_of(event)].append(place)
    return steps


def _of_outcome(execution: Mapping[str, Any], wanted: Wanted) -> Iterable[str]:
    """It has completed, with the right outputs, and says when."""
    if execution["status"] != "completed":
        yield f"ended as {execution['status']}: {execution.get('error')}"
    elif execution["outputs"] != wanted.outputs:
        yield f"put out {execution['outputs']}, not {wanted.outputs}"
    instants = [execution[name] for name in ("created_at", "started_at", "completed_at")]
    if not all(instants):
        yield f"lacks an instant: {instants}"
    elif instants != sorted(instants):
        yield f"has instants in a wrong order: {instants}"


def _of_stream(stream: Sequence[Event], log: Sequence[int]) -> Iterable[str]:
    """A reader gets the whole log; it begins with the start and ends with the only end."""
    if [event.number for event in stream] != list(log):
        yield f"its stream has {len(stream)} events, its log {len(log)}, or not the same ones"
    types = [event.type for event in stream]
    if types.count("execution:started") != 1 or types[0] != "execution:started":
        yield "does not begin with its only start"
    ends = [type for type in types if type in TERMINAL]
    if len(ends) != 1 or types[-1] != ends[0]:
        yield f"does not end with its only end: {ends}"
    settled = [event.data["completed"] for event in stream if event.type == "execution:progress"]
    if settled != sorted(settled):
        yield f"its progress goes back: {settled}"
    totals = {event.data["total"] for event in stream if event.type == "execution:progress"}
    if len(totals) != 1 or settled[-1:] != list(totals):
        yield f"its progress comes to {settled[-1:]} of {totals}"


def _of_steps(evidence: Evidence, stream: Sequence[Event], steps: _Steps) -> Iterable[str]:
    """Every step ends once; it starts once more for each death in between, and says so."""
    for event in stream:
        if event.type.startswith("node:") and step_of(event) not in evidence.shape.after:
            yield f"has a step {step_of(event)} that is not in the workflow"
        if event.type in ("node:failed", "node:skipped", "node:retry"):
            yield f"{step_of(event)} has {event.type}: {event.data.get('error')}"
    for step in evidence.shape.after:
        if len(steps.ends[step]) != 1:
            yield f"{step} completed {len(steps.ends[step])} times"
        starts = [stream[place] for place in steps.starts[step]]
        if not starts:
            yield f"{step} never started"
        if len(starts) > 1 and step not in evidence.shape.effects:
            yield f"{step} has no effect, yet started {len(starts)} times"
        for number, start in enumerate(starts, 1):
            told = (start.data.get("attempt", 1), start.data.get("recovered", False))
            if told != (number, number > 1):
                yield f"{step}: start {number} says {told}"
        for before, again in itertools.pairwise(starts):
            if not was_killed_between(evidence.kills, before.number, again.number):
                yield f"{step} started again though nothing was killed"


def _of_order(shape: Shape, steps: _Steps) -> Iterable[str]:
    """Nothing starts before what it waits for has ended."""

    def first(places: dict[str, list[int]], step: str) -> float:
        return min(places[step], default=float("inf"))

    def last(places: dict[str, list[int]], step: str) -> float:
        return max(places[step], default=float("-inf"))

    for step, others in shape.after.items():
        for other in others:
            if first(steps.starts, step) < last(steps.ends, other):
                yield f"{step} started before {other} had ended"
        if last(steps.starts, step) > first(steps.ends, step):
            yield f"{step} started after it had ended"
    for step, loop in shape.inside.items():
        if first(steps.starts, step) < first(steps.starts, loop):
            yield f"{step} started before its loop"
        if last(steps.ends, step) > first(steps.ends, loop):
            yield f"{step} ended after its loop"


def _of_effects(shape: Shape, steps: _Steps, effects: Sequence[Effect]) -> Iterable[str]:
    """Each happened, no more often than its step was started, and always under one key."""
    calls: dict[str, list[str]] = defaultdict(list)
    for effect in effects:
        calls[effect.step].append(effect.key)
    for step in calls.keys() - shape.effects:
        yield f"{step} has called, and should not"
    for step in shape.effects:
        if not calls[step]:
            yield f"{step} counts as completed, but its effect never happened"
        if len(calls[step]) > len(steps.starts[step]):
            yield f"{step} happened {len(calls[step])} times in {len(steps.starts[step])} starts"
        if len(set(calls[step])) > 1 or "" in calls[step]:
            yield f"{step} was called under the keys {sorted(set(calls[step]))}"
    keys = Counter(key for step in calls for key in set(calls[step]))
    for key, count in keys.items():
        if count > 1:
            yield f"{count} steps share the key {key}"


def _of_webhooks(deliveries: Sequence[Delivery]) -> Iterable[str]:
    """Each is one event, however often it was delivered."""
    ids: dict[str, set[str]] = defaultdict(set)
    for delivery in deliveries:
        ids[delivery.event].add(delivery.id)
    for event in WEBHOOKS:
        if len(ids[event]) != 1:
            yield f"{event} was told as {len(ids[event])} events"
    for event in ids.keys() - set(WEBHOOKS):
        yield f"{event} was told, and should not"


def _count(
    numbers: Counter[str],
    steps: _Steps,
    effects: Sequence[Effect],
    deliveries: Sequence[Delivery],
) -> None:
    numbers["executions"] += 1
    numbers["effects"] += len(effects)
    numbers["effects repeated"] += len(effects) - len({effect.step for effect in effects})
    numbers["steps started again"] += sum(len(places) - 1 for places in steps.starts.values())
    numbers["deliveries repeated"] += len(deliveries) - len({one.id for one in deliveries})
