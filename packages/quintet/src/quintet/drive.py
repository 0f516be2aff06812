"""The two drivers: they perform the effects of a program, and decide nothing.

A driver owns the exchange that is open at the moment.  When a program ends, fails, is abandoned
by its consumer, or when the thread or task is interrupted (Ctrl-C, cancellation), the driver
drops that exchange, so that no connection is leaked and none is reused half-read.

``run`` performs the effects on the spot: a small call is a single ``Send``, and a helper object
around it would cost more than all that is left to do.  ``iterate`` has one, for streams are long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from quintet.core.effects import Close, Emit, Read, Send, Sleep

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from quintet.core.effects import Effect, Program
    from quintet.transport.interface import AsyncTransport, Transport

__all__ = ["AsyncDriver", "Driver"]

T = TypeVar("T")


class Driver:
    """Performs programs by blocking the calling thread.  One driver serves many threads."""

    def __init__(self, transport: Transport, sleep: Callable[[float], Any]) -> None:
        self._transport = transport
        self._sleep = sleep

    def run(self, program: Program[T]) -> T:
        """Perform ``program`` to its end and return its value."""
        opened: Any = None
        try:
            effect = next(program)
            while True:
                answer: Any = None
                try:
                    if isinstance(effect, Send):
                        answer = opened = self._transport.send(
                            effect.request, effect.until, effect.seconds
                        )
                        if getattr(answer, "whole", None) is not None:
                            opened = None  # its connection serves others already
                    elif isinstance(effect, Read):
                        # What a program reads is what this driver opened, so it can be read.
                        exchange: Any = effect.exchange
                        read = exchange.read
                        if effect.rest:
                            read = getattr(exchange, "read_rest", read)
                        answer = read(effect.until, effect.seconds)
                    elif isinstance(effect, Sleep):
                        self._sleep(effect.seconds)
                    elif isinstance(effect, Close) and opened is not None:
                        done, opened = opened, None
                        done.close()
                except Exception as failure:
                    effect = program.throw(failure)
                else:
                    effect = program.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            if opened is not None:
                opened.close()

    def iterate(self, program: Program[Any]) -> Generator[Any, None, None]:
        """Perform ``program``, yielding what it emits."""
        steps = _Steps(self._transport, self._sleep)
        try:
            effect = next(program)
            while True:
                if type(effect) is Emit:
                    yield effect.value
                    effect = program.send(None)
                    continue
                try:
                    answer = steps.perform(effect)
                except Exception as failure:
                    effect = program.throw(failure)
                else:
                    effect = program.send(answer)
        except StopIteration:
            return
        finally:
            steps.drop()


class _Steps:
    __slots__ = ("_open", "_sleep", "_transport")

    def __init__(self, transport: Transport, sleep: Callable[[float], Any]) -> None:
        self._transport = transport
        self._sleep = sleep
        self._open: Any = None

    def perform(self, effect: Effect) -> Any:
        if isinstance(effect, Read):
            return self._open.read(effect.until, effect.seconds)
        if isinstance(effect, Send):
            self._open = self._transport.send(effect.request, effect.until, effect.seconds)
            return self._open
        if isinstance(effect, Close):
            self.drop()
        elif isinstance(effect, Sleep):
            self._sleep(effect.seconds)
        return None

    def drop(self) -> None:
        exchange, self._open = self._open, None
        if exchange is not None:
            exchange.close()


class AsyncDriver:
    """Performs programs on the running event loop.  One driver serves many tasks."""

    def __init__(self, transport: AsyncTransport, sleep: Callable[[float], Awaitable[Any]]) -> None:
        self._transport = transport
        self._sleep = sleep

    async def run(self, program: Program[T]) -> T:
        """Perform ``program`` to its end and return its value."""
        opened: Any = None
        try:
            effect = next(program)
            while True:
                answer: Any = None
                try:
                    if isinstance(effect, Send):
                        answer = opened = await self._transport.send(
                            effect.request, effect.until, effect.seconds
                        )
                        if getattr(answer, "whole", None) is not None:
                            opened = None  # its connection serves others already
                    elif isinstance(effect, Read):
                        # What a program reads is what this driver opened, so it can be read.
                        exchange: Any = effect.exchange
                        read = exchange.read
                        if effect.rest:
                            read = getattr(exchange, "read_rest", read)
                        answer = await read(effect.until, effect.seconds)
                    elif isinstance(effect, Sleep):
                        await self._sleep(effect.seconds)
                    elif isinstance(effect, Close) and opened is not None:
                        done, opened = opened, None
                        await done.close()
                except Exception as failure:
                    effect = program.throw(failure)
                else:
                    effect = program.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            if opened is not None:
                await opened.close()

    async def iterate(self, program: Program[Any]) -> AsyncGenerator[Any, None]:
        """Perform ``program``, yielding what it emits."""
        steps = _AsyncSteps(self._transport, self._sleep)
        try:
            effect = next(program)
            while True:
                if type(effect) is Emit:
                    yield effect.value
                    effect = program.send(None)
                    continue
                try:
                    answer = await steps.perform(effect)
                except Exception as failure:
                    effect = program.throw(failure)
                else:
                    effect = program.send(answer)
        except StopIteration:
            return
        finally:
            await steps.drop()


class _AsyncSteps:
    __slots__ = ("_open", "_sleep", "_transport")

    def __init__(self, transport: AsyncTransport, sleep: Callable[[float], Awaitable[Any]]) -> None:
        self._transport = transport
        self._sleep = sleep
        self._open: Any = None

    async def perform(self, effect: Effect) -> Any:
        if isinstance(effect, Read):
            return await self._open.read(effect.until, effect.seconds)
        if isinstance(effect, Send):
            self._open = await self._transport.send(effect.request, effect.until, effect.seconds)
            return self._open
        if isinstance(effect, Close):
            await self.drop()
        elif isinstance(effect, Sleep):
            await self._sleep(effect.seconds)
        return None

    async def drop(self) -> None:
        exchange, self._open = self._open, None
        if exchange is not None:
            await exchange.close()
