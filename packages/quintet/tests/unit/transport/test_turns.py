"""Threads get what they wait for in the order they came, and no turn is ever lost."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from quintet.transport import turns as module
from quintet.transport.turns import Turns

lock_of_threads = threading.Lock


class Late(Exception):
    """The time of whoever waits is over."""


class Shelf:
    """Things that threads wait for."""

    def __init__(self, *things: str) -> None:
        self.things = list(things)
        self.lock = threading.Lock()
        self.turns = Turns(self.lock)

    def ask(self) -> str | None:
        assert self.lock.locked()
        return self.things.pop() if self.things else None

    def put(self, thing: str) -> None:
        with self.lock:
            self.things.append(thing)
        self.turns.wake()

    def wait(self, seconds: float | None = None) -> str:
        until = None if seconds is None else time.monotonic() + seconds

        def left() -> float | None:
            if until is None:
                return None
            if (rest := until - time.monotonic()) <= 0:
                raise Late
            return rest

        return self.turns.wait(self.ask, left)


def started(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_what_is_there_is_got_without_waiting() -> None:
    shelf = Shelf("a")
    assert shelf.wait(0.0001) == "a"
    assert not shelf.turns.waiting


def test_what_does_not_come_in_time_leaves_nothing_behind() -> None:
    shelf = Shelf()
    with pytest.raises(Late):
        shelf.wait(0.02)
    assert not shelf.turns.waiting
    shelf.put("a")
    assert shelf.wait() == "a"


def test_threads_are_served_in_the_order_they_came() -> None:
    shelf = Shelf()
    order: list[int] = []

    def work(name: int) -> None:
        thing = shelf.wait(60)
        order.append(name)
        shelf.put(thing)

    threads = []
    for name in range(6):
        threads.append(started(lambda name=name: work(name)))  # type: ignore[misc]
        while len(shelf.turns.waiting) <= name:
            time.sleep(0.001)
    shelf.put("a")
    for thread in threads:
        thread.join(60)
    assert order == [0, 1, 2, 3, 4, 5]
    assert shelf.things == ["a"]


def test_several_things_at_once_serve_several_threads() -> None:
    shelf = Shelf()
    got: list[str] = []
    threads = [started(lambda: got.append(shelf.wait(60))) for _ in range(3)]
    while len(shelf.turns.waiting) < 3:
        time.sleep(0.001)
    with shelf.lock:
        shelf.things += ["a", "b", "c"]
    shelf.turns.wake()  # once: each that leaves wakes the next
    for thread in threads:
        thread.join(60)
    assert sorted(got) == ["a", "b", "c"]


class Interrupting:
    """A lock whose waiting is interrupted."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._lock = lock_of_threads()
        self._meanwhile = meanwhile

    def acquire(self, timeout: float | None = None) -> bool:
        if timeout is None:
            return self._lock.acquire()
        self._meanwhile()
        raise KeyboardInterrupt

    def release(self) -> None:
        self._lock.release()


@pytest.mark.parametrize("comes", [True, False])
def test_interrupted_wait_gives_up_its_place_and_takes_nothing(
    comes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    with monkeypatch.context() as patch:
        patch.setattr(
            module.threading,
            "Lock",
            lambda: Interrupting(lambda: shelf.put("a") if comes else None),
        )
        with pytest.raises(KeyboardInterrupt):
            shelf.wait()
    assert not shelf.turns.waiting
    assert shelf.things == ["a"] * comes


def test_place_of_a_thread_that_was_torn_out_of_the_line_falls_vacant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf()

    def interrupted(self: Turns, place: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Turns, "_vacate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            shelf.wait(0.001)
    gc.collect()
    assert len(shelf.turns.waiting) == 1
    shelf.put("a")
    assert shelf.wait(60) == "a"
    assert not shelf.turns.waiting


def test_lost_wake_up_holds_up_the_line_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_AGAIN_SECONDS", 0.01)
    shelf = Shelf()
    got: list[str] = []
    thread = started(lambda: got.append(shelf.wait()))
    while not shelf.turns.waiting:
        time.sleep(0.001)
    with shelf.lock:
        shelf.things.append("a")  # and nobody is woken
    thread.join(60)
    assert got == ["a"]


def test_failure_to_ask_leaves_the_line() -> None:
    shelf = Shelf()

    def closed() -> None:
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        shelf.turns.wait(closed, lambda: None)
    assert not shelf.turns.waiting


def test_waking_while_nobody_waits_does_nothing() -> None:
    turns = Shelf().turns
    turns.wake()
    turns.wake()
