"""What is fetched from the peer, and how each SDK of the environment at hand asks for it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

JOB_ID = "job_01JZ5N0QW8R3YV6T2KXB4HCM9D"
EXECUTION_ID = "exec_01JZ5N0QW8R3YV6T2KXB4HCM9D"
CAMPAIGN_ID = "0197f2a0-5c1d-7c3e-9b1a-3f4d5e6a7b8c"
MODEL_ID = "gpt-4o-mini"
OPENAI = "/openai/v1"
GHOSTFLOW = "/ghostflow/api/v1"
CHAT: Any = {
    "messages": [
        {"role": "system", "content": "You answer in one sentence."},
        {"role": "user", "content": "Why is the sky blue?"},
    ],
    "model": "@cf/meta/llama-3-8b-instruct",
}
CHAT_ANSWER = "Because air scatters short waves of light more than long ones."


@dataclass(frozen=True)
class Thing:
    """What is fetched: where, with which key, and how to see in the answer that it is the one."""

    path: str
    key: str
    is_in: Callable[[Any], bool]
    client: Callable[..., Callable[[], Any]]
    client_async: Callable[..., Callable[[], Awaitable[Any]]]
    key_header: tuple[str, str] = ("Authorization", "Bearer ")
    body: dict[str, Any] | None = None
    """Posted as JSON; without one it is a GET."""
    resource: Callable[[str, str], Callable[[], Any]] | None = None
    """The other form of the call, where the SDK has two."""

    @property
    def method(self) -> str:
        """How it is asked for."""
        return "GET" if self.body is None else "POST"

    @property
    def headers(self) -> dict[str, str]:
        """What a plain HTTP client sends."""
        name, prefix = self.key_header
        return {
            name: f"{prefix}{self.key}",
            "Accept": "application/json",
            "User-Agent": "benchmark/1",
        }

    @cached_property
    def all_headers(self) -> dict[str, str]:
        """The same, for those that have to be told what a body is."""
        kind = {} if self.body is None else {"Content-Type": "application/json"}
        return {**self.headers, **kind}

    @cached_property
    def content(self) -> bytes | None:
        """The body as bytes."""
        return None if self.body is None else json.dumps(self.body).encode()


def flare(key: str, base: str, **options: Any) -> Callable[[], Any]:
    """`get_job` of the `zeridion_flare` of this environment."""
    from zeridion_flare import FlareClient

    client = FlareClient(api_key=key, base_url=f"{base}/flare/v1", **options)
    return lambda: client.get_job(JOB_ID)


def flare_async(key: str, base: str, **options: Any) -> Callable[[], Awaitable[Any]]:
    """Ours: the published package has no async client."""
    from zeridion_flare import AsyncFlareClient

    client = AsyncFlareClient(api_key=key, base_url=f"{base}/flare/v1", **options)
    return lambda: client.get_job(JOB_ID)


def flowmaestro(key: str, base: str, **options: Any) -> Callable[[], Any]:
    """`executions.get` of the `flowmaestro` of this environment."""
    from flowmaestro import FlowMaestroClient

    client = FlowMaestroClient(api_key=key, base_url=base, **options)
    return lambda: client.executions.get(EXECUTION_ID)


def flowmaestro_async(key: str, base: str, **options: Any) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from flowmaestro import AsyncFlowMaestroClient

    client = AsyncFlowMaestroClient(api_key=key, base_url=base, **options)
    return lambda: client.executions.get(EXECUTION_ID)


def aerostack(key: str, base: str, **options: Any) -> Callable[[], Any]:
    """`ai_chat` of the `aerostack` of this environment, its request a dictionary."""
    from aerostack import SDK

    sdk = SDK(api_key_auth=key, server_url=f"{base}/v1", **options)
    return lambda: sdk.ai.ai_chat(request=CHAT)


def aerostack_async(
    key: str, base: str, transport: Any = None, **options: Any
) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from aerostack import SDK

    if transport is not None:
        options["async_transport"] = transport
    sdk = SDK(api_key_auth=key, server_url=f"{base}/v1", **options)
    return lambda: sdk.ai.ai_chat_async(request=CHAT)


def amdahl(key: str, base: str, **options: Any) -> Callable[[], Any]:
    """`get("/me")` of ours: there is no published package."""
    from amdahl import AmdahlClient

    client = AmdahlClient(base, key, **options)
    return lambda: client.get("/me")


def amdahl_async(key: str, base: str, **options: Any) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from amdahl import AsyncAmdahlClient

    client = AsyncAmdahlClient(base, key, **options)
    return lambda: client.get("/me")


def ghostflow(key: str, base: str, **options: Any) -> Callable[[], Any]:
    """`get("/campaigns/…")` of ours, which gives the limits as well; there is no package."""
    from ghostflow import GhostFlowClient

    client = GhostFlowClient(key, f"{base}{GHOSTFLOW}", **options)
    return lambda: client.get(f"/campaigns/{CAMPAIGN_ID}")


def ghostflow_async(key: str, base: str, **options: Any) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from ghostflow import AsyncGhostFlowClient

    client = AsyncGhostFlowClient(key, f"{base}{GHOSTFLOW}", **options)
    return lambda: client.get(f"/campaigns/{CAMPAIGN_ID}")


def ghostflow_resource(key: str, base: str) -> Callable[[], Any]:
    """`campaigns.get(…)`, which gives the campaign alone, its amounts as decimals."""
    from ghostflow import GhostFlowClient

    client = GhostFlowClient(key, f"{base}{GHOSTFLOW}")
    return lambda: client.campaigns.get(CAMPAIGN_ID)


def openai(key: str, base: str) -> Callable[[], Any]:
    """`models.retrieve` of the `openai` package: there is no SDK of ours for it."""
    from openai import OpenAI

    client = OpenAI(api_key=key, base_url=f"{base}{OPENAI}")
    return lambda: client.models.retrieve(MODEL_ID)


def openai_async(key: str, base: str) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key=key, base_url=f"{base}{OPENAI}")
    return lambda: client.models.retrieve(MODEL_ID)


def is_model(answer: Any) -> bool:
    """Whether it is the model, decoded or as an object."""
    return bool((answer["id"] if isinstance(answer, dict) else answer.id) == MODEL_ID)


def is_campaign(answer: Any) -> bool:
    """Whether it is the campaign, with its limits or alone."""
    body = answer[0] if isinstance(answer, tuple) else answer
    return bool(body["id"] == CAMPAIGN_ID)


def is_chat(answer: Any) -> bool:
    """Whether it is the answer, decoded or as a model."""
    text = answer["response"] if isinstance(answer, dict) else answer.response
    return bool(text == CHAT_ANSWER)


THINGS = {
    "job": Thing(
        path=f"/flare/v1/jobs/{JOB_ID}",
        key="zf_test_sk_0123456789abcdef0123456789abcdef",
        is_in=lambda answer: answer["id"] == JOB_ID,
        client=flare,
        client_async=flare_async,
    ),
    "execution": Thing(
        path=f"/api/v1/executions/{EXECUTION_ID}",
        key="fm_live_0123456789abcdef0123456789abcdef",
        is_in=lambda answer: answer["data"]["id"] == EXECUTION_ID,
        client=flowmaestro,
        client_async=flowmaestro_async,
    ),
    "chat": Thing(
        path="/v1/ai/chat",
        key="ac_secret_0123456789abcdef0123456789abcdef",
        key_header=("X-Aerostack-Key", ""),
        body=CHAT,
        is_in=is_chat,
        client=aerostack,
        client_async=aerostack_async,
    ),
    "model": Thing(
        path=f"{OPENAI}/models/{MODEL_ID}",
        key="sk-0123456789abcdef0123456789abcdef0123456789abcdef",
        is_in=is_model,
        client=openai,
        client_async=openai_async,
    ),
    "me": Thing(
        path="/api/platform/v1/me",
        key="amdhl_0123456789abcdef0123456789abcdef0123456789abcdef",
        is_in=lambda answer: "business_id" in answer,
        client=amdahl,
        client_async=amdahl_async,
    ),
    "campaign": Thing(
        path=f"{GHOSTFLOW}/campaigns/{CAMPAIGN_ID}",
        key="gf_0123456789abcdefghijklmnopqrstuvwxyz0123456",
        is_in=is_campaign,
        client=ghostflow,
        client_async=ghostflow_async,
        resource=ghostflow_resource,
    ),
}


def pattern(size: int) -> bytes:
    """Return so many bytes that do not repeat within a page."""
    period = b"".join(index.to_bytes(3, "big") for index in range(1367))
    return (period * (size // len(period) + 1))[:size]
