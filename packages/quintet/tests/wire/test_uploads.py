"""Request bodies on the wire: framing, replays, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import threading
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quintet import open_body
from quintet.errors import (
    ConfigurationError,
    ConnectionFailure,
    MisuseError,
    StatusError,
    TransportError,
)
from quintet.multipart import FilePart, MultipartBody, TextPart, multipart
from tests.support.loopback import HOST

from .limits import ends_in
from .peer import WAIT_SECONDS, Connection, Peer, Received, always, answer, in_turn
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
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        client = world.client(f"http://{HOST}:{unused.getsockname()[1]}", max_retries=2)
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
    assert request.header("host") == f"{HOST}:{peer.port}"


# Forms with files.


def form(source: Any, **options: Any) -> MultipartBody:
    return multipart(
        [
            TextPart("key", "avatars/ü.jpg"),
            FilePart("file", 'ü "1".jpg', open_body(source, **options)),
        ]
    )


async def upload(world: World, client: Any, body: MultipartBody, **options: Any) -> Any:
    return await world.do(
        client.request(KEYED, body=body, content_type=body.content_type, **options)
    )


async def test_form_with_an_open_file_is_sent_from_where_it_stands_and_again(
    play: Play, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "example.file"
    path.write_bytes(bytes(range(256)) * 1000)
    peer = play(in_turn(close_after_request, GOOD))
    client = world.client(peer.url, max_retries=1)
    progress: list[int] = []
    with path.open("rb") as file:
        file.seek(400)
        body = form(file, progress=lambda sent, total: progress.append(sent))
        await upload(world, client, body)
    first, second = peer.requests
    assert first.body == second.body
    assert path.read_bytes()[400:] in first.body
    assert path.read_bytes() not in first.body
    assert 'name="file"; filename="ü %221%22.jpg"\r\nContent-Type: image/jpeg'.encode() in (
        first.body
    )
    assert first.header("content-length") == str(len(first.body))
    assert first.header("content-type") == body.content_type
    assert progress[-1] == 256_000 - 400
    assert progress.count(0) == 1


async def test_form_with_a_pipe_is_chunked_and_never_sent_twice(play: Play, world: World) -> None:
    read_end, write_end = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(write_end, b"piped"), os.close(write_end)))
    writer.start()
    peer = play(in_turn(close_after_request, GOOD))
    client = world.client(peer.url, max_retries=3)
    with os.fdopen(read_end, "rb") as pipe, pytest.raises(TransportError, match="only once"):
        await upload(world, client, form(pipe))
    writer.join()
    (request,) = peer.requests
    assert request.header("transfer-encoding") == "chunked"
    assert request.body.endswith(b"--\r\n")
    assert b"\r\npiped\r\n" in request.body


async def test_form_with_a_pipe_that_nothing_was_taken_from_is_sent_later(
    play: Play, world: World
) -> None:
    body = form(iter([b"one", b"two"]))
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        nobody = f"http://{HOST}:{unused.getsockname()[1]}"
        with pytest.raises(ConnectionError):
            await upload(world, world.client(nobody), body)
    peer = play(GOOD)
    await upload(world, world.client(peer.url), body)
    assert b"\r\nonetwo\r\n" in peer.requests[0].body


async def test_refused_form_is_not_read_to_its_end(play: Play, world: World) -> None:
    def refuse(connection: Connection) -> None:
        connection.read_head()
        connection.send(answer(b"{}", "413 Too Large", "Connection: close"))
        connection.hold()  # goes on reading, as servers do lest a reset destroy their answer

    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        while len(taken) < 20_000:
            taken.append(1)
            yield bytes(64 * 1024)

    client = world.client(play(refuse).url)
    with pytest.raises(StatusError) as caught:
        await upload(world, client, form(endless()))
    assert caught.value.status == 413
    assert len(taken) < 20_000


async def test_memory_stays_constant_while_a_large_file_is_sent(
    play: Play, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)

    def swallow(connection: Connection) -> None:
        head = connection.read_head()
        left = int(head.lower().partition(b"content-length: ")[2].split()[0])
        left -= len(connection._buffer)
        while left:
            left -= len(connection.recv())
        connection.send(answer())

    client = world.client(play(swallow).url)
    body = form(path)
    tracemalloc.start()
    try:
        await upload(world, client, body, timeout=60.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


async def test_cancelled_upload_leaves_nothing_behind(play: Play, tmp_path: Path) -> None:
    world = World(blocking=False)
    path = tmp_path / "data"
    path.write_bytes(bytes(32 * 1024 * 1024))

    def stall(connection: Connection) -> None:
        connection.read_head()
        connection.peer.over.wait()

    peer = play(stall)
    client = world.client(peer.url)
    sending = asyncio.ensure_future(upload(world, client, form(path)))
    while not any(thread.name == "quintet-upload" for thread in threading.enumerate()):
        await asyncio.sleep(0.005)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    for thread in threading.enumerate():
        if thread.name == "quintet-upload":
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()
    await world.close_all()


async def test_answer_that_comes_early_without_refusing_does_not_end_the_upload(
    play: Play, world: World
) -> None:
    def thank_early(connection: Connection) -> None:
        head = connection.read_head()
        connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        begun.set()
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        connection.peer.requests.append(
            Received("POST", "/", [], connection._read_exactly(length), head)
        )
        connection.send(b"{}")

    begun = threading.Event()

    def pieces() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 1000
            begun.wait(WAIT_SECONDS)

    peer = play(thank_early)
    client = world.client(peer.url)
    response = await upload(world, client, form(pieces(), length=10_000))
    assert (response.status, response.body) == (200, b"{}")
    assert b"x" * 10_000 in peer.requests[0].body


async def test_source_that_stalls_does_not_outlive_the_limit_of_the_attempt(play: Play) -> None:
    world = World(blocking=False)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        stalled.append(None)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(None)

    stalled: list[None] = []
    ended: list[None] = []
    client = world.client(play(lambda connection: connection.hold()).url)
    await ends_in(
        "write", lambda limit: client.request(POST, body=open_body(pieces()), timeout=limit)
    )
    assert len(ended) == len(stalled)
    await world.close_all()


async def test_refusal_is_heard_while_the_source_stalls(play: Play) -> None:
    world = World(blocking=False)
    stalled = threading.Event()

    def refuse(connection: Connection) -> None:
        connection.read_head()
        assert stalled.wait(WAIT_SECONDS)
        connection.send(answer(b"{}", "413 Content Too Large"))
        connection.hold()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"begun"
            stalled.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    closed = asyncio.Event()
    peer = play(refuse)
    client = world.client(peer.url, timeout=None)
    with pytest.raises(StatusError) as caught:
        await client.request(POST, body=open_body(pieces()))
    assert caught.value.status == 413
    assert closed.is_set()
    # Half a request is on it: it must not be used for another.
    assert await peer.all_gone()
    await world.close_all()


async def test_end_of_the_connection_is_noticed_while_the_source_stalls(play: Play) -> None:
    world = World(blocking=False)
    stalled = threading.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        stalled.set()
        await asyncio.Event().wait()

    def leave(connection: Connection) -> None:
        connection.read_head()
        assert stalled.wait(WAIT_SECONDS)

    client = world.client(play(leave).url, timeout=None)
    with pytest.raises(ConnectionFailure) as caught:
        await client.request(POST, body=open_body(pieces()))
    assert caught.value.progress == 1
    await world.close_all()


async def test_source_that_fails_as_it_is_told_to_end_is_the_callers_to_hear(play: Play) -> None:
    world = World(blocking=False)
    stalled = threading.Event()

    def refuse(connection: Connection) -> None:
        connection.read_head()
        assert stalled.wait(WAIT_SECONDS)
        connection.send(answer(b"{}", "413 Content Too Large"))
        connection.hold()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"begun"
            stalled.set()
            await asyncio.Event().wait()
        finally:
            raise LookupError("mine")

    client = world.client(play(refuse).url, timeout=None)
    with pytest.raises(LookupError, match="mine"):
        await client.request(POST, body=open_body(pieces()))
    await world.close_all()


async def test_source_that_goes_on_when_it_is_told_to_end_is_not_waited_for(play: Play) -> None:
    world = World(blocking=False)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        yield b"more"

    client = world.client(play(lambda connection: connection.hold()).url)
    await ends_in(
        "write",
        lambda limit: asyncio.wait_for(
            client.request(POST, body=open_body(pieces()), timeout=limit), WAIT_SECONDS
        ),
    )
    await world.close_all()


async def test_failed_upload_leaves_no_reference_cycle(play: Play) -> None:
    world = World(blocking=False)

    class Mine(Exception):
        """What the source raises."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        raise Mine

    async def fail() -> weakref.ref[Mine]:
        try:
            await client.request(POST, body=open_body(pieces()))
        except Mine as failure:
            return weakref.ref(failure)
        raise AssertionError("the upload did not fail")

    client = world.client(play(lambda connection: connection.hold()).url)
    gc.collect()
    gc.disable()
    try:
        gone = await fail()
        await asyncio.sleep(0)  # the loop has its handles until its next round
        assert gone() is None
    finally:
        gc.enable()
    await world.close_all()
