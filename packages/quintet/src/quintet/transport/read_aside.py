"""Reading a file beside the event loop, in a thread.

It is a thread of its own for each sending and not one of the loop's executor: a pipe may block for
ever, and a handful of them would use that executor up, name resolution included, and keep
``asyncio.run`` from ending.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from quintet.core.body import Body

__all__ = ["READ_AHEAD", "read_aside"]

READ_AHEAD = 4
"""Pieces a thread may be ahead of the network: 1 MiB, so that the two seldom have to wait."""

_last_reader: weakref.WeakKeyDictionary[Body, threading.Thread] = weakref.WeakKeyDictionary()


async def read_aside(body: Body, pieces: Iterator[Any]) -> AsyncGenerator[Any, None]:
    """Yield what a blocking iterator gives, walked in a thread."""
    reader = _Reader(pieces, asyncio.get_running_loop(), _last_reader.get(body))
    _last_reader[body] = reader
    reader.start()
    try:
        while batch := await reader.take():
            for piece in batch:
                yield piece
    finally:
        reader.stop()


class _Reader(threading.Thread):
    """Walks an iterator, a bounded number of pieces ahead of whoever takes them.

    Args:
        pieces: What to walk.
        loop: Where they are taken.
        before: The reader of an earlier sending of the same body.  It may still be in the middle
            of a read when the body is sent again, and two must not read one file at once.
    """

    def __init__(
        self,
        pieces: Iterator[Any],
        loop: asyncio.AbstractEventLoop,
        before: threading.Thread | None,
    ) -> None:
        super().__init__(name="quintet-upload", daemon=True)
        self._pieces = pieces
        self._loop = loop
        self._before = before
        self._ready: deque[Any] = deque()
        self._changed = threading.Condition()
        self._waiter: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None
        self._ended = False
        self._stopped = False

    async def take(self) -> list[Any]:
        """Return what has been read, at least one piece; none at the end."""
        while True:
            with self._changed:
                batch = list(self._ready)
                self._ready.clear()
                self._changed.notify()
                if batch:
                    return batch
                if self._ended:
                    break
                self._waiter = waiter = self._loop.create_future()
            await waiter
        if self._failure is not None:
            raise self._failure
        return []

    def stop(self) -> None:
        """Have the thread end after the read it is in; never waits for it."""
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._changed.notify()

    def run(self) -> None:
        if self._before is not None:
            self._before.join()
            self._before = None
        try:
            for piece in self._pieces:
                if not self._give(piece):
                    break
        except BaseException as failure:
            self._failure = failure
        _close(self._pieces)
        with self._changed:
            self._ended = True
            self._wake()

    def _give(self, piece: Any) -> bool:
        """Put a piece where it is taken; wait while there are too many; tell whether to go on."""
        with self._changed:
            self._ready.append(piece)
            self._wake()
            while len(self._ready) >= READ_AHEAD and not self._stopped:
                self._changed.wait()
            return not self._stopped

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            try:
                self._loop.call_soon_threadsafe(_set, waiter)
            except RuntimeError:  # the loop has been closed, and nobody waits any more
                self._stopped = True


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _close(pieces: Iterator[Any]) -> None:
    """Let go of a file that the iterator opened, in the thread that reads it."""
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
