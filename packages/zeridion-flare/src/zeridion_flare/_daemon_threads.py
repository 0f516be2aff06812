"""Threads that never keep a process alive, grown as they are needed.

``concurrent.futures`` joins its threads when the interpreter exits, so one handler that never
returns would keep an abandoned worker's process for ever.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

logger = logging.getLogger("zeridion_flare.worker")


class DaemonThreads:
    """At most ``limit`` daemon threads that run what they are given, in order."""

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._count = 0
        self._free = 0
        self._closed = False

    def submit(self, work: Callable[[], object]) -> None:
        """Run ``work`` in a thread, once one is free. Never blocks; ignored after :meth:`close`."""
        with self._lock:
            if self._closed:
                return
            self._free -= 1
            grow = self._free < 0 and self._count < self._limit
            if grow:
                self._count += 1
                self._free += 1
        self._queue.put(work)
        if grow:
            threading.Thread(
                target=self._serve, name=f"{self._name}-{self._count}", daemon=True
            ).start()

    def close(self) -> None:
        """Let the threads end once they have done what they were given; does not wait."""
        with self._lock:
            self._closed = True
            count = self._count
        for _ in range(count):
            self._queue.put(None)

    @property
    def count(self) -> int:
        """How many threads were started."""
        return self._count

    def _serve(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception:
                logger.exception("a worker thread met an error of this package")
            with self._lock:
                self._free += 1
