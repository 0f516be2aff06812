"""Counting of failed authentication."""

from __future__ import annotations

import pytest

from quintet_server.http.errors import ApiError
from quintet_server.services.ghostflow.account.failures import Failures
from quintet_server.services.ghostflow.errors import auth_refused
from quintet_server.services.ghostflow.settings import GhostFlowSettings

NOW = 1_800_000_000.0


def failures(**settings: float) -> Failures:
    return Failures(GhostFlowSettings(**settings))  # type: ignore[arg-type]


def fail(counts: Failures, address: str = "192.0.2.1", now: float = NOW) -> ApiError:
    return counts.refusal(auth_refused("AUTH_REQUIRED", "Who?"), address, now)


def test_address_has_to_wait_once_it_failed_too_often() -> None:
    counts = failures(auth_failures_per_minute=2)
    assert [fail(counts).status for _ in range(3)] == [401, 401, 429]
    assert fail(counts).headers["Retry-After"] == "30"
    assert fail(counts, "192.0.2.2").status == 401
    assert fail(counts, now=NOW + 30).status == 401
    assert fail(counts, now=NOW + 30).status == 429


def test_headers_tell_what_is_left_and_when_all_is_well_again() -> None:
    counts = failures(auth_failures_per_minute=4)
    for _ in range(3):
        error = fail(counts)
    assert error.headers["WWW-Authenticate"] == "Bearer"
    assert {name: error.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")} == {
        "Limit": "4",
        "Remaining": "1",
    }
    assert error.headers["X-RateLimit-Reset"] == str(int(NOW) + 45)


def test_no_limit_lets_any_number_fail_and_has_whole_numbers_in_its_headers() -> None:
    counts = failures(auth_failures_per_minute=0)
    for _ in range(100):
        error = fail(counts)
        counts.check_login("192.0.2.1", "ann", NOW)
    assert error.status == 401
    assert all(int(error.headers[f"X-RateLimit-{name}"]) > 0 for name in ("Limit", "Reset"))


def test_passwords_wait_for_the_address_and_for_the_email() -> None:
    counts = failures(auth_failures_per_minute=5, login_failures_max_count=2)
    for _ in range(2):
        counts.login_failed("ann", NOW)
    with pytest.raises(ApiError) as caught:
        counts.check_login("192.0.2.1", "ann", NOW)
    assert caught.value.status == 429
    assert int(caught.value.headers["Retry-After"]) == 450
    counts.check_login("192.0.2.1", "bob", NOW)
    counts.login_succeeded("ann")
    counts.check_login("192.0.2.1", "ann", NOW)
    for _ in range(5):
        fail(counts)
    with pytest.raises(ApiError):
        counts.check_login("192.0.2.1", "bob", NOW)
    counts.check_login("192.0.2.2", "bob", NOW)
