"""Every SDK takes the name of an engine, and says what is wrong with one in its own errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aerostack import SDK
from amdahl import AmdahlClient, AsyncAmdahlClient
from flowmaestro import AsyncFlowMaestroClient, FlowMaestroClient
from ghostflow import AsyncGhostFlowClient, GhostFlowClient
from quintet import AsyncNativeTransport, NativeTransport
from zeridion_flare import AsyncFlareClient, FlareClient

pytestmark = pytest.mark.contract

URL = "http://127.0.0.1:9"
Make = Callable[..., Any]

CLIENTS: dict[str, tuple[Make, type, type]] = {
    "ghostflow": (
        lambda **options: GhostFlowClient("gf_key", URL, **options),
        httpx.Client,
        NativeTransport,
    ),
    "ghostflow-asyncio": (
        lambda **options: AsyncGhostFlowClient("gf_key", URL, **options),
        httpx.AsyncClient,
        AsyncNativeTransport,
    ),
    "amdahl": (
        lambda **options: AmdahlClient(URL, "amdhl_key", **options),
        httpx.Client,
        NativeTransport,
    ),
    "amdahl-asyncio": (
        lambda **options: AsyncAmdahlClient(URL, "amdhl_key", **options),
        httpx.AsyncClient,
        AsyncNativeTransport,
    ),
    "flowmaestro": (
        lambda **options: FlowMaestroClient("fm_key", URL, **options),
        httpx.Client,
        NativeTransport,
    ),
    "flowmaestro-asyncio": (
        lambda **options: AsyncFlowMaestroClient("fm_key", URL, **options),
        httpx.AsyncClient,
        AsyncNativeTransport,
    ),
    "flare": (
        lambda **options: FlareClient("zf_key", URL, **options),
        httpx.Client,
        NativeTransport,
    ),
    "flare-asyncio": (
        lambda **options: AsyncFlareClient("zf_key", URL, **options),
        httpx.AsyncClient,
        AsyncNativeTransport,
    ),
    "aerostack": (
        lambda http_client=None, **options: SDK("ac_key", client=http_client, **options),
        httpx.Client,
        NativeTransport,
    ),
    "aerostack-asyncio": (
        lambda http_client=None, transport=None: SDK(
            "ac_key", async_client=http_client, async_transport=transport
        ),
        httpx.AsyncClient,
        AsyncNativeTransport,
    ),
}
every_client = pytest.mark.parametrize(
    ("make", "foreign", "native"), CLIENTS.values(), ids=CLIENTS.keys()
)


@pytest.fixture(autouse=True)
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUINTET_TRANSPORT", raising=False)


@every_client
def test_client_takes_a_word_or_a_transport(make: Make, foreign: type, native: type) -> None:
    for transport in ("native", "httpx", None, native(proxies={})):
        make(transport=transport)


@every_client
def test_unknown_word_is_a_configuration_error(make: Make, foreign: type, native: type) -> None:
    with pytest.raises(ValueError, match=r'\'pigeon\'.*"native".*"httpx"') as caught:
        make(transport="pigeon")
    assert not type(caught.value).__module__.startswith("quintet")


@every_client
def test_unknown_word_of_the_environment_is_one_too(
    make: Make, foreign: type, native: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUINTET_TRANSPORT", "pigeon")
    with pytest.raises(ValueError, match="environment variable QUINTET_TRANSPORT is 'pigeon'"):
        make()


@pytest.mark.parametrize(
    ("make", "foreign", "native"),
    # Aerostack's SDK has two faces, and the other one still asks the environment.
    [client for name, client in CLIENTS.items() if not name.startswith("aerostack")],
)
def test_environment_is_not_asked_where_the_client_says(
    make: Make, foreign: type, native: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUINTET_TRANSPORT", "pigeon")
    make(transport="native")
    make(http_client=foreign())
    make(transport=native(proxies={}))


@every_client
def test_client_of_ones_own_and_a_transport_exclude_each_other(
    make: Make, foreign: type, native: type
) -> None:
    for transport in ("httpx", native(proxies={})):
        with pytest.raises(ValueError, match="not both"):
            make(http_client=foreign(), transport=transport)


def test_word_counts_for_both_faces_of_aerostack() -> None:
    with pytest.raises(ValueError, match="not both"):
        SDK("ac_key", async_client=httpx.AsyncClient(), transport="httpx")
    SDK("ac_key", transport="httpx", async_transport="native")


def test_client_for_a_worker_has_the_engine_of_the_one_it_comes_from() -> None:
    flare = FlareClient("zf_key", URL, transport="httpx")
    twin = flare.with_own_connections()
    assert twin is not None
    engine: Any = twin._api._transport
    assert type(engine._made()).__name__ == "OwnHttpxTransport"
    twin.close()
    assert FlareClient("zf_key", URL, transport=NativeTransport()).with_own_connections() is None
