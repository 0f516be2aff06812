"""Read JSON events of a stream: `python -m benchmarks.contenders.json_events WHO BASE`.

The count is of events, each a chunk of its own on the wire; each is decoded, by whoever reads it.
All but two read the chunks of a chat completion. `openai` is that package's own stream of them, as
its models; `openai-plain` the same stream told to give what JSON gives, as the others do;
`client-events` is our client's stream, `httpx-sse`, `httpx2` and `aiohttp` what these libraries
have, the last a line at a time. `socket` is the floor: chunks cut by hand. `flowmaestro` is the SDK
of this environment, ours or the published one, following an execution. `-async` is asyncio.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from benchmarks.contender import serve
from benchmarks.contenders.on_asyncio import new_loop

KEY = "sk-0123456789abcdef0123456789abcdef0123456789abcdef"
FLOWMAESTRO_KEY = "fm_live_0123456789abcdef0123456789abcdef"
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "text/event-stream"}
DONE = "[DONE]"

Read = Callable[[int], Iterator[Any]]
AsyncRead = Callable[[int], AsyncIterator[Any]]


def path(count: int) -> str:
    """Where so many chunks of a chat completion are, the end among them."""
    return f"/events/completion/{count}"


def raw_socket(base: str) -> Read:
    """The floor: chunk heads, event ends and nothing else are looked for."""
    authority = urlsplit(base).netloc
    connection = socket.create_connection(("127.0.0.1", int(authority.rpartition(":")[2])))

    def read(count: int) -> Iterator[Any]:
        lines = [f"GET {path(count)} HTTP/1.1", f"Host: {authority}"]
        lines += [f"{name}: {value}" for name, value in HEADERS.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        data = data.partition(b"\r\n\r\n")[2]
        while True:
            *events, data = data.split(b"\n\n\r\n")
            for event in events:
                payload = event.partition(b"data: ")[2]
                if payload != b"[DONE]":
                    yield json.loads(payload)
            if data == b"0\r\n\r\n":
                return
            data += connection.recv(65536)

    return read


def client_events(base: str) -> Read:
    """Our client's stream."""
    from quintet import ApiClient

    parts, rules, operation = _client(base)
    client = ApiClient(*parts)

    def read(count: int) -> Iterator[Any]:
        for event in client.events(operation, rules, path={"count": str(count)}):
            if event.data != DONE:
                yield event.json()

    return read


def client_events_async(base: str) -> AsyncRead:
    """Its twin."""
    from quintet import AsyncApiClient

    parts, rules, operation = _client(base)
    client = AsyncApiClient(*parts)

    async def read(count: int) -> AsyncIterator[Any]:
        async for event in client.events(operation, rules, path={"count": str(count)}):
            if event.data != DONE:
                yield event.json()

    return read


def _client(base: str) -> tuple[tuple[Any, Any, Any], Any, Any]:
    from quintet import ClientOptions, EventRules, Operation, RetryClass, Service

    service = Service(name="benchmark", user_agent="benchmark/1")
    rules = EventRules(is_terminal=lambda event: event.data == DONE)
    operation = Operation("events", "GET", "/events/completion/{count}", RetryClass.SAFE)
    credentials = [("Authorization", f"Bearer {KEY}")]
    return (service, ClientOptions(base_url=base), lambda: credentials), rules, operation


def httpx_sse(base: str) -> Read:
    """httpx-sse over httpx."""
    import httpx
    from httpx_sse import connect_sse

    client = httpx.Client(base_url=base, headers=HEADERS, timeout=30)

    def read(count: int) -> Iterator[Any]:
        with connect_sse(client, "GET", path(count)) as source:
            for event in source.iter_sse():
                if event.data != DONE:
                    yield json.loads(event.data)

    return read


def httpx_sse_async(base: str) -> AsyncRead:
    """The same, async."""
    import httpx
    from httpx_sse import aconnect_sse

    client = httpx.AsyncClient(base_url=base, headers=HEADERS, timeout=30)

    async def read(count: int) -> AsyncIterator[Any]:
        async with aconnect_sse(client, "GET", path(count)) as source:
            async for event in source.aiter_sse():
                if event.data != DONE:
                    yield json.loads(event.data)

    return read


def httpx2_sse(base: str) -> Read:
    """What httpx2 has itself."""
    import httpx2

    client = httpx2.Client(base_url=base, headers=HEADERS, timeout=30)

    def read(count: int) -> Iterator[Any]:
        with client.sse(path(count)) as source:
            for event in source:
                if event.data != DONE:
                    yield event.json()

    return read


def httpx2_sse_async(base: str) -> AsyncRead:
    """The same, async."""
    import httpx2

    client = httpx2.AsyncClient(base_url=base, headers=HEADERS, timeout=30)

    async def read(count: int) -> AsyncIterator[Any]:
        async with client.sse(path(count)) as source:
            async for event in source:
                if event.data != DONE:
                    yield event.json()

    return read


def openai(base: str) -> Read:
    """The package's stream of models."""
    from openai import OpenAI, Stream
    from openai.types.chat import ChatCompletionChunk

    client = OpenAI(api_key=KEY, base_url=base)
    stream = Stream[ChatCompletionChunk]
    return lambda count: iter(
        client.get(path(count), cast_to=ChatCompletionChunk, stream=True, stream_cls=stream)
    )


def openai_plain(base: str) -> Read:
    """The package's stream, no models made."""
    from openai import OpenAI, Stream

    client = OpenAI(api_key=KEY, base_url=base)
    return lambda count: iter(
        client.get(path(count), cast_to=object, stream=True, stream_cls=Stream[object])
    )


def openai_plain_async(base: str) -> AsyncRead:
    """The same, async."""
    from openai import AsyncOpenAI, AsyncStream

    client = AsyncOpenAI(api_key=KEY, base_url=base)

    async def read(count: int) -> AsyncIterator[Any]:
        events = await client.get(
            path(count), cast_to=object, stream=True, stream_cls=AsyncStream[object]
        )
        async for event in events:
            yield event

    return read


def aiohttp(base: str) -> AsyncRead:
    """aiohttp, lines taken for events: there is no decoder in it."""
    import aiohttp

    async def read(count: int) -> AsyncIterator[Any]:
        async with (
            aiohttp.ClientSession(headers=HEADERS) as session,
            session.get(f"{base}{path(count)}") as response,
        ):
            async for line in response.content:
                if line.startswith(b"data: ") and line != b"data: [DONE]\n":
                    yield json.loads(line[6:])

    return read


def flowmaestro(base: str) -> Read:
    """`executions.stream` of the `flowmaestro` of this environment."""
    from flowmaestro import FlowMaestroClient

    client = FlowMaestroClient(api_key=FLOWMAESTRO_KEY, base_url=base)
    return lambda count: _but_last(client.executions.stream(f"exec_{count}"))


def _but_last(events: Any) -> Iterator[Any]:
    for event in events:
        if event["type"] != "execution:completed":
            yield event


def flowmaestro_async(base: str) -> AsyncRead:
    """The same, async."""
    from flowmaestro import AsyncFlowMaestroClient

    client = AsyncFlowMaestroClient(api_key=FLOWMAESTRO_KEY, base_url=base)

    async def read(count: int) -> AsyncIterator[Any]:
        async for event in client.executions.stream(f"exec_{count}"):
            if event["type"] != "execution:completed":
                yield event

    return read


BLOCKING: dict[str, Callable[[str], Read]] = {
    "socket": raw_socket,
    "client-events": client_events,
    "httpx-sse": httpx_sse,
    "httpx2": httpx2_sse,
    "openai": openai,
    "openai-plain": openai_plain,
    "flowmaestro": flowmaestro,
}
ASYNC: dict[str, Callable[[str], AsyncRead]] = {
    "client-events-async": client_events_async,
    "httpx-sse-async": httpx_sse_async,
    "httpx2-async": httpx2_sse_async,
    "openai-plain-async": openai_plain_async,
    "aiohttp": aiohttp,
    "flowmaestro-async": flowmaestro_async,
}


def check(event: Any, seen: int, count: int) -> None:
    """Refuse a stream of another length, or one whose last event is not the one before its end."""
    if seen != count - 1:
        raise RuntimeError(f"{seen} events of {count - 1}")
    number = count - 2
    if isinstance(event, dict) and "node_id" in event:
        right = event["node_id"] == f"node_{(number + 1) % 97}"
    elif isinstance(event, dict):
        right = event["choices"][0]["delta"]["content"] == f" word{number % 97}"
    else:
        right = event.choices[0].delta.content == f" word{number % 97}"
    if not right:
        raise RuntimeError(f"the last event is not number {number}: {event}")


def contender(who: str, base: str) -> Callable[[int], None]:
    """Return the work that the command line names."""
    if who in BLOCKING:
        read = BLOCKING[who](base)

        def work(count: int) -> None:
            seen, last = 0, None
            for event in read(count):
                seen, last = seen + 1, event
            check(last, seen, count)

        return work
    loop = new_loop()
    async_read = ASYNC[who](base)

    async def together(count: int) -> None:
        seen, last = 0, None
        async for event in async_read(count):
            seen, last = seen + 1, event
        check(last, seen, count)

    return lambda count: loop.run_until_complete(together(count))


if __name__ == "__main__":
    serve(contender(*sys.argv[1:]))
