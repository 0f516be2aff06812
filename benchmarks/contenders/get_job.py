"""Fetch the same job again and again: `python -m benchmarks.contenders.get_job WHO PORT`.

`socket` is the floor: a request made of constant bytes, an answer cut at its length. `httpx` is the
baseline: the same request, status checked, JSON decoded, nothing else. The clients under test are
used as their guide shows.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from benchmarks.contender import serve

JOB_ID = "job_01JZ5N0QW8R3YV6T2KXB4HCM9D"
KEY = "zf_test_sk_0123456789abcdef0123456789abcdef"
HEADERS = {
    "Authorization": f"Bearer {KEY}",
    "Accept": "application/json",
    "User-Agent": "benchmark/1",
}


def raw_socket(base: str) -> Callable[[int], None]:
    """Sync, standard library, no HTTP library."""
    port = int(base.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port))
    lines = [f"GET /flare/v1/jobs/{JOB_ID} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()

    def work(count: int) -> None:
        for _ in range(count):
            connection.sendall(request)
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            length = int(head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            assert json.loads(body)["id"] == JOB_ID

    return work


def bare_httpx(base: str) -> Callable[[int], None]:
    """Sync, httpx alone."""
    import httpx

    client = httpx.Client(base_url=f"{base}/flare/v1", headers=HEADERS, timeout=30)

    def work(count: int) -> None:
        for _ in range(count):
            response = client.get(f"/jobs/{JOB_ID}")
            response.raise_for_status()
            assert response.json()["id"] == JOB_ID

    return work


def flare(base: str) -> Callable[[int], None]:
    """Sync, the `zeridion_flare` of this environment: ours, or the published one."""
    from zeridion_flare import FlareClient

    client = FlareClient(api_key=KEY, base_url=f"{base}/flare/v1")

    def work(count: int) -> None:
        for _ in range(count):
            job = client.get_job(JOB_ID)
            assert job is not None
            assert job["id"] == JOB_ID

    return work


def bare_httpx_async(base: str) -> Callable[[int], None]:
    """Async, httpx alone, one call after the other."""
    import httpx

    client = httpx.AsyncClient(base_url=f"{base}/flare/v1", headers=HEADERS, timeout=30)

    async def work(count: int) -> None:
        for _ in range(count):
            response = await client.get(f"/jobs/{JOB_ID}")
            response.raise_for_status()
            assert response.json()["id"] == JOB_ID

    return _on_one_loop(work)


def flare_async(base: str) -> Callable[[int], None]:
    """Async, ours, one call after the other."""
    from zeridion_flare import AsyncFlareClient

    client = AsyncFlareClient(api_key=KEY, base_url=f"{base}/flare/v1")

    async def work(count: int) -> None:
        for _ in range(count):
            job = await client.get_job(JOB_ID)
            assert job is not None
            assert job["id"] == JOB_ID

    return _on_one_loop(work)


def _on_one_loop(work: Callable[[int], Coroutine[Any, Any, None]]) -> Callable[[int], None]:
    loop = asyncio.new_event_loop()
    return lambda count: loop.run_until_complete(work(count))


CONTENDERS = {
    "socket": raw_socket,
    "httpx": bare_httpx,
    "flare": flare,
    "httpx-async": bare_httpx_async,
    "flare-async": flare_async,
}

if __name__ == "__main__":
    serve(CONTENDERS[sys.argv[1]](f"http://127.0.0.1:{sys.argv[2]}"))
