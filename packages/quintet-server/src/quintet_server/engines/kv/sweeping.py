"""Removing expired entries now and then, in the background. No reader depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from quintet_server.store.background import end

__all__ = ["Sweeper"]

_log = structlog.get_logger(__name__)


class Sweeper:
    """Runs `sweep` every so often, until it is stopped."""

    def __init__(
        self,
        sweep: Callable[[], Awaitable[int]],
        period_seconds: float,
        passing: tuple[type[Exception], ...],
    ) -> None:
        """`passing`: errors of a store that is away for now; the next round tries again."""
        self._sweep = sweep
        self._period = period_seconds
        self._passing = passing
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round comes after one period."""
        self._task = asyncio.create_task(self._run(), name="kv-sweeper")

    async def stop(self) -> None:
        """End."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._period)
            try:
                swept = await self._sweep()
            except self._passing as error:
                _log.warning("kv_sweep_failed", error=str(error).strip())
            else:
                _log.debug("kv_swept", entries=swept)
