"""Natural batching: what arrives while a statement runs shares the next one.

Nothing is ever held back to fill a batch: an idle batcher runs a single item at once. Under load
the batches grow by themselves and the cost of a round trip and of a commit is shared.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Runs `flush(items)` for whatever has been submitted, one statement at a time.

    `flush` answers with one result per item, in order; a result that is an exception is raised to
    its submitter alone. If `flush` itself raises, every submitter of that batch gets the error.
    `key(item)` tells items apart that must not share a batch: a second one with the same key
    waits for the next statement, and order among equals is kept.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        max_count: int,
        key: Callable[[T], Hashable] | None = None,
    ) -> None:
        self._flush = flush
        self._max_count = max_count
        self._key = key
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """Return the result for `item`.

        A submitter that is cancelled before its batch starts has done nothing; later, the
        statement runs to its end without it.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while batch := self._take():
                await self._answer(batch)
        finally:
            self._task = None
            for _, future in self._waiting:  # only after a cancellation from outside
                future.cancel()
            self._waiting.clear()

    def _take(self) -> list[tuple[T, asyncio.Future[R]]]:
        batch: list[tuple[T, asyncio.Future[R]]] = []
        later: list[tuple[T, asyncio.Future[R]]] = []
        seen: set[Hashable] = set()
        while self._waiting and len(batch) < self._max_count:
            entry = self._waiting.popleft()
            if entry[1].done():
                continue
            if self._key is not None:
                key = self._key(entry[0])
                if key in seen:
                    later.append(entry)
                    continue
                seen.add(key)
            batch.append(entry)
        self._waiting.extendleft(reversed(later))
        return batch

    async def _answer(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._flush([item for item, _ in batch])
        except Exception as error:
            results = [error] * len(batch)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
