"""What a client's attributes are has a public name, for annotations and for mocks."""

from __future__ import annotations

import importlib
from typing import Any, get_type_hints
from unittest import mock

import pytest

import aerostack
from amdahl import AmdahlClient, AsyncAmdahlClient
from flowmaestro import AsyncFlowMaestroClient, FlowMaestroClient
from ghostflow import AsyncGhostFlowClient, GhostFlowClient
from ghostflow.resources import Campaigns

CLIENTS = [
    lambda: GhostFlowClient("gf_k"),
    lambda: AsyncGhostFlowClient("gf_k"),
    lambda: AmdahlClient("https://a.example", "k"),
    lambda: AsyncAmdahlClient("https://a.example", "k"),
    lambda: FlowMaestroClient("k"),
    lambda: AsyncFlowMaestroClient("k"),
]
IDS = ["ghostflow", "ghostflow-async", "amdahl", "amdahl-async", "flowmaestro", "flowmaestro-async"]


def resources_of(client: Any, package: str) -> set[type]:
    """The client's public attributes that are objects of the package with calls of their own."""
    kinds = {type(getattr(client, name)) for name in dir(client) if not name.startswith("_")}
    return {
        kind for kind in kinds if kind.__module__.startswith((f"{package}._a", f"{package}._s"))
    }


@pytest.mark.parametrize("make", CLIENTS, ids=IDS)
def test_every_resource_of_a_client_has_a_public_type(make: Any) -> None:
    client = make()
    package = type(client).__module__.partition(".")[0]
    public = importlib.import_module(f"{package}.resources")
    found = {kind.__name__: kind for kind in resources_of(client, package)}
    assert len(found) >= 7
    is_async = type(client).__name__.startswith("Async")
    assert set(found) == {name for name in public.__all__ if name.startswith("Async") is is_async}
    for name, kind in found.items():
        assert getattr(public, name) is kind


@pytest.mark.parametrize("name", ["CampaignsResource", "Async", "importlib2"])
def test_unknown_type_is_an_attribute_error(name: str) -> None:
    for package in ("ghostflow", "amdahl", "flowmaestro"):
        public = importlib.import_module(package).resources
        with pytest.raises(AttributeError, match=f"{package}.resources.*{name}"):
            getattr(public, name)


def test_every_resource_of_aerostack_has_a_public_type() -> None:
    sdk = aerostack.SDK("k")
    for name in ("ai", "authentication", "cache", "database", "gateway", "queue", "services"):
        home = importlib.import_module(f"aerostack.{name}")
        assert type(getattr(sdk, name)) is getattr(home, name.title())


def test_type_of_a_resource_can_be_annotated_with_and_mocked() -> None:
    def names(campaigns: Campaigns) -> list[str]:
        return [campaign["name"] for campaign in campaigns.iter()]

    assert get_type_hints(names)["campaigns"] is type(GhostFlowClient("gf_k").campaigns)
    campaigns = mock.create_autospec(Campaigns, instance=True)
    campaigns.iter.return_value = [{"name": "Spring"}]
    assert names(campaigns) == ["Spring"]
    with pytest.raises(AttributeError):
        campaigns.no_such_call  # noqa: B018
