"""What the guide shows, line by line, with nothing but the key and the URL in the environment."""

from __future__ import annotations

import time

import pytest

from ghostflow import (
    AsyncGhostFlowClient,
    AuthenticationError,
    GhostFlowClient,
    GhostFlowError,
    NotFoundError,
    RateLimitedError,
)
from tests.support.ghostflow import GhostFlowServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("ghostflow")]

WRONG_KEY = "gf_" + "0" * 43


def test_usage_does_and_prints_what_the_guide_says(
    server: GhostFlowServer, capsys: pytest.CaptureFixture[str]
) -> None:
    gf = GhostFlowClient()  # picks up GF_API_KEY from env

    # List campaigns
    campaigns, rl = gf.get("/campaigns")
    print(f"Found {len(campaigns)} campaigns, {rl.remaining} requests left")

    # Create a campaign
    campaign, _ = gf.post(
        "/campaigns",
        json={
            "name": "Summer Promo",
            "url": "https://example.com/promo",
        },
    )
    print(f"Created campaign {campaign['id']}")

    # Dashboard stats
    stats, _ = gf.get("/reports/dashboard", **{"from": "2025-01-01", "to": "2025-01-31"})

    try:
        gf.get("/campaigns/non-existent-id")
    except GhostFlowError as e:
        if e.code == "NOT_FOUND":
            print("Campaign does not exist")
        elif e.code == "AUTH_INVALID_API_KEY":
            print("Check your API key")
        elif e.code == "RATE_LIMITED":
            print("Slow down — retry after backoff")
        else:
            print(f"API error {e.status}: {e}")

    assert rl.limit == 100_000
    assert rl.remaining is not None
    assert rl.limit > rl.remaining > 0
    assert rl.reset is not None
    assert rl.reset <= time.time() + 60
    assert stats["totals"]["clicks"] == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Found 0 campaigns, {rl.remaining} requests left",
        f"Created campaign {campaign['id']}",
        "Campaign does not exist",
    ]
    again, _ = gf.get("/campaigns")
    assert [one["id"] for one in again] == [campaign["id"]]
    gf.close()


async def test_usage_does_the_same_asynchronously(
    server: GhostFlowServer, capsys: pytest.CaptureFixture[str]
) -> None:
    gf = AsyncGhostFlowClient()  # picks up GF_API_KEY from env

    campaigns, rl = await gf.get("/campaigns")
    print(f"Found {len(campaigns)} campaigns, {rl.remaining} requests left")

    campaign, _ = await gf.post(
        "/campaigns",
        json={
            "name": "Summer Promo",
            "url": "https://example.com/promo",
        },
    )
    print(f"Created campaign {campaign['id']}")

    stats, _ = await gf.get("/reports/dashboard", **{"from": "2025-01-01", "to": "2025-01-31"})

    try:
        await gf.get("/campaigns/non-existent-id")
    except GhostFlowError as e:
        if e.code == "NOT_FOUND":
            print("Campaign does not exist")
        else:
            print(f"API error {e.status}: {e}")

    assert stats["totals"]["revenue"] == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Found 0 campaigns, {rl.remaining} requests left",
        f"Created campaign {campaign['id']}",
        "Campaign does not exist",
    ]
    await gf.aclose()


def branch(error: GhostFlowError) -> str:
    """Which of the guide's branches an error comes to."""
    if error.code == "NOT_FOUND":
        return "Campaign does not exist"
    if error.code == "AUTH_INVALID_API_KEY":
        return "Check your API key"
    if error.code == "RATE_LIMITED":
        return "Slow down — retry after backoff"
    return f"API error {error.status}: {error}"


def test_errors_come_to_the_branches_that_the_guide_has_for_them(
    server: GhostFlowServer,
) -> None:
    with GhostFlowClient() as gf, pytest.raises(NotFoundError) as bad_id:
        gf.get("/campaigns/non-existent-id")
    with GhostFlowClient(api_key=WRONG_KEY) as gf, pytest.raises(AuthenticationError) as bad_key:
        gf.get("/campaigns")
    with GhostFlowClient(server.team(requests_per_minute=2), max_retries=0) as gf:
        assert [gf.get("/campaigns")[1].remaining for _ in range(2)] == [1, 0]
        with pytest.raises(RateLimitedError) as too_fast:
            gf.get("/campaigns")
    with GhostFlowClient() as gf, pytest.raises(GhostFlowError) as other:
        gf.post("/campaigns", json={"name": "Summer Promo"})

    seen = [bad_id.value, bad_key.value, too_fast.value, other.value]
    assert [branch(error) for error in seen] == [
        "Campaign does not exist",
        "Check your API key",
        "Slow down — retry after backoff",
        f"API error 400: {other.value}",
    ]
    assert [error.status for error in seen] == [404, 401, 429, 400]
    assert all(error.request_id and error.message for error in seen)
    limit = too_fast.value.rate_limit
    assert limit is not None
    assert (limit.limit, limit.remaining) == (2, 0)
    assert too_fast.value.retry_after is not None
    assert 0 < too_fast.value.retry_after <= 30
    assert too_fast.value.attempts == 1
    assert WRONG_KEY not in f"{bad_key.value!r} {bad_key.value.body}"


async def test_errors_are_the_same_asynchronously(server: GhostFlowServer) -> None:
    async with AsyncGhostFlowClient(api_key=WRONG_KEY) as gf:
        with pytest.raises(AuthenticationError) as bad_key:
            await gf.get("/campaigns")
    async with AsyncGhostFlowClient(server.team(requests_per_minute=1), max_retries=0) as gf:
        await gf.get("/campaigns")
        with pytest.raises(RateLimitedError) as too_fast:
            await gf.get("/campaigns")
    assert branch(bad_key.value) == "Check your API key"
    assert branch(too_fast.value) == "Slow down — retry after backoff"


def test_put_and_delete_of_the_guide_work_as_get_and_post_do(server: GhostFlowServer) -> None:
    with GhostFlowClient() as gf:
        campaign, _ = gf.post("/campaigns", json={"name": "A", "url": "https://example.com/"})
        path = f"/campaigns/{campaign['id']}"
        changed, _ = gf.put(path, json={"name": "B"})
        assert (changed["name"], changed["url"], changed["version"]) == (
            "B",
            "https://example.com/",
            2,
        )
        gone, rl = gf.delete(path)
        assert gone == {"id": campaign["id"], "deleted": True}
        assert rl.limit == 100_000
        # As the vendor's tables print paths, and without the slash in front.
        assert gf.get("/api/v1/campaigns")[0] == gf.get("campaigns")[0] == []


def test_client_takes_the_four_arguments_of_the_guide(server: GhostFlowServer, key: str) -> None:
    with GhostFlowClient(key, server.api + "/", 2, 30.0) as gf:
        assert (gf.api_key, gf.base_url, gf.max_retries, gf.timeout) == (key, server.api, 2, 30.0)
        assert gf.request("GET", "/campaigns", params={"limit": 1})[0] == []
