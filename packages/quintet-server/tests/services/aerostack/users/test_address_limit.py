"""How often one address may call."""

from __future__ import annotations

import pytest

from quintet_server.services.aerostack.users import address_limit
from quintet_server.services.aerostack.users.address_limit import AddressLimit


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
