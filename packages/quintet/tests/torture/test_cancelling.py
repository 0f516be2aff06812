"""A call cancelled at each of its waits leaves its pool empty, and usable.

The pool has room for one connection: a turn that got lost would make the next call wait for ever.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from packages.quintet.tests.wire.peer import (
    Connection,
    Peer,
    Script,
    always,
    answer,
    chunked,
    chunked_head,
)
from packages.quintet.tests.wire.test_proxies import tunnel
from packages.quintet.tests.wire.test_tls import Authority
from packages.quintet.tests.wire.worlds import GET, KEYED, STREAM, World
from quintet import Backoff, RetryPolicy
from quintet.core.body import open_body
from quintet.errors import TimeoutFailure
from quintet.transport.aio_engine import AsyncEngine
from quintet.transport.environment import Proxies
from quintet.transport.limits import ConnectionLimits
from tests.support.loopback import HOST

from .cutting import cut

ONE = ConnectionLimits(max_connections=1)
MOST_WAITS = 200

SMALL = answer(b"[1]")
PIECES = chunked_head() + chunked(b"[", b"1", b"]")
LONG = answer(b"x" * 3_000_000)
EVENTS = (
    chunked_head("Content-Type: text/event-stream")
    + chunked(b"data: 1\n\n", b"data: 2\n\n", end=False)
    + chunked(b"data: 3\n\n")
)
Act = Callable[[Any], Awaitable[Any]]


async def request(client: Any) -> Any:
    return await client.request(GET)


async def download(client: Any) -> Any:
    async with client.download(GET) as stream:
        return [piece async for piece in stream]


async def follow(client: Any) -> Any:
    from quintet import EventRules

    async with client.events(STREAM, EventRules()) as stream:
        return [event async for event in stream]


async def upload(client: Any) -> Any:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 300_000

    return await client.request(KEYED, body=open_body(pieces()))


async def upload_from_thread(client: Any) -> Any:
    return await client.request(KEYED, body=open_body([b"x" * 300_000] * 3))


def refuse_once(connection: Connection) -> None:
    connection.read_request()
    connection.send(answer(b"{}", "503 Service Unavailable"))
    connection.read_request()
    connection.send(SMALL)


WAYS: dict[str, tuple[Act, Script]] = {
    "request": (request, always(SMALL)),
    "chunked": (request, always(PIECES)),
    "long": (request, always(LONG)),
    "retried": (request, refuse_once),
    "download": (download, always(LONG)),
    "events": (follow, always(EVENTS)),
    "upload": (upload, always(SMALL)),
    "upload from a thread": (upload_from_thread, always(SMALL)),
}


@pytest.fixture
def play() -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def start(script: Script, **options: Any) -> Peer:
        peers.append(Peer(script, **options))
        return peers[-1]

    yield start
    for peer in peers:
        peer.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def client_of(url: str, **options: Any) -> Any:
    options.setdefault("proxies", Proxies({}))
    engine = AsyncEngine(time.monotonic, limits=ONE, **options)
    once_more = RetryPolicy(statuses=frozenset({503}), backoff=Backoff(0.0, 0.0), max_retries=1)
    return World(blocking=False).client(url, transport=engine, retry=once_more)


async def cut_everywhere(make: Callable[[], Any], act: Act, *, fresh: bool, late: bool) -> int:
    """Cancel ``act`` at each of its waits; return how many there are.

    Args:
        make: Returns a client.
        act: What it does.
        fresh: With a new client each time, whose connection is still to be made.
        late: See :func:`~.cutting.cut`.
    """
    client = make()
    for at in range(MOST_WAITS):
        if fresh:
            await client.aclose()
            client = make()
        seen = await cut(act(client), at, late=late)
        # The only turn must be free, and no half-read answer be in its way.
        await act(client)
        if not seen.reached:
            await client.aclose()
            return at
    raise AssertionError(f"still waiting after {MOST_WAITS} waits")


@pytest.mark.parametrize("late", [False, True], ids=["at", "after"])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "kept"])
@pytest.mark.parametrize("way", WAYS)
async def test_call_cancelled_at_any_wait_leaves_its_turn(
    play: Callable[..., Peer], way: str, fresh: bool, late: bool
) -> None:
    act, script = WAYS[way]
    peer = play(script)
    waits = await cut_everywhere(lambda: client_of(peer.url), act, fresh=fresh, late=late)
    assert waits >= 1
    assert await peer.all_gone()


@pytest.mark.parametrize("late", [False, True], ids=["at", "after"])
@pytest.mark.parametrize("by_proxy", [False, True], ids=["direct", "tunnel"])
async def test_call_cancelled_while_tls_is_agreed_on_leaves_its_turn(
    play: Callable[..., Peer], authority: Authority, by_proxy: bool, late: bool
) -> None:
    peer = play(always(SMALL), tls=authority.server(HOST))
    peers = [peer]
    options: dict[str, Any] = {"verify": authority.file}
    if by_proxy:
        peers.append(play(tunnel))
        options["proxies"] = Proxies({"https": f"http://{HOST}:{peers[1].port}"})
    waits = await cut_everywhere(
        lambda: client_of(peer.url, **options), request, fresh=True, late=late
    )
    assert waits >= 3
    for each in peers:
        assert await each.all_gone()


@pytest.mark.parametrize("late", [False, True], ids=["at", "after"])
async def test_call_cancelled_while_it_waits_for_its_turn_leaves_it(
    play: Callable[..., Peer], late: bool
) -> None:
    peer = play(always(SMALL))
    client = client_of(peer.url)

    async def second(client: Any) -> Any:
        first = asyncio.ensure_future(client.request(GET))
        await asyncio.sleep(0)
        try:
            return await client.request(GET)
        finally:
            await asyncio.gather(first, return_exceptions=True)

    for at in range(MOST_WAITS):
        seen = await cut(second(client), at, late=late)
        assert (await client.request(GET)).json() == [1]
        if not seen.reached:
            break
    await client.aclose()
    assert await peer.all_gone()


async def test_a_lost_turn_would_be_noticed(play: Callable[..., Peer]) -> None:
    client = client_of(play(always(answer(b"[1]" * 100_000))).url)
    kept = client.download(GET)
    await kept.__anext__()  # it keeps the turn
    with pytest.raises(TimeoutFailure, match="connection"):
        await client.request(GET, timeout=0.05, max_retries=0)
    await kept.aclose()
    await client.request(GET)
    await client.aclose()
