"""ULIDs."""

from __future__ import annotations

import threading
import time

from hypothesis import given, strategies as st
from ulid import ULID

from quintet_server.store.ids import encode_ulid, new_id, new_ulid


@given(st.integers(0, 2**128 - 1))
def test_encoding_is_that_of_an_independent_library(value: int) -> None:
    assert encode_ulid(value) == str(ULID(value.to_bytes(16, "big")))


def test_ids_ascend_also_across_threads() -> None:
    made: list[list[str]] = [[] for _ in range(4)]

    def make(into: list[str]) -> None:
        into.extend(new_ulid() for _ in range(2000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(into == sorted(into) for into in made)
    assert len({ulid for into in made for ulid in into}) == 8000


def test_id_has_its_prefix_and_the_time_in_it() -> None:
    prefix, _, ulid = new_id("job").partition("_")
    assert prefix == "job"
    assert abs(ULID.from_str(ulid).timestamp - time.time()) < 60


def test_clock_that_goes_back_does_not_reorder(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    first = new_ulid()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_ulid() > first
