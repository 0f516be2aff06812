"""The drivers perform effects, keep one exchange, and always let it go."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from quintet.core.effects import Close, Emit, Read, Send, Sleep
from quintet.core.headers import Headers
from quintet.core.request import Request
from quintet.drive import AsyncDriver, Driver
from quintet.testing import AsyncScriptedTransport, FakeClock, ScriptedTransport, reply

REQUEST = Request("GET", "http://x/")


class Rig:
    """One of the two drivers on a script, with one face."""

    def __init__(self, blocking: bool, *script: Any) -> None:
        self.clock = FakeClock()
        self.transport: Any
        self.driver: Any
        if blocking:
            self.transport = ScriptedTransport(script)
            self.driver = Driver(self.transport, self.clock.sleep)
        else:
            self.transport = AsyncScriptedTransport(script)
            self.driver = AsyncDriver(self.transport, self.clock.asleep)
        self.blocking = blocking

    async def run(self, program: Any) -> Any:
        return self.driver.run(program) if self.blocking else await self.driver.run(program)

    async def collect(self, program: Any) -> list[Any]:
        if self.blocking:
            return list(self.driver.iterate(program))
        return [item async for item in self.driver.iterate(program)]


@pytest.fixture(params=[True, False], ids=["blocking", "asyncio"])
def rig(request: pytest.FixtureRequest) -> Any:
    return lambda *script: Rig(request.param, *script)


def read_all(emit: bool = False) -> Generator[Any, Any, bytes]:
    exchange = yield Send(REQUEST, None, None)
    body = b""
    while piece := (yield Read(exchange, None, None)):
        body += piece
        if emit:
            yield Emit(piece)
    yield Sleep(2.5)
    yield Close(exchange)
    return body


async def test_run_performs_every_effect_and_returns_the_value(rig: Any) -> None:
    bench = rig(reply(200, chunks=[b"a", b"b"]))
    assert await bench.run(read_all()) == b"ab"
    assert bench.clock.sleeps == [2.5]
    assert bench.transport.open_exchanges == 0


async def test_iterate_yields_what_is_emitted(rig: Any) -> None:
    bench = rig(reply(200, chunks=[b"a", b"b"]))
    assert await bench.collect(read_all(emit=True)) == [b"a", b"b"]
    assert bench.transport.open_exchanges == 0


@pytest.mark.parametrize("way", ["run", "collect"])
async def test_failure_is_thrown_into_the_program_where_it_waits(rig: Any, way: str) -> None:
    def program() -> Generator[Any, Any, str]:
        try:
            yield Send(REQUEST, None, None)
        except ConnectionError as failure:
            yield Sleep(1.0)
            return str(failure)
        return "no failure"

    bench = rig(ConnectionError("down"))
    result = await getattr(bench, way)(program())
    assert result in ("down", [])
    assert bench.clock.sleeps == [1.0]


@pytest.mark.parametrize("way", ["run", "collect"])
async def test_what_the_program_raises_comes_out_and_the_exchange_is_dropped(
    rig: Any, way: str
) -> None:
    def program() -> Generator[Any, Any, None]:
        yield Send(REQUEST, None, None)
        raise KeyError("mine")

    bench = rig(reply(200, body=b"unread"))
    with pytest.raises(KeyError, match="mine"):
        await getattr(bench, way)(program())
    assert bench.transport.open_exchanges == 0


@pytest.mark.parametrize("way", ["run", "collect"])
async def test_interrupt_is_not_thrown_into_the_program(rig: Any, way: str) -> None:
    thrown: list[BaseException] = []

    def program() -> Generator[Any, Any, None]:
        yield Send(REQUEST, None, None)
        try:
            yield Sleep(1.0)
        except BaseException as error:
            thrown.append(error)
            raise

    bench = rig(reply(200, body=b"unread"))

    def interrupt(seconds: float) -> Any:
        raise KeyboardInterrupt

    bench.driver._sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        await getattr(bench, way)(program())
    assert bench.transport.open_exchanges == 0
    assert [type(error) for error in thrown] in ([], [GeneratorExit])


async def test_second_close_does_nothing(rig: Any) -> None:
    def program() -> Generator[Any, Any, None]:
        exchange = yield Send(REQUEST, None, None)
        yield Close(exchange)
        yield Close(exchange)

    bench = rig(reply())
    await bench.run(program())
    assert bench.transport.open_exchanges == 0


def test_iteration_that_is_dropped_closes_its_exchange() -> None:
    bench = Rig(True, reply(200, chunks=[b"a", b"b"]))
    iteration = bench.driver.iterate(read_all(emit=True))
    next(iteration)
    assert bench.transport.open_exchanges == 1
    del iteration
    assert bench.transport.open_exchanges == 0


async def test_asyncio_iteration_that_is_closed_closes_its_exchange() -> None:
    bench = Rig(False, reply(200, chunks=[b"a", b"b"]))
    iteration = bench.driver.iterate(read_all(emit=True))
    await iteration.__anext__()
    await iteration.aclose()
    assert bench.transport.open_exchanges == 0


async def test_cancelled_task_drops_its_exchange() -> None:
    bench = Rig(False, reply(200, body=b"x"))
    bench.driver._sleep = asyncio.sleep

    def program() -> Generator[Any, Any, None]:
        yield Send(REQUEST, None, None)
        yield Sleep(60.0)

    task = asyncio.create_task(bench.run(program()))
    await asyncio.sleep(0.01)
    assert bench.transport.open_exchanges == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.transport.open_exchanges == 0


async def test_emit_outside_an_iteration_is_ignored(rig: Any) -> None:
    def program() -> Generator[Any, Any, str]:
        yield Emit(1)
        return "end"

    assert await rig().run(program()) == "end"


class _Blocking:
    """An exchange that can be read to its end in one go, if it is asked to."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(self, until: float | None, seconds: float | None) -> bytes:
        self.asked.append("read")
        return b"a"

    def read_rest(self, until: float | None, seconds: float | None) -> bytes:
        self.asked.append("rest")
        return b"abc"

    def close(self) -> None: ...


class _Asyncio(_Blocking):
    async def read(self, until: float | None, seconds: float | None) -> bytes:  # type: ignore[override]
        return super().read(until, seconds)

    async def read_rest(self, until: float | None, seconds: float | None) -> bytes:  # type: ignore[override]
        return super().read_rest(until, seconds)

    async def close(self) -> None: ...  # type: ignore[override]


async def test_rest_is_read_in_one_go_where_that_can_be_done(rig: Any) -> None:
    def program(exchange: Any) -> Generator[Any, Any, tuple[bytes, bytes]]:
        rest = yield Read(exchange, None, None, rest=True)
        piece = yield Read(exchange, None, None)
        return rest, piece

    bench = rig()
    exchange = _Blocking() if bench.blocking else _Asyncio()
    assert await bench.run(program(exchange)) == (b"abc", b"a")
    assert exchange.asked == ["rest", "read"]


async def test_rest_is_read_in_pieces_where_the_exchange_knows_no_better(rig: Any) -> None:
    def program() -> Generator[Any, Any, bytes]:
        exchange = yield Send(REQUEST, None, None)
        return (yield Read(exchange, None, None, rest=True))

    assert await rig(reply(200, chunks=[b"a", b"b"])).run(program()) == b"a"


class Whole:
    """An answer that came with its head; its connection was given back before anyone saw it."""

    status, headers, http_version, whole = 200, Headers(), "HTTP/1.1", b"{}"
    closed = 0

    def close(self) -> None:
        self.closed += 1


async def test_answer_that_came_whole_has_nothing_to_close(rig: Any) -> None:
    def program() -> Generator[Any, Any, bytes]:
        exchange = yield Send(REQUEST, None, None)
        yield Close(exchange)
        return exchange.whole  # type: ignore[no-any-return]

    played, whole = rig(), Whole()

    async def send_later(*_: Any) -> Whole:
        return whole

    played.transport.send = (lambda *_: whole) if played.blocking else send_later
    assert await played.run(program()) == b"{}"
    assert whole.closed == 0
