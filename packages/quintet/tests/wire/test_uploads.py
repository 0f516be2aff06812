"""Request bodies on the wire: framing, replays, and whose fault a failure is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from quintet import open_body
from quintet.errors import ConfigurationError, MisuseError, TransportError

from .peer import Connection, Peer, always, answer, in_turn
from .worlds import GET, KEYED, POST, PUT, World

Play = Callable[..., Peer]
GOOD = always(answer())


def close_after_request(connection: Connection) -> None:
    connection.read_request()


async def test_file_is_sent_with_its_length_and_again_from_its_beginning(
    play: Play, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "body"
    path.write_bytes(bytes(range(256)) * 1000)
    progress: list[int] = []
    peer = play(in_turn(close_after_request, GOOD))
    client = world.client(peer.url, max_retries=1)
    body = open_body(path, progress=lambda sent, total: progress.append(sent))
    await world.do(client.request(PUT, body=body))
    first, second = peer.requests
    assert first.body == second.body == path.read_bytes()
    assert first.header("content-length") == "256000"
    assert progress.count(0) == 1
    assert progress[-1] == 256_000


async def test_generator_is_sent_in_chunks_but_not_twice(play: Play, world: World) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    peer = play(in_turn(close_after_request, GOOD))
    client = world.client(peer.url, max_retries=3)
    with pytest.raises(TransportError, match="read only once") as caught:
        await world.do(client.request(PUT, body=open_body(pieces())))
    assert caught.value.attempts == 1
    assert peer.requests[0].body == b"onetwo"
    assert peer.requests[0].header("transfer-encoding") == "chunked"


async def test_generator_that_was_not_touched_is_sent_on_a_later_attempt(world: World) -> None:
    import socket

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = world.client(f"http://127.0.0.1:{unused.getsockname()[1]}", max_retries=2)
        with pytest.raises(ConnectionError) as caught:
            await world.do(client.request(POST, body=open_body(iter([b"x"]))))
    assert caught.value.attempts == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [OSError("disk gone"), KeyError("bug"), ConnectionError("db")])
async def test_failure_of_the_callers_own_body_comes_through_as_it_is(
    play: Play, world: World, error: Exception
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise error

    peer = play(always(answer()))
    client = world.client(peer.url, max_retries=3)
    with pytest.raises(type(error)) as caught:
        await world.do(client.request(KEYED, body=open_body(pieces())))
    assert caught.value is error
    assert await peer.all_gone()
    assert (await world.do(client.request(GET))).status == 200


async def test_asynchronous_body_needs_the_asynchronous_client(play: Play, world: World) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    peer = play(GOOD)
    client = world.client(peer.url)
    call = lambda: client.request(POST, body=open_body(pieces()))  # noqa: E731
    if world.blocking:
        with pytest.raises(MisuseError, match="asynchronous"):
            await world.do(call())
    else:
        await world.do(call())
        assert peer.requests[0].body == b"onetwo"


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
async def test_header_that_frames_the_message_cannot_be_set(
    play: Play, world: World, name: str
) -> None:
    client = world.client(play(GOOD).url)
    with pytest.raises(ConfigurationError, match="transport"):
        await world.do(client.request(POST, json={}, headers={name: "1"}))


async def test_write_without_a_body_declares_its_emptiness(play: Play, world: World) -> None:
    peer = play(GOOD)
    await world.do(world.client(peer.url).request(POST))
    assert peer.requests[0].header("content-length") == "0"


async def test_request_on_the_wire_has_each_header_once(play: Play, world: World) -> None:
    peer = play(GOOD)
    client = world.client(peer.url, headers={"user-agent": "mine", "X-Extra": "1"})
    await world.do(client.request(GET, headers={"x-extra": "2"}, query={"q": "a b", "n": None}))
    request = peer.requests[0]
    names = [name.lower() for name, _ in request.headers]
    assert len(names) == len(set(names))
    assert request.target == "/thing?q=a%20b"
    assert request.header("user-agent") == "mine"
    assert request.header("x-extra") == "2"
    assert request.header("host") == f"127.0.0.1:{peer.port}"
