"""Closing, views, hooks, and connections of one's own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from quintet.testing import reply
from zeridion_flare import (
    AsyncFlareClient,
    FlareMisuseError,
)

from .rig import JOB, KEY, client


async def test_context_manager_closes_the_transport() -> None:
    flare, transport = client(reply(200, json=JOB))
    async with flare as same:
        assert same is flare
        await flare.get_job("job_1")
    assert transport.closed


async def test_view_that_is_closed_leaves_its_client_open() -> None:
    flare, transport = client(reply(200, json=JOB), reply(200, json=JOB))
    async with flare.with_options(timeout=5) as view:
        await view.get_job("job_1")
    await view.aclose()
    await flare.get_job("job_1")
    await flare.aclose()
    assert transport.closed


async def test_client_with_own_connections_made_of_a_view_is_closed_on_its_own() -> None:
    view = AsyncFlareClient(KEY).with_options(timeout=5)
    twin = view.with_own_connections()
    assert twin is not None
    await twin.aclose()
    with pytest.raises(FlareMisuseError):
        await twin.get_job("job_1")


async def test_hooks_see_every_attempt() -> None:
    seen: list[Any] = []
    flare, _ = client(reply(500, json={}), reply(200, json=JOB), hooks=[seen.append])
    await flare.get_job("job_1")
    assert [(a.operation, a.number, a.status) for a in seen] == [
        ("get_job", 1, 500),
        ("get_job", 2, 200),
    ]


async def test_c14_given_http_client_needs_no_base_url_and_stays_open() -> None:
    urls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return httpx.Response(200, json=JOB)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as given:
        async with AsyncFlareClient(KEY, "http://x.example", http_client=given) as flare:
            assert await flare.get_job("job_1") == JOB
            assert flare.with_own_connections() is None
        assert not given.is_closed
    assert urls == ["http://x.example/flare/v1/jobs/job_1"]


async def test_client_can_be_cloned_with_connections_of_its_own() -> None:
    flare = AsyncFlareClient(KEY)
    twin = flare.with_own_connections()
    assert twin is not None
    assert twin.base_url == flare.base_url
    await twin.aclose()
    await flare.aclose()


def test_repr_shows_the_address_and_no_key() -> None:
    flare = AsyncFlareClient(KEY)
    assert repr(flare) == "AsyncFlareClient(base_url='https://api.zeridion.com/flare/v1')"
