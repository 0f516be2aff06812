"""The threads a worker is made of: grown when needed, never in the way of the process's end."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import CancelledError

import pytest

from zeridion_flare._daemon_threads import DaemonThreads
from zeridion_flare._loop_thread import LoopThread


def test_threads_grow_to_their_limit_and_are_used_again() -> None:
    threads = DaemonThreads(2, "test-pool")
    gate, begun = threading.Event(), threading.Semaphore(0)
    done = threading.Semaphore(0)

    def work() -> None:
        begun.release()
        gate.wait(10)
        done.release()

    for _ in range(5):
        threads.submit(work)
    assert begun.acquire(timeout=60)
    assert begun.acquire(timeout=60)
    assert threads.count == 2
    gate.set()
    for _ in range(5):
        assert done.acquire(timeout=60)
    threads.submit(work)
    assert done.acquire(timeout=60)
    assert threads.count == 2
    threads.close()
    threads.submit(work)
    assert not done.acquire(timeout=0.05)


def test_one_idle_thread_is_enough_for_work_that_follows() -> None:
    threads = DaemonThreads(10, "test-pool")
    done = threading.Event()
    threads.submit(done.set)
    assert done.wait(60)
    for _ in range(100):
        if threads._free == 1:
            break
        threading.Event().wait(0.01)
    done.clear()
    threads.submit(done.set)
    assert done.wait(60)
    assert threads.count == 1
    threads.close()


def test_thread_survives_an_error_of_its_work(caplog: pytest.LogCaptureFixture) -> None:
    threads = DaemonThreads(1, "test-pool")
    done = threading.Event()

    def broken() -> None:
        raise RuntimeError("a bug")

    with caplog.at_level(logging.ERROR):
        threads.submit(broken)
        threads.submit(done.set)
        assert done.wait(60)
    assert "a bug" in caplog.text
    threads.close()


async def _name() -> str:
    await asyncio.sleep(0)
    return threading.current_thread().name


async def _raise() -> None:
    raise KeyError("x")


async def _sleep(cleaned: list[bool]) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        cleaned.append(True)


def test_coroutines_run_on_the_loops_thread_and_hand_back_what_came() -> None:
    loop = LoopThread("test-loop")
    assert loop.call(_name).result() == "test-loop"
    with pytest.raises(KeyError):
        loop.call(_raise).result()
    loop.close()
    assert loop.call(_name).result() == "test-loop"  # it starts again when needed
    loop.close()
    loop.close()


def test_interrupted_coroutine_has_cleaned_up_when_its_result_comes() -> None:
    loop = LoopThread("test-loop")
    cleaned: list[bool] = []
    call = loop.call(lambda: _sleep(cleaned))
    loop.call(_name).result()
    call.interrupt()
    with pytest.raises(CancelledError):
        call.result()
    assert cleaned == [True]
    loop.close()


def test_closing_cancels_what_still_runs() -> None:
    loop = LoopThread("test-loop")
    cleaned: list[bool] = []
    call = loop.call(lambda: _sleep(cleaned))
    loop.call(_name).result()
    loop.close()
    with pytest.raises(CancelledError):
        call.result()
    assert cleaned == [True]
