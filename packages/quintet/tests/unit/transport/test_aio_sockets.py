"""One connection on an event loop: what arrives when, who is woken, when a limit ends a wait."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any, cast

import pytest

from quintet.transport.aio_sockets import AsyncConnection
from quintet.transport.http11 import RemoteProtocolError
from quintet.transport.watch import ReadError, ReadTimeout, WriteError

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Keeper:
    def __init__(self) -> None:
        self.told: list[str] = []

    def spoilt(self, connection: AsyncConnection) -> None:
        self.told.append("spoilt")

    def gone(self, connection: AsyncConnection) -> None:
        self.told.append("gone")


class Transport:
    """What asyncio would hand over, with nothing behind it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.did: list[str] = []

    def write(self, data: bytes) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return "abort" in self.did

    def pause_reading(self) -> None:
        self.did.append("pause")

    def resume_reading(self) -> None:
        self.did.append("resume")

    def abort(self) -> None:
        self.did.append("abort")


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


class Rig:
    """A connection whose request has been written."""

    def __init__(self, *, asking: bool = True) -> None:
        self.clock = Clock()
        self.keeper = Keeper()
        self.transport = Transport()
        self.loop = asyncio.get_running_loop()
        self.connection = AsyncConnection(self.loop, self.clock, self.keeper, "http://a")
        self.connection.connection_made(cast("Any", self.transport))
        if asking:
            self.ask()

    def ask(self) -> None:
        self.connection.begin()
        (data,) = self.connection.http.request("GET", b"/", [(b"Host", b"a")], None)
        self.connection.write(data)


async def test_answer_that_comes_at_once_is_whole_and_the_connection_rests() -> None:
    rig = Rig()
    waiting = asyncio.ensure_future(rig.connection.answer(None))
    await asyncio.sleep(0)
    rig.connection.data_received(ANSWER)
    assert (await waiting).status == 200
    assert rig.connection.whole == b"abc"
    assert rig.connection.rest()
    assert rig.keeper.told == []


async def test_task_is_woken_once_however_the_head_is_cut() -> None:
    rig = Rig()
    waits = 0

    async def ask() -> Any:
        nonlocal waits
        while rig.connection.head is None:
            waits += 1
            await rig.connection.wait(None)
        return rig.connection.head

    waiting = asyncio.ensure_future(ask())
    await asyncio.sleep(0)
    for at in range(len(ANSWER)):
        rig.connection.data_received(ANSWER[at : at + 1])
        await asyncio.sleep(0)
    assert (await waiting).status == 200
    assert waits == 1


async def test_bytes_that_nobody_asked_for_spoil_a_connection_that_rests() -> None:
    rig = Rig()
    rig.connection.data_received(ANSWER)
    assert rig.connection.rest()
    rig.connection.data_received(b"HTTP/1.1 200 OK\r\n")
    assert rig.connection.spoilt
    assert rig.keeper.told == ["spoilt"]


async def test_bytes_behind_a_whole_answer_spoil_the_connection_but_not_the_answer() -> None:
    rig = Rig()
    rig.connection.data_received(ANSWER)
    rig.connection.data_received(b"x")
    assert rig.connection.whole == b"abc"
    assert not rig.connection.rest()


@pytest.mark.parametrize("lost", [True, False])
async def test_peer_that_goes_while_the_connection_rests_spoils_it(lost: bool) -> None:
    rig = Rig()
    rig.connection.data_received(ANSWER)
    assert rig.connection.rest()
    if lost:
        rig.connection.connection_lost(ConnectionResetError())
    else:
        assert rig.connection.eof_received() is False
    assert rig.connection.spoilt
    with pytest.raises(WriteError):
        rig.connection.begin()


async def test_pieces_that_came_between_two_reads_are_read_as_one() -> None:
    rig = Rig()
    rig.connection.data_received(CHUNKED)
    for _ in range(100):
        rig.connection.data_received(b"1\r\na\r\n")
    assert await rig.connection.read(None) == b"a" * 100
    assert not rig.connection.complete()
    rig.connection.data_received(b"1\r\nb\r\n0\r\n\r\n")
    assert await rig.connection.read(None) == b"b"
    assert rig.connection.complete()
    assert await rig.connection.read(None) == b""
    assert rig.connection.rest()


async def test_bytes_before_a_wrong_chunk_are_read_before_the_error() -> None:
    rig = Rig()
    rig.connection.data_received(CHUNKED)
    rig.connection.data_received(b"1\r\na\r\nzz\r\n")
    assert await rig.connection.read(None) == b"a"
    assert not rig.connection.complete()
    with pytest.raises(RemoteProtocolError):
        await rig.connection.read(None)


async def test_bytes_before_a_broken_connection_are_read_before_the_error() -> None:
    rig = Rig()
    rig.connection.data_received(CHUNKED)
    rig.connection.data_received(b"1\r\na\r\n")
    rig.connection.connection_lost(ConnectionResetError("reset"))
    assert await rig.connection.read(None) == b"a"
    with pytest.raises(ReadError, match="reset"):
        await rig.connection.read(None)


async def test_reading_pauses_at_its_bound_and_goes_on_when_somebody_reads() -> None:
    rig = Rig()
    rig.connection.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
    rig.connection.data_received(bytes(200_000))
    assert rig.transport.did == []
    rig.connection.data_received(bytes(100_000))
    rig.connection.data_received(bytes(1))
    assert rig.transport.did == ["pause"]
    assert len(await rig.connection.read(None)) == 300_001
    assert rig.transport.did == ["pause", "resume"]


async def test_failure_that_came_while_nobody_waited_is_raised_by_who_waits_next() -> None:
    rig = Rig()
    rig.connection.data_received(b"nonsense\r\n\r\n")
    with pytest.raises(RemoteProtocolError):
        await rig.connection.answer(None)


@pytest.mark.parametrize("begun", [True, False])
async def test_peer_that_closes_before_the_head_is_a_failure(begun: bool) -> None:
    rig = Rig()
    if begun:
        rig.connection.data_received(ANSWER[:10])
    rig.connection.eof_received()
    with pytest.raises(RemoteProtocolError):
        await rig.connection.answer(None)
    assert rig.connection.http.begun is begun


async def test_answer_in_the_socket_of_a_broken_connection_is_not_lost() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.sendall(ANSWER)
        rig = Rig()
        rig.connection.sock = ours
        # asyncio ends a connection whose write fails without a look at what came in.
        rig.connection.connection_lost(BrokenPipeError())
    assert (await rig.connection.answer(None)).status == 200
    assert rig.connection.whole == b"abc"
    assert not rig.connection.rest()


async def test_broken_connection_without_an_answer_says_what_broke() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        rig = Rig()
        rig.connection.sock = ours
        rig.connection.connection_lost(BrokenPipeError("broken"))
    with pytest.raises(ReadError, match="broken"):
        await rig.connection.answer(None)


async def test_closed_connection_tells_who_waits() -> None:
    rig = Rig()
    waiting = asyncio.ensure_future(rig.connection.answer(None))
    await asyncio.sleep(0)
    rig.connection.close()
    with pytest.raises(ReadError, match="closed"):
        await waiting
    assert rig.transport.did == ["abort"]
    assert rig.keeper.told == ["gone"]
    rig.connection.data_received(ANSWER)
    rig.connection.connection_lost(None)
    assert rig.keeper.told == ["gone", "gone"]
    rig.connection.close()
    assert rig.transport.did == ["abort"]


async def test_closing_a_connection_of_a_loop_that_is_closed_is_no_error() -> None:
    rig = Rig()

    def abort() -> None:
        raise RuntimeError("Event loop is closed")

    rig.transport.abort = abort  # type: ignore[method-assign]
    rig.connection.close()


# Limits.


def timers(loop: asyncio.AbstractEventLoop) -> int:
    """Return how many timers the loop has that will fire."""
    return sum(not timer.cancelled() for timer in loop._scheduled)  # type: ignore[attr-defined]


async def test_limit_that_is_over_is_seen_without_waiting() -> None:
    rig = Rig()
    with pytest.raises(ReadTimeout):
        await rig.connection.answer(100.0)
    rig.connection.data_received(CHUNKED)
    rig.connection.data_received(b"1\r\na\r\n")
    with pytest.raises(ReadTimeout):
        await rig.connection.read(99.0)


async def test_limit_ends_a_wait() -> None:
    rig = Rig()
    waiting = asyncio.ensure_future(rig.connection.answer(100.02))
    await asyncio.sleep(0)
    rig.clock.time = 100.03
    with pytest.raises(ReadTimeout):
        await asyncio.wait_for(waiting, 60)


async def test_timer_that_fires_before_a_later_limit_is_set_anew() -> None:
    rig = Rig()
    before = timers(rig.loop)
    first = asyncio.ensure_future(rig.connection.answer(1000.0))
    await asyncio.sleep(0)
    rig.connection.data_received(CHUNKED)
    await first
    # A later limit moves no timer: it is the first one's that is still there.
    later = asyncio.ensure_future(rig.connection.read(2000.0))
    await asyncio.sleep(0)
    assert timers(rig.loop) == before + 1
    rig.clock.time = 1000.0
    rig.connection._look()
    await asyncio.sleep(0)
    assert not later.done()
    assert timers(rig.loop) == before + 1
    rig.clock.time = 2000.0
    rig.connection._look()
    with pytest.raises(ReadTimeout):
        await later
    assert timers(rig.loop) == before


async def test_earlier_limit_moves_the_timer() -> None:
    rig = Rig()
    before = timers(rig.loop)
    first = asyncio.ensure_future(rig.connection.answer(1000.0))
    await asyncio.sleep(0)
    rig.connection.data_received(CHUNKED)
    await first
    sooner = asyncio.ensure_future(rig.connection.read(100.01))
    await asyncio.sleep(0)
    assert timers(rig.loop) <= before + 1
    rig.clock.time = 100.02
    with pytest.raises(ReadTimeout):
        await asyncio.wait_for(sooner, 60)


async def test_timer_that_fires_while_nobody_waits_is_not_set_anew() -> None:
    rig = Rig()
    before = timers(rig.loop)
    first = asyncio.ensure_future(rig.connection.answer(1000.0))
    await asyncio.sleep(0)
    rig.connection.data_received(ANSWER)
    await first
    assert timers(rig.loop) == before + 1
    rig.clock.time = 1000.0
    rig.connection._look()
    assert timers(rig.loop) == before


async def test_closed_connection_leaves_no_timer() -> None:
    rig = Rig()
    before = timers(rig.loop)
    waiting = asyncio.ensure_future(rig.connection.answer(1000.0))
    await asyncio.sleep(0)
    assert timers(rig.loop) == before + 1
    rig.connection.close()
    with pytest.raises(ReadError):
        await waiting
    assert timers(rig.loop) == before


async def test_bytes_of_a_tunnel_are_received_as_they_come() -> None:
    rig = Rig(asking=False)
    waiting = asyncio.ensure_future(rig.connection.receive(None))
    await asyncio.sleep(0)
    rig.connection.data_received(b"one")
    rig.connection.data_received(b"two")
    assert await waiting == b"onetwo"
    rig.connection.eof_received()
    assert await rig.connection.receive(None) == b""
    with pytest.raises(ReadTimeout):
        rig = Rig(asking=False)
        await rig.connection.receive(100.0)


async def test_peer_that_is_behind_and_catches_up_is_noted() -> None:
    rig = Rig()
    rig.connection.pause_writing()
    assert rig.connection.full
    waiting = rig.connection.wait(None)
    rig.connection.resume_writing()
    await waiting
    assert not rig.connection.full
    assert not rig.connection.closing()
    rig.connection.close()
    assert rig.connection.closing()


async def test_connection_whose_peer_speaks_before_it_is_asked_begins_nothing() -> None:
    """However the bytes came: whether asyncio heeds a pause before TLS depends on its version."""
    rig = Rig(asking=False)
    rig.connection.data_received(b"evil")
    with pytest.raises(RemoteProtocolError, match="nobody asked for"):
        rig.connection.begin()


async def test_answer_behind_nonsense_is_none() -> None:
    """Both may have come before the task that waits has had its turn."""
    rig = Rig()
    waiting = asyncio.ensure_future(rig.connection.answer(None))
    await asyncio.sleep(0)
    rig.connection.data_received(b"220 ")
    rig.connection.data_received(ANSWER)
    with pytest.raises(RemoteProtocolError):
        await waiting
    assert not rig.connection.rest()


@pytest.mark.parametrize("early", [True, False])
async def test_end_by_an_alert_of_tls_keeps_it_as_its_cause(early: bool) -> None:
    rig = Rig(asking=not early)
    alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] required")
    rig.connection.connection_lost(alert)
    with pytest.raises(ReadError) as caught:
        if early:
            rig.connection.begin()
        await rig.connection.answer(None)
    assert caught.value.__cause__ is alert
