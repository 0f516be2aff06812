"""Calls of Python functions, each in a process that does nothing else meanwhile.

A process has one file loaded and stays for the next call, until it has been idle for long, the file
has changed, another file needs its place, or a call in it took too long: that one is killed, and no
other call notices. The number of processes is bounded; calls beyond it wait, within their own time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import structlog

from quintet_server.engines.callables.model import (
    CallableError,
    CallableFailed,
    CallablesBusy,
    CallableTimedOut,
    CallableUnavailable,
    Target,
)
from quintet_server.engines.callables.process import FunctionProcess
from quintet_server.engines.callables.settings import CallableSettings

_log = structlog.get_logger(__name__)


class Callables:
    """The processes of one server. Safe to use from many tasks of one event loop."""

    def __init__(self, settings: CallableSettings | None = None) -> None:
        self.settings = settings or CallableSettings()
        self._idle: deque[FunctionProcess] = deque()  # longest idle first
        self._timers: dict[FunctionProcess, asyncio.TimerHandle] = {}
        self._places = asyncio.Semaphore(self.settings.processes_max_count)
        self._waiting = 0
        self._busy: set[FunctionProcess] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._is_stopped = False

    @property
    def process_ids(self) -> list[int]:
        """The processes that wait for a call, longest idle first."""
        return [process.pid for process in self._idle if process.pid is not None]

    async def call(self, target: str, argument: Any, *, timeout: float) -> Any:
        """Return what a function answers to one JSON value, as JSON says it.

        `target`: `path/to/file.py:function`, best an absolute path. `timeout`: seconds for the
        function, and as many for a free process before; loading the file has a bound of its own.
        Cancelling the call kills its process, as the timeout does.

        Raises:
            CallableFailed: the function raised, its answer is no JSON or too large, or its process
                ended; the traceback is logged.
            CallableTimedOut, CallableUnavailable, CallablesBusy.
        """
        wanted = Target.parse(target)
        try:
            async with self._place(timeout):
                return await self._call(wanted, argument, timeout)
        except (CallableFailed, CallableUnavailable) as error:
            _log.warning(
                "callable_failed", target=target, error=str(error), traceback=error.traceback
            )
            raise
        except CallableError as error:
            _log.warning("callable_failed", target=target, error=str(error))
            raise

    async def stop(self) -> None:
        """End every process; calls under way fail."""
        self._is_stopped = True
        while self._idle:
            self._end(self._take(self._idle[0]))
        for process in list(self._busy):
            self._end(process)
        while self._endings:
            await asyncio.gather(*self._endings)

    @contextlib.asynccontextmanager
    async def _place(self, timeout: float) -> AsyncIterator[None]:
        """The right to one process; given back at the end."""
        most = self.settings.processes_max_count
        if self._places.locked() and self._waiting >= self.settings.waiting_max_count:
            raise CallablesBusy(f"all {most} processes are at work, and too many calls wait")
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout):
                await self._places.acquire()
        except TimeoutError:
            message = f"all {most} processes were at work for {timeout:g} s"
            raise CallablesBusy(f"{message} (QUINTET_CALLABLES_PROCESSES_MAX_COUNT)") from None
        finally:
            self._waiting -= 1
        try:
            if self._is_stopped:
                raise CallablesBusy("the server is stopping")
            yield
        finally:
            self._places.release()

    async def _call(self, target: Target, argument: Any, timeout: float) -> Any:
        process = await self._process(target.file)
        is_fit = False
        try:
            async with asyncio.timeout(timeout):
                answer = await process.call(target.function, argument)
            is_fit = True
            return answer
        except TimeoutError:
            raise CallableTimedOut(target, timeout) from None
        except CallableFailed as failure:
            is_fit = failure.type != "ProcessEnded"
            raise
        finally:
            self._busy.discard(process)
            if is_fit and not self._is_stopped:
                self._keep(process)
            else:
                await self._ended(process)

    async def _process(self, file: Path) -> FunctionProcess:
        """An idle process of this file as it is now, or a new one."""
        for process in [one for one in reversed(self._idle) if one.file == file]:
            self._take(process)
            if process.is_usable:
                self._busy.add(process)
                return process
            self._end(process)
        process = FunctionProcess(file, self.settings)
        self._busy.add(process)
        try:
            await self._make_room()
            await process.start()
        except BaseException:
            self._busy.discard(process)
            await self._ended(process)
            raise
        return process

    async def _make_room(self) -> None:
        """Idle processes have no place of their own: those of other files go first."""
        while self._idle and len(self._idle) + len(self._busy) > self.settings.processes_max_count:
            await self._ended(self._take(self._idle[0]))

    def _keep(self, process: FunctionProcess) -> None:
        self._idle.append(process)
        loop = asyncio.get_running_loop()
        self._timers[process] = loop.call_later(self.settings.idle_seconds, self._retire, process)

    def _retire(self, process: FunctionProcess) -> None:
        self._end(self._take(process))

    def _take(self, process: FunctionProcess) -> FunctionProcess:
        self._idle.remove(process)
        self._timers.pop(process).cancel()
        return process

    def _end(self, process: FunctionProcess) -> None:
        """Kill in the background; :meth:`stop` waits for it."""
        self._endings.add(task := asyncio.create_task(process.kill(), name="callable-end"))
        task.add_done_callback(self._endings.discard)

    async def _ended(self, process: FunctionProcess) -> None:
        """Kill, to the end even when the caller is cancelled meanwhile."""
        self._endings.add(task := asyncio.create_task(process.kill(), name="callable-end"))
        task.add_done_callback(self._endings.discard)
        await asyncio.shield(task)
