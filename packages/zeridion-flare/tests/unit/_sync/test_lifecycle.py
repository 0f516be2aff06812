# Generated from tests/unit/_async/test_lifecycle.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Closing, views, hooks, and connections of one's own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from quintet.testing import reply
from zeridion_flare import (
    FlareClient,
    FlareMisuseError,
)

from .rig import JOB, KEY, client


def test_context_manager_closes_the_transport() -> None:
    flare, transport = client(reply(200, json=JOB))
    with flare as same:
        assert same is flare
        flare.get_job("job_1")
    assert transport.closed


def test_view_that_is_closed_leaves_its_client_open() -> None:
    flare, transport = client(reply(200, json=JOB), reply(200, json=JOB))
    with flare.with_options(timeout=5) as view:
        view.get_job("job_1")
    view.close()
    flare.get_job("job_1")
    flare.close()
    assert transport.closed


def test_client_with_own_connections_made_of_a_view_is_closed_on_its_own() -> None:
    view = FlareClient(KEY).with_options(timeout=5)
    twin = view.with_own_connections()
    assert twin is not None
    twin.close()
    with pytest.raises(FlareMisuseError):
        twin.get_job("job_1")


def test_hooks_see_every_attempt() -> None:
    seen: list[Any] = []
    flare, _ = client(reply(500, json={}), reply(200, json=JOB), hooks=[seen.append])
    flare.get_job("job_1")
    assert [(a.operation, a.number, a.status) for a in seen] == [
        ("get_job", 1, 500),
        ("get_job", 2, 200),
    ]


def test_c14_given_http_client_needs_no_base_url_and_stays_open() -> None:
    urls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return httpx.Response(200, json=JOB)

    with httpx.Client(transport=httpx.MockTransport(answer)) as given:
        with FlareClient(KEY, "http://x.example", http_client=given) as flare:
            assert flare.get_job("job_1") == JOB
            assert flare.with_own_connections() is None
        assert not given.is_closed
    assert urls == ["http://x.example/flare/v1/jobs/job_1"]


def test_client_can_be_cloned_with_connections_of_its_own() -> None:
    flare = FlareClient(KEY)
    twin = flare.with_own_connections()
    assert twin is not None
    assert twin.base_url == flare.base_url
    twin.close()
    flare.close()


def test_repr_shows_the_address_and_no_key() -> None:
    flare = FlareClient(KEY)
    assert repr(flare) == "FlareClient(base_url='https://api.zeridion.com/flare/v1')"
