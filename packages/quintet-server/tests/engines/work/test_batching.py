"""Natural batching, on its own."""

from __future__ import annotations

import asyncio

import pytest

from quintet_server.engines.work.batching import Batcher


class Recorder:
    """A flush that can be held, and remembers its batches."""

    def __init__(self):
        self.batches = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items):
        self.batches.append(list(items))
        await self.gate.wait()
        return [ValueError(item) if item == "bad" else item.upper() for item in items]


async def test_a_single_item_goes_at_once_alone():
    recorder = Recorder()
    batcher = Batcher(recorder, max_count=10)
    assert await batcher.submit("a") == "A"
    assert recorder.batches == [["a"]]


async def test_items_that_arrive_meanwhile_share_the_next_batch():
    recorder = Recorder()
    recorder.gate.clear()
    batcher = Batcher(recorder, max_count=3)
    tasks = [asyncio.create_task(batcher.submit("a"))]
    await asyncio.sleep(0.001)
    tasks += [asyncio.create_task(batcher.submit(name)) for name in "bcde"]
    await asyncio.sleep(0.001)
    recorder.gate.set()
    assert await asyncio.gather(*tasks) == list("ABCDE")
    assert recorder.batches == [["a"], ["b", "c", "d"], ["e"]]


async def test_an_exception_for_one_item_is_raised_to_it_alone():
    batcher = Batcher(Recorder(), max_count=9)
    results = await asyncio.gather(
        *(batcher.submit(name) for name in ("a", "bad", "c")), return_exceptions=True
    )
    assert [results[0], results[2]] == ["A", "C"]
    assert isinstance(results[1], ValueError)


async def test_a_flush_that_raises_fails_its_batch_and_not_the_next():
    calls = 0

    async def flush(items):
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("away")
        return items

    batcher = Batcher(flush, max_count=9)
    with pytest.raises(OSError, match="away"):
        await batcher.submit("a")
    assert await batcher.submit("b") == "b"


async def test_equal_keys_never_share_a_batch_and_keep_their_order():
    recorder = Recorder()
    batcher = Batcher(recorder, max_count=9, key=lambda item: item[0])
    await asyncio.gather(*(batcher.submit(item) for item in ("a1", "b1", "a2", "a3", "c1")))
    assert recorder.batches == [["a1", "b1", "c1"], ["a2"], ["a3"]]


async def test_a_submitter_that_left_is_not_flushed():
    recorder = Recorder()
    recorder.gate.clear()
    batcher = Batcher(recorder, max_count=9)
    first = asyncio.create_task(batcher.submit("a"))
    await asyncio.sleep(0.001)
    leaver = asyncio.create_task(batcher.submit("b"))
    await asyncio.sleep(0.001)
    leaver.cancel()
    recorder.gate.set()
    assert await first == "A"
    assert await batcher.submit("c") == "C"
    assert recorder.batches == [["a"], ["c"]]
