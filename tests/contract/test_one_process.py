"""A client stays in its process: pickled or copied deeply it says what to do instead."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from aerostack import SDK
from amdahl import AmdahlClient
from amdahl.aio import AsyncAmdahlClient
from flowmaestro import AsyncFlowMaestroClient, FlowMaestroClient
from ghostflow import AsyncGhostFlowClient, GhostFlowClient
from quintet import ApiClient, AsyncApiClient, ClientOptions, Service
from zeridion_flare import AsyncFlareClient, FlareClient

pytestmark = pytest.mark.contract

URL = "https://api.example"
CLIENTS: dict[str, Callable[[], Any]] = {
    "aerostack": lambda: SDK("k"),
    "amdahl": lambda: AmdahlClient(URL, "k"),
    "amdahl-async": lambda: AsyncAmdahlClient(URL, "k"),
    "flare": lambda: FlareClient("k"),
    "flare-async": lambda: AsyncFlareClient("k"),
    "flowmaestro": lambda: FlowMaestroClient("k"),
    "flowmaestro-async": lambda: AsyncFlowMaestroClient("k"),
    "ghostflow": lambda: GhostFlowClient("gf_k"),
    "ghostflow-async": lambda: AsyncGhostFlowClient("gf_k"),
    "runtime": lambda: ApiClient(Service("demo", "demo/1"), ClientOptions(URL), lambda: ()),
    "runtime-async": lambda: AsyncApiClient(
        Service("demo", "demo/1"), ClientOptions(URL), lambda: ()
    ),
}
WAYS: dict[str, Callable[[Any], object]] = {
    "pickle": pickle.dumps,
    "oldest pickle": lambda client: pickle.dumps(client, protocol=0),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", CLIENTS)
def test_client_that_is_to_travel_says_to_make_one_there(kind: str, way: str) -> None:
    with pytest.raises(TypeError, match=r"cannot be pickled or copied.* make one in the other"):
        WAYS[way]({"holder": [CLIENTS[kind]()]})


@pytest.mark.parametrize("kind", CLIENTS)
def test_copy_of_a_client_is_another_object_with_the_same_parts(kind: str) -> None:
    client = CLIENTS[kind]()
    twin = copy.copy(client)
    assert twin is not client and type(twin) is type(client)
    assert vars(twin) == vars(client) and vars(twin) is not vars(client)
