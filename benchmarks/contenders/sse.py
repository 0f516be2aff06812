"""Read event streams: `python -m benchmarks.contenders.sse WHO KIND PORT`; the count is of events.

`stream` is our client's event stream over its own connection, `stream-async` its twin, `httpx-sse`
that library over httpx. `decoder` and `httpx-sse-decoder` decode the same bytes from memory, in
pieces as a socket gives them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.contender import serve
from benchmarks.peer import CHUNK_BYTES, job_events, token_events

if TYPE_CHECKING:
    from quintet import ClientOptions, EventRules, Operation, Service


def _client_parts(base: str) -> tuple[Service, ClientOptions, EventRules, Operation]:
    from quintet import ClientOptions, EventRules, Operation, QuintetError, RetryClass, Service

    service = Service(
        name="benchmark",
        user_agent="benchmark/1",
        status_error=lambda *arguments: QuintetError(str(arguments)),
    )
    rules = EventRules(is_terminal=lambda event: event.data == "[DONE]", numbered=True)
    operation = Operation("events", "GET", "/events/{kind}/{count}", RetryClass.SAFE)
    return service, ClientOptions(base_url=base), rules, operation


def stream(base: str, kind: str) -> Callable[[int], None]:
    """Ours, sync."""
    from quintet import ApiClient

    service, options, rules, operation = _client_parts(base)
    client = ApiClient(service, options, credentials=tuple)

    def work(count: int) -> None:
        events = client.events(
            operation,
            rules,
            path={"kind": kind, "count": str(count)},
        )
        seen = 0
        for _ in events:
            seen += 1
        _check(seen, count)

    return work


def stream_async(base: str, kind: str) -> Callable[[int], None]:
    """Ours, async."""
    from quintet import AsyncApiClient

    service, options, rules, operation = _client_parts(base)
    client = AsyncApiClient(service, options, credentials=tuple)
    loop = asyncio.new_event_loop()

    async def read(count: int) -> None:
        events = client.events(
            operation,
            rules,
            path={"kind": kind, "count": str(count)},
        )
        seen = 0
        async for _ in events:
            seen += 1
        _check(seen, count)

    return lambda count: loop.run_until_complete(read(count))


def httpx_sse(base: str, kind: str) -> Callable[[int], None]:
    """The baseline, sync."""
    import httpx
    from httpx_sse import connect_sse

    client = httpx.Client(base_url=base, timeout=30)

    def work(count: int) -> None:
        seen = 0
        with connect_sse(client, "GET", f"/events/{kind}/{count}") as source:
            for _ in source.iter_sse():
                seen += 1
        _check(seen, count)

    return work


def httpx_sse_async(base: str, kind: str) -> Callable[[int], None]:
    """The baseline, async."""
    import httpx
    from httpx_sse import aconnect_sse

    client = httpx.AsyncClient(base_url=base, timeout=30)
    loop = asyncio.new_event_loop()

    async def read(count: int) -> None:
        seen = 0
        async with aconnect_sse(client, "GET", f"/events/{kind}/{count}") as source:
            async for _ in source.aiter_sse():
                seen += 1
        _check(seen, count)

    return lambda count: loop.run_until_complete(read(count))


def decoder(base: str, kind: str) -> Callable[[int], None]:
    """Our decoder alone."""
    from quintet.core.sse.decoder import SSEDecoder

    def work(count: int) -> None:
        decode = SSEDecoder()
        _check(sum(len(decode.feed(piece)) for piece in _pieces(kind, count)), count)

    return work


def httpx_sse_decoder(base: str, kind: str) -> Callable[[int], None]:
    """The baseline's decoding alone: its own iteration over a response held in memory."""
    import httpx
    from httpx_sse import EventSource

    def work(count: int) -> None:
        response = httpx.Response(
            200, headers={"Content-Type": "text/event-stream"}, content=iter(_pieces(kind, count))
        )
        _check(len(list(EventSource(response).iter_sse())), count)

    return work


_made: dict[tuple[str, int], list[bytes]] = {}


def _pieces(kind: str, count: int) -> list[bytes]:
    if (kind, count) not in _made:
        body = {"token": token_events, "job": job_events}[kind](count)
        _made[kind, count] = [
            body[at : at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES)
        ]
    return _made[kind, count]


def _check(seen: int, count: int) -> None:
    if seen != count:
        raise RuntimeError(f"{seen} events of {count}")


CONTENDERS = {
    "stream": stream,
    "stream-async": stream_async,
    "httpx-sse": httpx_sse,
    "httpx-sse-async": httpx_sse_async,
    "decoder": decoder,
    "httpx-sse-decoder": httpx_sse_decoder,
}

if __name__ == "__main__":
    serve(CONTENDERS[sys.argv[1]](f"http://127.0.0.1:{sys.argv[3]}", sys.argv[2]))
