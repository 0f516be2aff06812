"""Connections: kept, reused, checked, never mixed up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from quintet.errors import StatusError

from .peer import Connection, Peer, always, answer, chunked, chunked_head
from .worlds import GET, KEYED, World

Play = Callable[..., Peer]


def echo(connection: Connection) -> None:
    while True:
        request = connection.read_request()
        connection.send(answer(request.target.encode()))


async def test_connection_is_reused(play: Play, world: World) -> None:
    peer = play(always(answer()))
    client = world.client(peer.url)
    for _ in range(5):
        await world.do(client.request(GET))
    assert len(peer.connections) == 1
    assert len(peer.requests) == 5


async def test_connection_is_reused_after_an_error_status(play: Play, world: World) -> None:
    peer = play(always(answer(b"{}", "404 Not Found")))
    client = world.client(peer.url)
    for _ in range(3):
        with pytest.raises(StatusError):
            await world.do(client.request(GET))
    assert len(peer.connections) == 1


async def test_connection_is_reused_after_a_download_read_to_its_end(
    play: Play, world: World
) -> None:
    peer = play(always(chunked_head() + chunked(b"a", b"b")))
    client = world.client(peer.url)
    for _ in range(3):
        assert b"".join(await world.collect(client.download(GET))) == b"ab"
    assert len(peer.connections) == 1


async def test_connection_the_server_closed_while_idle_is_not_used_again(
    play: Play, world: World
) -> None:
    def one_shot(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())

    peer = play(one_shot)
    client = world.client(peer.url)
    for number in range(3):
        # Even a write that must not be repeated: the dead connection is seen before it is used.
        await world.do(client.request(KEYED))
        assert await peer.all_gone()
        assert len(peer.connections) == number + 1


async def test_connection_with_connection_close_is_not_used_again(play: Play, world: World) -> None:
    peer = play(always(answer(b"{}", "200 OK", "Connection: close")))
    client = world.client(peer.url)
    await world.do(client.request(GET))
    await world.do(client.request(GET))
    assert len(peer.connections) == 2


async def test_two_clients_share_no_connection(play: Play, world: World) -> None:
    peer = play(always(answer()))
    await world.do(world.client(peer.url).request(GET))
    await world.do(world.client(peer.url).request(GET))
    assert len(peer.connections) == 2


def test_many_threads_never_get_each_others_answers(play: Play) -> None:
    peer = play(echo)
    world = World(blocking=True)
    client = world.client(peer.url)
    wrong: list[str] = []

    def work(name: int) -> None:
        for number in range(25):
            nonce = f"{name}-{number}"
            body = client.request(GET, query={"nonce": nonce}).body.decode()
            if body != f"/thing?nonce={nonce}":
                wrong.append(body)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert wrong == []
    assert len(peer.requests) == 600
    assert len(peer.connections) <= 24


async def test_many_tasks_never_get_each_others_answers(play: Play) -> None:
    peer = play(echo)
    world = World(blocking=False)
    client = world.client(peer.url)

    async def work(name: int) -> list[bool]:
        right = []
        for number in range(10):
            nonce = f"{name}-{number}"
            response = await client.request(GET, query={"nonce": nonce})
            right.append(response.body.decode() == f"/thing?nonce={nonce}")
        return right

    results = await asyncio.gather(*(work(name) for name in range(40)))
    await client.aclose()
    assert all(all(result) for result in results)
    assert len(peer.connections) <= 40
