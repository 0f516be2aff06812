"""Clients to be made, called once and closed, each in the way of its library.

`CLIENTS[who](base)` returns what makes one. The names of SDKs are those of the environment at
hand, ours or the published ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders.things import (
    CAMPAIGN_ID,
    CHAT,
    EXECUTION_ID,
    GHOSTFLOW,
    JOB_ID,
    MODEL_ID,
    OPENAI,
    THINGS,
)


@dataclass(slots=True)
class Made:
    """A client: how to call and how to close it."""

    call: Callable[[], Any]
    close: Callable[[], Any]


Maker = Callable[[], Made]
MODEL = f"{OPENAI}/models/{MODEL_ID}"


def ghostflow(base: str) -> Maker:
    """Ours."""
    from ghostflow import GhostFlowClient

    key = THINGS["campaign"].key

    def make() -> Made:
        client = GhostFlowClient(key, f"{base}{GHOSTFLOW}")
        return Made(lambda: client.get(f"/campaigns/{CAMPAIGN_ID}"), client.close)

    return make


def amdahl(base: str) -> Maker:
    """Ours."""
    from amdahl import AmdahlClient

    key = THINGS["me"].key

    def make() -> Made:
        client = AmdahlClient(base, key)
        return Made(lambda: client.get("/me"), client.close)

    return make


def aerostack(base: str) -> Maker:
    """Ours or the published one; it ends as a context."""
    from aerostack import SDK

    key = THINGS["chat"].key

    def make() -> Made:
        sdk = SDK(api_key_auth=key, server_url=f"{base}/v1")
        return Made(lambda: sdk.ai.ai_chat(request=CHAT), lambda: sdk.__exit__(None, None, None))

    return make


def flare(base: str) -> Maker:
    """Ours or the published one."""
    from zeridion_flare import FlareClient

    key = THINGS["job"].key

    def make() -> Made:
        client = FlareClient(api_key=key, base_url=f"{base}/flare/v1")
        return Made(lambda: client.get_job(JOB_ID), client.close)

    return make


def flowmaestro(base: str) -> Maker:
    """Ours or the published one."""
    from flowmaestro import FlowMaestroClient

    key = THINGS["execution"].key

    def make() -> Made:
        client = FlowMaestroClient(api_key=key, base_url=base)
        return Made(lambda: client.executions.get(EXECUTION_ID), client.close)

    return make


def flowmaestro_async(base: str) -> Maker:
    """The same on asyncio."""
    from flowmaestro import AsyncFlowMaestroClient

    key = THINGS["execution"].key
    loop = asyncio.new_event_loop()

    def make() -> Made:
        client = AsyncFlowMaestroClient(api_key=key, base_url=base)
        close = getattr(client, "aclose", None) or client.close
        return Made(
            lambda: loop.run_until_complete(client.executions.get(EXECUTION_ID)),
            lambda: loop.run_until_complete(close()),
        )

    return make


def httpx(base: str) -> Maker:
    """The bare library."""
    import httpx

    def make() -> Made:
        client = httpx.Client(base_url=base)
        return Made(lambda: client.get(MODEL).json(), client.close)

    return make


def httpx2(base: str) -> Maker:
    """The bare library."""
    import httpx2

    def make() -> Made:
        client = httpx2.Client(base_url=base)
        return Made(lambda: client.get(MODEL).json(), client.close)

    return make


def requests(base: str) -> Maker:
    """A session."""
    import requests

    def make() -> Made:
        session = requests.Session()
        return Made(lambda: session.get(f"{base}{MODEL}").json(), session.close)

    return make


def openai(base: str) -> Maker:
    """The openai package."""
    from openai import OpenAI

    key = THINGS["model"].key

    def make() -> Made:
        client = OpenAI(api_key=key, base_url=f"{base}{OPENAI}")
        return Made(lambda: client.models.retrieve(MODEL_ID), client.close)

    return make


CLIENTS: dict[str, Callable[[str], Maker]] = {
    "ghostflow": ghostflow,
    "amdahl": amdahl,
    "aerostack": aerostack,
    "flare": flare,
    "flowmaestro": flowmaestro,
    "flowmaestro-async": flowmaestro_async,
    "httpx": httpx,
    "httpx2": httpx2,
    "requests": requests,
    "openai": openai,
}
