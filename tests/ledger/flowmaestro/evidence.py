"""What is known after a storm, from sides that cannot have agreed beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Kill:
    """A server's death: number of the last event before it, and when all it had sent was in."""

    kind: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a reader of the stream got it, its number being the id of the frame."""

    number: int
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """What the receiver was asked to do: by which order, in which step, under which key."""

    order: int
    step: str
    key: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as the receiver got it."""

    id: str
    event: str
    execution_id: str
    is_genuine: bool = True


@dataclass(slots=True)
class Verdict:
    """What was found: promises broken, and how rough the run was."""

    violations: list[str] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)


def was_killed_between(kills: Sequence[Kill], first: int, last: int) -> bool:
    """Whether a server's death explains that what began at one event began again at another."""
    return any(kill.before < last and kill.after >= first for kill in kills)
