"""What is due when, and what the driver is to do next: shared by the parts of the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quintet.core.backoff import Backoff
from zeridion_flare._worker_core.actions import Action, Note
from zeridion_flare._worker_core.events import WorkerEvent
from zeridion_flare._worker_core.schedule import Schedule

Timer = tuple[str, int]
"""The subject of a timer and the execution it is for (0 when it is for none)."""

POLL: Timer = ("poll", 0)
REGISTER: Timer = ("register", 0)
PHASE: Timer = ("phase", 0)


class Agenda:
    """The outgoing actions, the timetable and the dice."""

    __slots__ = ("_actions", "_random", "timers")

    def __init__(self, random: Callable[[], float]) -> None:
        self.timers: Schedule[Timer] = Schedule()
        self._actions: list[Action] = []
        self._random = random

    def emit(self, action: Action) -> None:
        """Add an action for the driver."""
        self._actions.append(action)

    def note(self, name: str, level: int, message: str, **fields: Any) -> None:
        """Add an event for the log and the hooks."""
        self._actions.append(Note(WorkerEvent(name, level, message, **fields)))

    def take(self) -> list[Action]:
        """Return the actions collected so far and start afresh."""
        actions, self._actions = self._actions, []
        return actions

    def wait(self, backoff: Backoff, attempt: int, hint: float | None) -> float:
        """Return seconds to wait: half fixed and half jitter, never less than the server's hint.

        Full jitter may come out at nearly zero, which a loop that never ends must not do.
        """
        ceiling = backoff.ceiling(attempt)
        return max(ceiling * (0.5 + 0.5 * self._random()), hint or 0.0)

    def jitter(self, seconds: float, spread: float) -> float:
        """Return ``seconds`` shortened by up to the fraction ``spread``."""
        return seconds * (1.0 - spread * self._random())
