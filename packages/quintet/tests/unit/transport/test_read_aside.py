"""Files read in a thread beside the event loop."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from quintet.core.body import CHUNK_BYTES, Body, open_body
from quintet.transport.read_aside import READ_AHEAD, read_aside
from quintet.transport.uploads import async_outgoing

DATA = os.urandom(CHUNK_BYTES * (2 * READ_AHEAD + 3) + 5)


class Notes:
    source_failure: Exception | None = None


class Watched(io.RawIOBase):
    """A file in which each read is seen, and may be held."""

    def __init__(self, data: bytes, hold: Callable[[int], object] = lambda number: None) -> None:
        self.file = io.BytesIO(data)
        self.hold = hold
        self.reads = 0
        self.threads: set[threading.Thread] = set()
        self.inside = 0
        self.most_inside = 0

    def read(self, size: int = -1) -> bytes:
        self.threads.add(threading.current_thread())
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        self.reads += 1
        self.hold(self.reads)
        data = self.file.read(size)
        self.inside -= 1
        return data

    def tell(self) -> int:
        return self.file.tell()

    def seek(self, *place: int) -> int:
        return self.file.seek(*place)


async def send(body: Body, notes: Notes | None = None) -> bytes:
    return b"".join([chunk async for chunk in async_outgoing(body, notes or Notes())])


async def until(happened: Callable[[], Any]) -> None:
    """Wait for something that a thread does; it does so soon, or the test fails."""
    for _ in range(12_000):
        if happened():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


async def test_file_is_read_whole_and_never_on_the_loops_thread() -> None:
    file = Watched(DATA)
    assert await send(open_body(file)) == DATA
    assert threading.current_thread() not in file.threads
    assert len(file.threads) == 1


async def test_loop_goes_on_while_a_read_blocks() -> None:
    go = threading.Event()
    file = Watched(b"x" * 10, lambda number: go.wait(60))
    sending = asyncio.ensure_future(send(open_body(file)))
    await until(lambda: file.reads)
    assert not sending.done(), "the loop turns though the read has not ended"
    go.set()
    assert await sending == b"x" * 10


async def test_thread_is_only_so_far_ahead() -> None:
    file = Watched(DATA)
    body = open_body(file)
    async with aclosing(body.async_chunks(read_aside)) as chunks:
        await chunks.__anext__()
        await until(lambda: file.reads >= READ_AHEAD)
        # What was taken at once, and what is ready: never the whole file.
        assert file.reads <= 2 * READ_AHEAD + 1


async def test_progress_is_reported_on_the_loops_thread(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(DATA)
    seen: list[tuple[int, threading.Thread]] = []
    body = open_body(path, progress=lambda n, _: seen.append((n, threading.current_thread())))
    assert await send(body) == DATA
    assert seen[-1][0] == len(DATA)
    assert {thread for _, thread in seen} == {threading.current_thread()}


@pytest.mark.parametrize("number", [1, 3])
async def test_failure_of_a_read_comes_through_as_it_is(number: int) -> None:
    failure = OSError("disk gone")

    def fail(read: int) -> None:
        if read == number:
            raise failure

    notes = Notes()
    with pytest.raises(OSError, match="disk gone") as caught:
        await send(open_body(Watched(DATA, fail)), notes)
    assert caught.value is failure
    assert notes.source_failure is failure


async def test_sending_that_is_cancelled_in_a_read_leaves_at_once_and_stops_reading() -> None:
    go = threading.Event()
    file = Watched(DATA, lambda number: number == 1 or go.wait(60))
    sending = asyncio.ensure_future(send(open_body(file)))
    await until(lambda: file.reads == 2)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    go.set()
    (thread,) = file.threads
    await until(lambda: not thread.is_alive())
    assert file.reads == 2


async def test_second_sending_waits_until_the_first_has_left_the_file() -> None:
    go = threading.Event()
    file = Watched(DATA, lambda number: number != 2 or go.wait(60))
    body = open_body(file)
    first = asyncio.ensure_future(send(body))
    await until(lambda: file.reads == 2)
    first.cancel()
    await asyncio.wait({first})
    body.rewind()
    second = asyncio.ensure_future(send(body))
    for _ in range(20):
        await asyncio.sleep(0)
    assert file.reads == 2, "two threads in one file would mix it up"
    go.set()
    assert await second == DATA
    assert file.most_inside == 1


async def test_path_is_closed_when_its_sending_is_left(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(DATA)
    body = open_body(path)
    opened: list[Any] = []
    original = body._pieces

    def pieces() -> Iterator[Any]:
        for piece in original():
            opened.append(threading.current_thread())
            yield piece

    body._pieces = pieces  # type: ignore[method-assign]
    chunks = body.async_chunks(read_aside)
    await chunks.__anext__()
    await chunks.aclose()
    await until(lambda: not opened[0].is_alive())
    gc.collect()  # a file left open would be a ResourceWarning, which is an error here


def test_blocked_pipe_does_not_keep_asyncio_run_from_ending() -> None:
    read_end, write_end = os.pipe()

    async def give_up() -> None:
        with os.fdopen(read_end, "rb", buffering=0, closefd=False) as pipe:
            sending = asyncio.ensure_future(send(open_body(pipe)))
            await asyncio.sleep(0.05)
            sending.cancel()
            await asyncio.wait({sending})

    asyncio.run(asyncio.wait_for(give_up(), 60))
    os.close(write_end)  # ends the read
    for thread in threading.enumerate():
        if thread.name == "quintet-upload":
            thread.join(60)
    os.close(read_end)


def test_thread_whose_loop_has_closed_ends_quietly() -> None:
    go = threading.Event()
    file = Watched(DATA, lambda number: number == 1 or go.wait(60))

    async def leave_waiting() -> None:
        chunks = async_outgoing(open_body(file), Notes())
        async for _ in chunks:
            break
        waiting = asyncio.ensure_future(chunks.__anext__())
        await until(lambda: file.reads == 2)
        await asyncio.sleep(0)
        asyncio.get_running_loop().stop()
        await waiting

    loop = asyncio.new_event_loop()
    task = loop.create_task(leave_waiting())
    loop.run_forever()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    for other in asyncio.all_tasks(loop):
        other._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()
    go.set()
    (thread,) = file.threads
    thread.join(60)
    assert not thread.is_alive()
