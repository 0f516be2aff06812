"""Whether an execution has anything left to do but to wait.

Every node under way counts as active. One that waits (for an instant, for a person) or that only
waits for the nodes inside it (a loop) is idle too. When all active ones are idle, whoever watches
the execution is told: it can be parked or paused then, and holds nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Generic, TypeVar

R = TypeVar("R")


class Idleness(Generic[R]):
    """The nodes under way, counted."""

    def __init__(self) -> None:
        self.stir = asyncio.Event()
        """Set whenever the watcher should look again."""
        self.waits: dict[str, datetime] = {}
        self.reviews: dict[str, R] = {}
        self._active = 0
        self._idle = 0

    @property
    def is_idle(self) -> bool:
        """Whether everything under way waits."""
        return self._active == self._idle > 0

    def enter(self, count: int) -> None:
        """Nodes are under way."""
        self._active += count

    def leave(self, count: int) -> None:
        """Nodes have ended, and what they made possible has entered."""
        self._active -= count
        self._look()

    @contextmanager
    def delegating(self) -> Iterator[None]:
        """A node waits for the nodes inside it."""
        self._idle += 1
        self._look()
        try:
            yield
        finally:
            self._idle -= 1

    @contextmanager
    def waiting(self, key: str, until: datetime) -> Iterator[None]:
        """A node waits for an instant."""
        self.waits[key] = until
        try:
            with self.delegating():
                yield
        finally:
            del self.waits[key]

    @contextmanager
    def reviewing(self, key: str, review: R) -> Iterator[None]:
        """A node waits for a person."""
        self.reviews[key] = review
        try:
            with self.delegating():
                yield
        finally:
            del self.reviews[key]

    def _look(self) -> None:
        if self.is_idle:
            self.stir.set()
