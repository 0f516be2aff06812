"""``timeout`` bounds an attempt from connect to the last byte, ``deadline`` the whole call."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

import pytest

from quintet.errors import StatusError, TimeoutFailure
from quintet.transport.limits import ConnectionLimits
from tests.support.loopback import HOST

from .limits import HUNG_SECONDS, LIMITS, ends_in
from .peer import Connection, Peer, always, answer, chunked, chunked_head
from .worlds import GET, KEYED, POST, World

Play = Callable[..., Peer]
LIMIT = LIMITS[0]


def drip_head(connection: Connection) -> None:
    connection.read_request()
    connection.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)


def drip_body(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    connection.drip(b"a" * 1000)


def drip_chunk_sizes(connection: Connection) -> None:
    connection.read_request()
    connection.send(chunked_head())
    connection.drip(b"1\r\na\r\n" * 300)


def drip_interim_answers(connection: Connection) -> None:
    connection.read_request()
    connection.drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


def drip_error_body(connection: Connection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\n")
    connection.drip(b"a" * 1000)


def silence(connection: Connection) -> None:
    connection.read_request()
    connection.hold()


@pytest.mark.parametrize(
    "script", [drip_head, drip_body, drip_chunk_sizes, drip_interim_answers, silence]
)
async def test_attempt_of_a_slow_server_ends_at_its_timeout(
    play: Play, world: World, script: Callable[[Connection], None]
) -> None:
    peer = play(script)

    async def call(limit: float) -> None:
        await world.do(world.client(peer.url, timeout=limit).request(GET))

    failure = await ends_in("read", call)
    assert f"{failure.seconds:g} s" in str(failure)
    assert await peer.all_gone()


async def test_error_body_that_drips_ends_at_the_timeout_and_keeps_its_status(
    play: Play, world: World
) -> None:
    peer = play(drip_error_body)
    for limit in LIMITS:
        client = world.client(peer.url, timeout=limit)
        with pytest.raises((StatusError, TimeoutFailure)) as caught:
            await world.do(client.request(GET))
        if isinstance(caught.value, StatusError):  # else it passed before the head was there
            break
    assert isinstance(caught.value, StatusError)
    assert caught.value.status == 400
    assert caught.value.response is not None
    assert len(caught.value.response.body) < 1000  # its end was not waited for
    assert await peer.all_gone()


async def test_request_that_nobody_reads_ends_at_the_timeout(play: Play, world: World) -> None:
    def deaf(connection: Connection) -> None:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.peer.over.wait()

    peer = play(deaf)

    async def call(limit: float) -> None:
        client = world.client(peer.url, timeout=limit)
        await world.do(client.request(POST, body=b"x" * 30_000_000))

    failure = await ends_in("write", call)
    assert failure.progress == 1
    assert failure.outcome_unknown


async def test_request_that_is_read_byte_by_byte_ends_at_the_timeout(
    play: Play, world: World
) -> None:
    def sip(connection: Connection) -> None:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while not connection.peer.over.wait(0.005) and connection.sock.recv(2048):
            pass

    peer = play(sip)
    client = world.client(peer.url, timeout=LIMIT)
    began = time.monotonic()
    with pytest.raises(TimeoutFailure):
        await world.do(client.request(POST, body=b"x" * 30_000_000))
    assert time.monotonic() - began < HUNG_SECONDS


async def test_connection_that_is_never_accepted_ends_at_the_timeout(world: World) -> None:
    # A backlog of one that is full: the kernel drops further SYNs.
    listener = socket.socket()
    listener.bind((HOST, 0))
    listener.listen(0)
    filling = [socket.socket() for _ in range(3)]
    for sock in filling:
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
    client = world.client(f"http://{HOST}:{listener.getsockname()[1]}", timeout=LIMIT)
    try:
        began = time.monotonic()
        with pytest.raises(TimeoutFailure) as caught:
            await world.do(client.request(POST, body=b"{}"))
        assert time.monotonic() - began < HUNG_SECONDS
        assert caught.value.phase == "connect"
        assert caught.value.progress == 0
        assert not caught.value.outcome_unknown
    finally:
        for sock in [*filling, listener]:
            sock.close()


async def test_deadline_bounds_all_attempts_together(play: Play, world: World) -> None:
    peer = play(silence)
    for deadline in (0.3, 3.0, 20.0):
        client = world.client(peer.url, timeout=0.4 * deadline, deadline=deadline, max_retries=50)
        began = time.monotonic()
        with pytest.raises(TimeoutFailure) as caught:
            await world.do(client.request(GET))
        assert 0.9 * deadline <= time.monotonic() - began < deadline + HUNG_SECONDS
        if caught.value.attempts > 1 and caught.value.phase == "deadline":
            break  # else the machine let both limits pass at once
    assert caught.value.phase == "deadline"
    assert 2 <= caught.value.attempts <= 3


async def test_deadline_bounds_a_dripping_body_without_a_timeout(play: Play, world: World) -> None:
    peer = play(drip_body)
    client = world.client(peer.url, timeout=None, deadline=LIMIT)
    began = time.monotonic()
    with pytest.raises(TimeoutFailure) as caught:
        await world.do(client.request(GET))
    assert time.monotonic() - began < HUNG_SECONDS
    assert caught.value.phase == "deadline"


async def test_timed_out_write_with_a_key_is_sent_again_with_the_same_key(
    play: Play, world: World
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        if connection.number == 0:
            connection.hold()
        else:
            connection.send(answer(b'{"ok": true}'))

    for limit in LIMITS:
        peer = play(script)
        client = world.client(peer.url, timeout=limit, max_retries=1)
        with contextlib.suppress(TimeoutFailure):  # of the second attempt, on a busy machine
            response = await world.do(client.request(KEYED, json={"a": 1}))
            if len(peer.requests) == 2:
                break
    assert response.json() == {"ok": True}
    keys = [request.header("idempotency-key") for request in peer.requests]
    assert keys[0] == keys[1] != None  # noqa: E711
    assert [request.body for request in peer.requests] == [b'{"a":1}'] * 2


async def test_timeout_of_one_call_overrides_that_of_the_client(play: Play, world: World) -> None:
    peer = play(silence)
    client = world.client(peer.url, timeout=30.0)
    with pytest.raises(TimeoutFailure):
        await world.do(client.request(GET, timeout=LIMIT))


async def test_timeout_of_none_waits_for_a_slow_answer(play: Play, world: World) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.drip(answer(b"[1]"), pause=0.001)

    client = world.client(play(script).url, timeout=None)
    assert (await world.do(client.request(GET))).json() == [1]


async def test_waiting_for_a_free_connection_has_a_phase_of_its_own(
    play: Play, world: World
) -> None:
    peer = play(always(chunked_head("Content-Type: text/plain") + chunked(b"a", end=False)))
    engine = world.engine(time.monotonic, limits=ConnectionLimits(max_connections=1))
    client = world.client(peer.url, transport=engine)
    stream = client.download(GET)
    assert await world.next(stream) == b"a"
    with pytest.raises(TimeoutFailure) as caught:
        await world.do(client.request(GET, timeout=LIMIT))
    assert caught.value.phase == "pool"
    assert caught.value.progress == 0
    await world.close(stream)


async def test_timeout_longer_than_the_system_can_wait_is_one_nevertheless(
    play: Play, world: World
) -> None:
    """A month is more milliseconds than ``poll`` takes."""
    client = world.client(play(always(answer(b"[1]"))).url, timeout=90 * 86400.0)
    assert (await world.do(client.request(GET))).json() == [1]
