"""Fetch one thing again and again: `python -m benchmarks.contenders.fetch WHAT WHO PORT [TASKS]`.

WHAT is `job` (Flare), `execution` (FlowMaestro), `chat` (Aerostack), `me` (Amdahl) or `campaign`
(GhostFlow).
Of WHO, `socket` is the floor: a request made of constant bytes, an answer cut at its length.
`httpx` is the baseline: the same request, status checked, JSON decoded, nothing else; `requests` is
that library, used likewise, and `requests-limits` the same with the limits read from the headers,
as a guide's sample class does. `client` is the SDK of this environment, ours or the published one,
used as its guide shows, `resource` its other form of the same call, and `client-httpx` it on an
`httpx.Client` that it is given, where these are possible. `httpx-async`, `client-async` and
`client-httpx-async` share the calls among so many TASKS of one event loop; one, if not told.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from benchmarks.contender import serve

JOB_ID = "job_01JZ5N0QW8R3YV6T2KXB4HCM9D"
EXECUTION_ID = "exec_01JZ5N0QW8R3YV6T2KXB4HCM9D"
CAMPAIGN_ID = "0197f2a0-5c1d-7c3e-9b1a-3f4d5e6a7b8c"
GHOSTFLOW = "/ghostflow/api/v1"
CHAT: Any = {
    "messages": [
        {"role": "system", "content": "You answer in one sentence."},
        {"role": "user", "content": "Why is the sky blue?"},
    ],
    "model": "@cf/meta/llama-3-8b-instruct",
}
CHAT_ANSWER = "Because air scatters short waves of light more than long ones."

Work = Callable[[int], None]


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


def flare(key: str, base: str) -> Callable[[], Any]:
    """`get_job` of the `zeridion_flare` of this environment."""
    from zeridion_flare import FlareClient

    client = FlareClient(api_key=key, base_url=f"{base}/flare/v1")
    return lambda: client.get_job(JOB_ID)


def flare_async(key: str, base: str) -> Callable[[], Awaitable[Any]]:
    """Ours: the published package has no async client."""
    from zeridion_flare import AsyncFlareClient

    client = AsyncFlareClient(api_key=key, base_url=f"{base}/flare/v1")
    return lambda: client.get_job(JOB_ID)


def flowmaestro(key: str, base: str) -> Callable[[], Any]:
    """`executions.get` of the `flowmaestro` of this environment."""
    from flowmaestro import FlowMaestroClient

    client = FlowMaestroClient(api_key=key, base_url=base)
    return lambda: client.executions.get(EXECUTION_ID)


def flowmaestro_async(key: str, base: str) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from flowmaestro import AsyncFlowMaestroClient

    client = AsyncFlowMaestroClient(api_key=key, base_url=base)
    return lambda: client.executions.get(EXECUTION_ID)


def aerostack(key: str, base: str, **options: Any) -> Callable[[], Any]:
    """`ai_chat` of the `aerostack` of this environment, its request a dictionary."""
    from aerostack import SDK

    sdk = SDK(api_key_auth=key, server_url=f"{base}/v1", **options)
    return lambda: sdk.ai.ai_chat(request=CHAT)


def aerostack_async(key: str, base: str, **options: Any) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from aerostack import SDK

    sdk = SDK(api_key_auth=key, server_url=f"{base}/v1", **options)
    return lambda: sdk.ai.ai_chat_async(request=CHAT)


def amdahl(key: str, base: str) -> Callable[[], Any]:
    """`get("/me")` of ours: there is no published package."""
    from amdahl import AmdahlClient

    client = AmdahlClient(base, key)
    return lambda: client.get("/me")


def amdahl_async(key: str, base: str) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from amdahl import AsyncAmdahlClient

    client = AsyncAmdahlClient(base, key)
    return lambda: client.get("/me")


def ghostflow(key: str, base: str) -> Callable[[], Any]:
    """`get("/campaigns/…")` of ours, which gives the limits as well; there is no package."""
    from ghostflow import GhostFlowClient

    client = GhostFlowClient(key, f"{base}{GHOSTFLOW}")
    return lambda: client.get(f"/campaigns/{CAMPAIGN_ID}")


def ghostflow_async(key: str, base: str) -> Callable[[], Awaitable[Any]]:
    """The same, async."""
    from ghostflow import AsyncGhostFlowClient

    client = AsyncGhostFlowClient(key, f"{base}{GHOSTFLOW}")
    return lambda: client.get(f"/campaigns/{CAMPAIGN_ID}")


def ghostflow_resource(key: str, base: str) -> Callable[[], Any]:
    """`campaigns.get(…)`, which gives the campaign alone, its amounts as decimals."""
    from ghostflow import GhostFlowClient

    client = GhostFlowClient(key, f"{base}{GHOSTFLOW}")
    return lambda: client.campaigns.get(CAMPAIGN_ID)


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


def raw_socket(thing: Thing, base: str) -> Work:
    """Sync, standard library, no HTTP library."""
    port = int(base.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port))
    lines = [f"{thing.method} {thing.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in thing.headers.items()]

    def request() -> bytes:
        if thing.body is None:
            return ("\r\n".join(lines) + "\r\n\r\n").encode()
        body = json.dumps(thing.body)
        last = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
        return ("\r\n".join([*lines, last]) + "\r\n\r\n" + body).encode()

    constant = request()

    def fetch() -> Any:
        connection.sendall(constant)
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
        length = int(head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        return json.loads(body)

    return one_after_the_other(thing, fetch)


def bare_httpx(thing: Thing, base: str) -> Work:
    """Sync, httpx alone."""
    import httpx

    client = httpx.Client(base_url=base, headers=thing.headers, timeout=30)

    def fetch() -> Any:
        response = client.request(thing.method, thing.path, json=thing.body)
        response.raise_for_status()
        return response.json()

    return one_after_the_other(thing, fetch)


def plain_requests(thing: Thing, base: str) -> Work:
    """Sync, requests as a guide without a package shows it: a session, the text, its JSON."""
    import requests

    session = requests.Session()
    session.headers.update({**thing.headers, "Content-Type": "application/json"})

    def fetch() -> Any:
        response = session.request(thing.method, f"{base}{thing.path}", json=thing.body, timeout=30)
        text = response.text
        payload = json.loads(text) if text else None
        if not response.ok:
            raise RuntimeError(f"{response.status_code}: {payload}")
        return payload

    return one_after_the_other(thing, fetch)


def requests_with_limits(thing: Thing, base: str) -> Work:
    """Sync, requests as a guide's sample class wraps it: the decoded answer and three numbers."""
    import requests

    session = requests.Session()
    session.headers.update({**thing.headers, "Content-Type": "application/json"})

    def fetch() -> Any:
        response = session.request(thing.method, f"{base}{thing.path}", timeout=30, params={})
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        limits = tuple(int(response.headers.get(name, 0)) for name in names)
        if not response.ok:
            raise RuntimeError(f"{response.status_code}: {response.text[:300]}")
        return response.json(), limits

    return one_after_the_other(thing, fetch)


def bare_httpx_async(thing: Thing, base: str, tasks: int) -> Work:
    """Async, httpx alone."""
    import httpx

    client = httpx.AsyncClient(base_url=base, headers=thing.headers, timeout=30)

    async def fetch() -> Any:
        response = await client.request(thing.method, thing.path, json=thing.body)
        response.raise_for_status()
        return response.json()

    return on_one_loop(thing, fetch, tasks)


def one_after_the_other(thing: Thing, fetch: Callable[[], Any]) -> Work:
    """Call it so many times."""

    def work(count: int) -> None:
        for _ in range(count):
            assert thing.is_in(fetch())

    return work


def on_one_loop(thing: Thing, fetch: Callable[[], Awaitable[Any]], tasks: int) -> Work:
    """Call it so many times, from so many tasks of one event loop."""
    loop = asyncio.new_event_loop()

    async def task(count: int) -> None:
        for _ in range(count):
            assert thing.is_in(await fetch())

    async def together(count: int) -> None:
        await asyncio.gather(*[task(count // tasks) for _ in range(tasks)])

    def run(coroutine: Coroutine[Any, Any, None]) -> None:
        loop.run_until_complete(coroutine)

    return lambda count: run(together(count) if tasks > 1 else task(count))


def contender(what: str, who: str, base: str, tasks: int) -> Work:
    """Return the work that the command line names."""
    thing = THINGS[what]
    if who == "client":
        return one_after_the_other(thing, thing.client(thing.key, base))
    if who == "client-async":
        return on_one_loop(thing, thing.client_async(thing.key, base), tasks)
    if who == "client-httpx":
        import httpx

        given = thing.client(thing.key, base, client=httpx.Client(timeout=30))
        return one_after_the_other(thing, given)
    if who == "client-httpx-async":
        import httpx

        given = thing.client_async(thing.key, base, async_client=httpx.AsyncClient(timeout=30))
        return on_one_loop(thing, given, tasks)
    if who == "httpx-async":
        return bare_httpx_async(thing, base, tasks)
    if who == "resource" and thing.resource is not None:
        return one_after_the_other(thing, thing.resource(thing.key, base))
    ways = {
        "socket": raw_socket,
        "httpx": bare_httpx,
        "requests": plain_requests,
        "requests-limits": requests_with_limits,
    }
    return ways[who](thing, base)


if __name__ == "__main__":
    what, who, port, *tasks = sys.argv[1:]
    serve(contender(what, who, f"http://127.0.0.1:{port}", int(tasks[0]) if tasks else 1))
