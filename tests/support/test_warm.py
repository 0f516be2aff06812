"""The process that forks servers may be gone: killed for want of memory, perhaps."""

from __future__ import annotations

import functools
import socket
import sys

import pytest

from tests.support import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")


def test_fork_of_a_process_that_is_gone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_MODULE", "tests.support.waiting")  # which ends at once
    gone = warm._WarmProcess()
    gone._process.wait()
    for _ in range(2):
        with pytest.raises(warm._Died):
            gone.fork(["--help"], {}, 1, 2)
    gone.close()


def test_process_that_is_gone_is_replaced_by_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []

    class Warm:
        is_gone = False

        def fork(self, *_: object) -> tuple[int, socket.socket]:
            if self.is_gone:
                raise warm._Died
            return id(self), socket.socket()

        def close(self) -> None:
            closed.append(self)

    def fork() -> int:
        pid, told = warm._fork(["--help"], {}, 1, 2)
        told.close()
        return pid

    monkeypatch.setattr(warm, "_warm_process", functools.cache(Warm))
    first = warm._warm_process()
    assert fork() == id(first)
    first.is_gone = True  # type: ignore[attr-defined]
    second = fork()
    assert second == id(warm._warm_process()) != id(first)
    assert closed == [first]
    assert fork() == second
