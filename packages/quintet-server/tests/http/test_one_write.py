"""Writes of one step leave as one, in order, and nothing is lost."""

from __future__ import annotations

import asyncio

from quintet_server.http.one_write import _JoiningTransport


class Wire(asyncio.Transport):
    """Remembers what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0


async def test_head_and_body_leave_as_one_write() -> None:
    wire = Wire()
    joined = _JoiningTransport(wire, asyncio.get_running_loop())
    joined.write(b"head")
    joined.write(b"body")
    assert wire.writes == [b"headbody"]


async def test_a_lone_write_leaves_when_the_loop_comes_round() -> None:
    wire = Wire()
    joined = _JoiningTransport(wire, asyncio.get_running_loop())
    joined.write(b"event")
    assert wire.writes == []
    assert joined.get_write_buffer_size() == 5
    await asyncio.sleep(0)
    assert wire.writes == [b"event"]


async def test_a_large_write_does_not_wait_behind_what_was_held() -> None:
    wire = Wire()
    joined = _JoiningTransport(wire, asyncio.get_running_loop())
    joined.write(b"head")
    joined.write(b"x" * 100_000)
    assert wire.writes == [b"head", b"x" * 100_000]
    joined.write(b"y" * 100_000)
    assert len(wire.writes) == 3
    await asyncio.sleep(0)
    assert len(wire.writes) == 3


async def test_many_writes_keep_their_order() -> None:
    wire = Wire()
    joined = _JoiningTransport(wire, asyncio.get_running_loop())
    for number in range(7):
        joined.write(b"%d" % number)
    await asyncio.sleep(0)
    assert b"".join(wire.writes) == b"0123456"


async def test_close_writes_what_is_held_first() -> None:
    wire = Wire()
    joined = _JoiningTransport(wire, asyncio.get_running_loop())
    joined.write(b"last")
    joined.close()
    assert wire.writes == [b"last"]
    assert wire.closed


async def test_abort_drops_what_is_held() -> None:
    wire = Wire()
    joined = _JoiningTransport(wire, asyncio.get_running_loop())
    joined.write(b"never")
    joined.abort()
    await asyncio.sleep(0)
    assert wire.writes == []
