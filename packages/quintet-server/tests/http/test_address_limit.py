"""How often one address may call."""

from __future__ import annotations

import pytest

from quintet_server.http import address_limit
from quintet_server.http.address_limit import AddressLimit


def test_so_many_at_once_then_at_the_pace_allowed() -> None:
    limit = AddressLimit(60)
    assert [limit.seconds_to_wait("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert limit.seconds_to_wait("a", 0.0) == pytest.approx(1.0)
    assert limit.seconds_to_wait("b", 0.0) == 0.0
    assert limit.seconds_to_wait("a", 1.0) == 0.0
    assert limit.seconds_to_wait("a", 1.5) == pytest.approx(0.5)


def test_clock_set_back_costs_nothing() -> None:
    limit = AddressLimit(1)
    assert limit.seconds_to_wait("a", 100.0) == 0.0
    assert limit.seconds_to_wait("a", 50.0) == pytest.approx(60.0)


def test_memory_is_bounded_and_keeps_the_busiest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_limit, "_REMEMBERED_MAX_COUNT", 10)
    limit = AddressLimit(3)
    for _ in range(3):
        limit.seconds_to_wait("busy", 0.0)
    for number in range(100):
        limit.seconds_to_wait(f"n{number}", 0.0)
        assert len(limit._levels) <= 10
    assert limit.seconds_to_wait("busy", 0.0) > 0


def test_what_is_only_looked_at_is_not_counted() -> None:
    limit = AddressLimit(2, window_seconds=20.0)
    assert [limit.seconds_until_room("a", 0.0) for _ in range(5)] == [0.0] * 5
    limit.count("a", 0.0)
    limit.count("a", 0.0)
    assert limit.seconds_until_room("a", 0.0) == pytest.approx(10.0)
    # Beyond the bound nothing is counted: whoever goes on does not wait the longer for it.
    limit.count("a", 0.0)
    assert limit.seconds_until_room("a", 0.0) == pytest.approx(10.0)
    limit.forget("a")
    assert limit.seconds_until_room("a", 0.0) == 0.0


def test_headers_are_whole_numbers() -> None:
    limit = AddressLimit(3)
    limit.count("a", 100.0)
    assert dict(limit.headers("a", 110.5)) == {
        b"x-ratelimit-limit": b"3",
        b"x-ratelimit-remaining": b"2",
        b"x-ratelimit-reset": b"120",
    }
