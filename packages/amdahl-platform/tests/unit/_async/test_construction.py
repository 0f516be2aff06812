"""What a client can be made of, and what it refuses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from amdahl import AsyncAmdahlClient, ClientClosedError, ConfigurationError
from quintet._acompat import ASYNC
from quintet.testing import AsyncScriptedTransport

from .rig import BASE, KEY, ORIGIN, client, header, ok


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": ""},
        {"base_url": "   "},
        {"base_url": "amdahl.example"},
        {"base_url": "https://user:pw@amdahl.example"},
        {"base_url": "https://amdahl.example/?x=1"},
        {"base_url": 7},
        {"api_key": ""},
        {"api_key": "API_KEY=k k"},
        {"api_key": "k\u2028y"},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"timeout": "30"},
        {"deadline": -1},
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"max_response_bytes": -1},
        {"headers": {"Authorization": "x"}},
        {"headers": {"Idempotency-Key": "x"}},
        {"headers": {"X-Bad": "a\nb"}},
        {"headers": {"Host": "elsewhere"}},
        {"business_id": "a\nb"},
        {"http_client": object()},
        {"http_client": object(), "transport": AsyncScriptedTransport([])},
    ],
)
async def test_impossible_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncAmdahlClient(**{"base_url": ORIGIN, "api_key": KEY, **options})
    assert KEY not in str(caught.value)


async def test_limits_can_be_taken_away() -> None:
    am, _ = client(timeout=None, max_response_bytes=0)
    assert am.timeout is None
    assert client(timeout=float("inf"))[0].timeout is None


async def test_headers_of_ones_own_are_sent_and_the_version_can_be_left_out() -> None:
    am, transport = client(ok({}), headers={"X-Mine": "1", "User-Agent": "me/1"}, api_version=None)
    await am.get("/me")
    assert header(transport, "X-Mine") == "1"
    assert header(transport, "User-Agent") == "me/1"
    assert header(transport, "X-Amdahl-API-Version") is None


async def test_httpx_client_of_ones_own_sends_and_stays_open() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        return httpx.Response(200, json={"business_id": "b"})

    mine: Any
    if ASYNC:
        mine = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    else:
        mine = httpx.Client(transport=httpx.MockTransport(handle))
    am = AsyncAmdahlClient(BASE, KEY, http_client=mine)
    assert (await am.me())["business_id"] == "b"
    await am.aclose()
    assert not mine.is_closed
    if ASYNC:
        await mine.aclose()
    else:
        mine.close()


async def test_closed_client_says_so() -> None:
    am, transport = client()
    async with am:
        pass
    assert transport.closed
    with pytest.raises(ClientClosedError, match="closed"):
        await am.get("/me")


async def test_requests_are_held_back_if_wanted() -> None:
    from quintet.testing import FakeClock

    clock = FakeClock()
    used_up = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}
    am, _ = client(ok({}, **used_up), ok({}), clock=clock, pacing=True)
    await am.get("/me")
    await am.get("/me")
    assert clock.sleeps
