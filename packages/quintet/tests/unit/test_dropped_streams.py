"""A stream that is dropped half-read says where it was asked for; every other one is silent."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from quintet import ApiClient, AsyncApiClient, ClientOptions, EventRules, Operation, RetryClass
from quintet._sync.streams import ByteStream, EventStream
from quintet.core.operation import Service
from quintet.errors import ConnectionFailure, QuintetError
from quintet.testing import AsyncScriptedTransport, ScriptedTransport, reply

WATCH = Operation("things.watch", "GET", "/events", RetryClass.SAFE)
RULES = EventRules(is_terminal=lambda event: event.event == "done", max_reconnects=0)
SSE = {"Content-Type": "text/event-stream"}
TEXT = b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nevent: done\ndata: c\n\n"
KINDS = ["events", "download"]
FACES = ["blocking", "asyncio"]
on_both_faces = pytest.mark.parametrize("face", FACES)
of_both_kinds = pytest.mark.parametrize("kind", KINDS)


class Half:
    """One face of a client, and a stream of it."""

    def __init__(self, face: str, kind: str, *chunks: Any) -> None:
        self.is_async = face == "asyncio"
        script = [reply(200, chunks=chunks or [TEXT], headers=SSE)]
        transport: Any = (AsyncScriptedTransport if self.is_async else ScriptedTransport)(script)
        self.transport = transport
        client: Any = AsyncApiClient if self.is_async else ApiClient
        options = ClientOptions(base_url="https://api.example")
        self.client = client(Service("unit", "unit/1"), options, lambda: (), transport=transport)
        if kind == "events":
            self.stream = self.client.events(WATCH, RULES)
        else:
            self.stream = self.client.download(WATCH)

    async def do(self, result: Any) -> Any:
        return await result if self.is_async else result

    async def step(self) -> Any:
        return await self.do(self.stream.__anext__() if self.is_async else next(self.stream))

    async def to_end(self) -> list[Any]:
        return [each async for each in self.stream] if self.is_async else list(self.stream)

    async def close(self, thing: Any) -> None:
        await self.do(thing.aclose() if self.is_async else thing.close())

    async def drop(self) -> None:
        del self.stream
        for _ in range(10 if self.is_async else 0):
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """What is dropped goes at once: nothing leads back to itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def told(act: Callable[[], Awaitable[object]]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await act()
    return [str(each.message) for each in caught if each.category is ResourceWarning]


@on_both_faces
@of_both_kinds
async def test_stream_dropped_half_read_names_the_line_and_closes(face: str, kind: str) -> None:
    half = Half(face, kind, TEXT[:20], TEXT[20:])
    await half.step()
    (said,) = await told(half.drop)
    assert said.startswith(
        f"unclosed {'stream of events' if kind == 'events' else 'download'} "
        f"that was not read to its end, made at {__file__}:"
    )
    assert half.transport.open_exchanges == 0


@on_both_faces
async def test_download_that_was_opened_and_never_read_is_half_read(face: str) -> None:
    half = Half(face, "download")
    await half.do(half.stream.open())
    assert len(await told(half.drop)) == 1


@on_both_faces
@of_both_kinds
async def test_stream_that_was_never_begun_is_silent(face: str, kind: str) -> None:
    assert await told(Half(face, kind).drop) == []


@on_both_faces
@of_both_kinds
@pytest.mark.parametrize("closed", ["stream", "client"])
async def test_stream_that_was_closed_is_silent(face: str, kind: str, closed: str) -> None:
    half = Half(face, kind, TEXT[:20], TEXT[20:])
    await half.step()
    await half.close(getattr(half, closed))
    assert await told(half.drop) == []


@on_both_faces
async def test_client_that_was_abandoned_silences_its_streams(face: str) -> None:
    half = Half(face, "events")
    await half.step()
    half.transport.abandon = lambda: None
    half.client.abandon()
    assert await told(half.drop) == []


@on_both_faces
@of_both_kinds
async def test_stream_that_was_read_to_its_end_is_silent(face: str, kind: str) -> None:
    half = Half(face, kind)
    assert await half.to_end()
    assert await told(half.drop) == []


@on_both_faces
@of_both_kinds
async def test_stream_that_failed_is_silent(face: str, kind: str) -> None:
    half = Half(face, kind, TEXT[:20], ConnectionFailure("broke", progress=2))
    with pytest.raises(QuintetError):
        await half.to_end()
    assert await told(half.drop) == []


@on_both_faces
async def test_stream_left_at_its_terminal_event_is_silent(face: str) -> None:
    half = Half(face, "events")
    events = [await half.step() for _ in range(3)]
    assert events.pop().event == "done"
    assert await told(half.drop) == []
    assert half.transport.open_exchanges == 0


@on_both_faces
async def test_stream_left_before_its_terminal_event_is_half_read(face: str) -> None:
    half = Half(face, "events")
    for _ in range(2):
        await half.step()
    assert len(await told(half.drop)) == 1


async def test_loop_that_is_left_drops_what_it_walked() -> None:
    half = Half("asyncio", "events", TEXT[:20], TEXT[20:])

    async def walk() -> None:
        stream = half.stream
        async for _ in stream:
            break
        del stream
        await half.drop()

    assert len(await told(walk)) == 1
    assert half.transport.open_exchanges == 0


def test_object_without_anything_in_it_is_dropped_in_peace() -> None:
    for kind in (EventStream, ByteStream):
        kind.__new__(kind)


def test_exit_of_the_interpreter_is_silent() -> None:
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
from quintet import ApiClient, ClientOptions, EventRules, Operation, RetryClass
from quintet.core.operation import Service
from quintet.testing import ScriptedTransport, reply

chunks = [{TEXT!r}[:20], {TEXT!r}[20:]]
answer = reply(200, chunks=chunks, headers={SSE!r})
options = ClientOptions(base_url="https://api.example")
client = ApiClient(Service("u", "u/1"), options, lambda: (), transport=ScriptedTransport([answer]))
stream = client.events(Operation("a", "GET", "/", RetryClass.SAFE), EventRules())
for event in stream:
    break
assert event.data == "a"
"""
    ran = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], capture_output=True, text=True, timeout=120
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@on_both_faces
async def test_head_of_a_stream_is_that_of_its_answer(face: str) -> None:
    half = Half(face, "events")
    before = half.stream.head
    await half.step()
    head = half.stream.head
    assert before is None
    assert (head.status, head.method, head.url) == (200, "GET", "https://api.example/events")
    assert (head.body, head.attempts, head.content_type) == (b"", 1, "text/event-stream")
    await half.close(half.stream)
