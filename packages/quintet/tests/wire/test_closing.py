"""Closing, forgetting and being interrupted: nothing stays open, nothing hangs."""

from __future__ import annotations

import asyncio
import gc
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from quintet import EventRules
from quintet.both_faces import BothFaces
from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConnectionFailure, StatusError
from quintet.testing import AsyncScriptedTransport
from quintet.transport.limits import ConnectionLimits
from tests.support.loopback import HOST

from .limits import eventually
from .peer import EVENTS, WAIT_SECONDS, Connection, Peer, always, answer, chunked, chunked_head
from .worlds import GET, POST, STREAM, World

Play = Callable[..., Peer]
PLAIN = EventRules()


def silence(connection: Connection) -> None:
    connection.read_request()
    connection.hold()


def stall_in_body(connection: Connection) -> None:
    connection.read_request()
    connection.send(chunked_head() + chunked(b"a", end=False))
    connection.hold()


def stall_in_stream(connection: Connection) -> None:
    connection.read_request()
    connection.send(EVENTS + chunked(b"data: a\n\n", end=False))
    connection.hold()


async def test_client_used_after_close_says_so(play: Play, world: World) -> None:
    peer = play(always(answer()))
    for used_before in (True, False):
        client = world.client(peer.url)
        if used_before:
            await world.do(client.request(GET))
        await world.close(client)
        await world.close(client)
        with pytest.raises(ClientClosedError, match="closed"):
            await world.do(client.request(GET))
        with pytest.raises(ClientClosedError):
            await world.next(client.events(STREAM, PLAIN))


async def test_closed_client_has_no_open_connection(play: Play, world: World) -> None:
    peer = play(always(answer()))
    client = world.client(peer.url)
    await world.do(client.request(GET))
    await world.close(client)
    assert await peer.all_gone()


async def test_context_manager_closes(play: Play, world: World) -> None:
    peer = play(always(answer()))
    if world.blocking:
        with world.client(peer.url) as client:
            client.request(GET)
    else:
        async with world.client(peer.url) as client:
            await client.request(GET)
    assert await peer.all_gone()


def until_asked(peer: Peer) -> None:
    """Wait until the peer has read a request."""
    hung = time.monotonic() + WAIT_SECONDS
    while not peer.requests:
        assert time.monotonic() < hung
        threading.Event().wait(0.01)


@pytest.mark.parametrize("script", [silence, stall_in_body])
def test_close_in_one_thread_fails_a_call_blocked_in_another_at_once(
    play: Play, script: Callable[[Connection], None]
) -> None:
    world = World(blocking=True)
    blocked = threading.Event()

    def tell(connection: Connection) -> None:
        connection.read_request()
        if script is stall_in_body:
            connection.send(chunked_head() + chunked(b"a", end=False))
        blocked.set()
        connection.hold()

    client = world.client(play(tell).url, timeout=3600.0)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            client.request(POST)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert blocked.wait(WAIT_SECONDS)
    client.close()
    thread.join(WAIT_SECONDS)
    assert [type(error) for error in caught] == [ClientClosedError]


def test_close_fails_calls_that_wait_for_a_connection(play: Play) -> None:
    peer = play(silence)
    world = World(blocking=True)
    engine = world.engine(time.monotonic, limits=ConnectionLimits(max_connections=1))
    client = world.client(peer.url, timeout=3600.0, transport=engine)
    caught: list[type[BaseException]] = []
    entered = threading.Barrier(4)

    def work() -> None:
        entered.wait(WAIT_SECONDS)
        try:
            client.request(POST)
        except BaseException as error:
            caught.append(type(error))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    entered.wait(WAIT_SECONDS)
    until_asked(peer)
    client.close()
    for thread in threads:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
    assert caught == [ClientClosedError] * 3
    assert len(peer.requests) == 1


async def test_aclose_fails_a_call_of_another_task_at_once(play: Play) -> None:
    peer = play(silence)
    client = World(blocking=False).client(peer.url, timeout=3600.0)
    task = asyncio.create_task(client.request(POST))
    await eventually(lambda: bool(peer.requests))
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await asyncio.wait_for(task, WAIT_SECONDS)


@pytest.mark.parametrize("script", [silence, stall_in_body])
def test_forgotten_blocking_client_with_nothing_open_is_quiet(
    play: Play, script: Callable[[Connection], None]
) -> None:
    peer = play(script)
    client = World(blocking=True).client(peer.url, timeout=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TimeoutError):
            client.request(GET)
        del client
        gc.collect()
    assert all(connection.done.wait(WAIT_SECONDS) for connection in peer.connections)


def test_forgotten_blocking_client_closes_and_says_where_it_was_made(
    play: Play, recwarn: pytest.WarningsRecorder
) -> None:
    peer = play(always(answer()))
    client = World(blocking=True).client(peer.url)
    client.request(GET)
    del client
    gc.collect()
    assert all(connection.done.wait(WAIT_SECONDS) for connection in peer.connections)
    _check_unclosed(recwarn, most=1)


FORGOTTEN = """
import sys
from packages.quintet.tests.wire.worlds import GET, World
client = World(blocking=True).client(sys.argv[1])
client.request(GET)
"""


def test_program_that_ends_with_an_open_client_is_not_scolded(play: Play) -> None:
    peer = play(always(answer()))
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", FORGOTTEN, peer.url],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


async def forget(url: str, read_half: bool) -> None:
    client = World(blocking=False).client(url)
    if read_half:
        stream = client.events(STREAM, PLAIN)
        await stream.__anext__()
    else:
        await client.request(GET)


@pytest.mark.parametrize("read_half", [False, True])
async def test_forgotten_asyncio_client_closes_and_says_where_it_was_made(
    play: Play, recwarn: pytest.WarningsRecorder, read_half: bool
) -> None:
    peer = play(stall_in_stream if read_half else always(answer()))
    await forget(peer.url, read_half)
    gc.collect()
    assert await peer.all_gone()
    gc.collect()
    _check_unclosed(recwarn, most=2 if read_half else 1)


@pytest.mark.parametrize("read_half", [False, True])
def test_asyncio_client_forgotten_as_its_loop_ends_closes_and_says_where_it_was_made(
    play: Play, recwarn: pytest.WarningsRecorder, read_half: bool
) -> None:
    peer = play(stall_in_stream if read_half else always(answer()))
    asyncio.run(forget(peer.url, read_half))
    gc.collect()
    assert all(connection.done.wait(WAIT_SECONDS) for connection in peer.connections)
    _check_unclosed(recwarn, most=2 if read_half else 1)


def _check_unclosed(recwarn: pytest.WarningsRecorder, most: int) -> None:
    """Check that every warning is of an unclosed client or stream, and names where it was made."""
    maker = re.escape(str(Path(__file__).with_name("worlds.py")))
    client = rf"unclosed .*1 open connection, made at {maker}:\d+"
    stream = rf"unclosed stream of events .*, made at {re.escape(__file__)}:\d+"
    for warning in recwarn:
        assert warning.category is ResourceWarning
        assert re.fullmatch(f"{client}|{stream}", str(warning.message))
    # A half-read stream closes its connection when it is dropped, if that comes before the client.
    assert 1 <= len(recwarn) <= most


def test_one_asyncio_client_serves_several_loops_in_turn(
    play: Play, recwarn: pytest.WarningsRecorder
) -> None:
    peer = play(always(answer(b"[1]")))
    client = World(blocking=False).client(peer.url)

    async def use() -> None:
        for _ in range(2):
            assert (await client.request(GET)).json() == [1]

    for _ in range(3):
        asyncio.run(use())
        # A loop takes its connections with it.
        assert all(connection.done.wait(WAIT_SECONDS) for connection in peer.connections)
    assert len(peer.connections) == 3
    asyncio.run(client.aclose())
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_one_asyncio_client_serves_loops_in_several_threads(play: Play) -> None:
    peer = play(always(answer(b"[1]")))
    client = World(blocking=False).client(peer.url)
    failures: list[BaseException] = []

    async def use() -> None:
        for _ in range(5):
            await client.request(GET)

    def work() -> None:
        try:
            asyncio.run(use())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    asyncio.run(client.aclose())


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (silence, "request"),
        (stall_in_body, "request"),
        (stall_in_stream, "events"),
        (stall_in_body, "download"),
    ],
)
async def test_cancelled_call_leaves_no_connection_and_a_client_that_works(
    play: Play, script: Callable[[Connection], None], kind: str
) -> None:
    good = threading.Event()
    peer = play(lambda c: always(answer(b"[1]"))(c) if good.is_set() else script(c))
    client = World(blocking=False).client(peer.url)

    async def run() -> None:
        if kind == "request":
            await client.request(GET)
        else:
            stream = client.events(STREAM, PLAIN) if kind == "events" else client.download(GET)
            async for _ in stream:
                pass

    for _ in range(3):
        task = asyncio.create_task(run())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await peer.all_gone()
    good.set()
    assert (await client.request(GET)).json() == [1]
    await client.aclose()


async def test_call_cancelled_at_any_moment_leaves_no_connection(play: Play) -> None:
    peer = play(always(chunked_head() + chunked(b"[", b"1", b"]")))
    client = World(blocking=False).client(peer.url)
    finished = 0
    for steps in range(60):
        task = asyncio.create_task(client.request(GET))
        for _ in range(steps % 20):
            await asyncio.sleep(0)
        if steps % 3 == 0:
            await asyncio.sleep(0.0005 * (steps // 3))
        task.cancel()
        try:
            assert (await task).json() == [1]
            finished += 1
        except asyncio.CancelledError:
            pass
    assert (await client.request(GET)).json() == [1]
    pool = client._transport._engine._pools[asyncio.get_running_loop()]
    assert len(pool.network.live) == 1
    assert pool._turns.free == 100
    await client.aclose()
    assert await peer.all_gone()


async def test_cancelled_wait_between_attempts_sends_nothing_more(play: Play) -> None:
    peer = play(always(answer(b"{}", "503 Service Unavailable", "Retry-After: 30")))
    world = World(blocking=False)
    client = world.client(peer.url, max_retries=3)
    task = asyncio.create_task(client.request(GET))
    await eventually(lambda: bool(world.seen))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(peer.requests) == 1
    await client.aclose()


INTERRUPTED = """
import signal, sys, threading
from packages.quintet.tests.wire.worlds import GET, World
# What was started in the background of a shell ignores Ctrl-C, and so does what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
client = World(blocking=True).client(sys.argv[1], timeout=3600.0)
print("ready", flush=True)
try:
    client.request(GET)
except KeyboardInterrupt:
    print("interrupted", threading.active_count(), flush=True)
"""


@pytest.mark.parametrize("script", [silence, stall_in_body])
def test_ctrl_c_interrupts_a_blocked_call_and_leaves_no_thread(
    play: Play, script: Callable[[Connection], None]
) -> None:
    peer = play(script)
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", INTERRUPTED, peer.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            until_asked(peer)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=WAIT_SECONDS)
        finally:
            process.kill()
    assert out == "interrupted 1\n"
    assert err == ""
    assert process.returncode == 0


async def test_failed_call_leaves_no_reference_cycle(play: Play, world: World) -> None:
    client = world.client(play(always(answer(b"{}", "404 Not Found"))).url)
    gc.collect()
    gc.disable()
    try:
        gone = await _fail(world, client)
        assert gone() is None
    finally:
        gc.enable()


async def test_refused_connection_leaves_no_reference_cycle(world: World) -> None:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        client = world.client(f"http://{HOST}:{unused.getsockname()[1]}")
        gc.collect()
        gc.disable()
        try:
            gone = await _fail(world, client)
            assert gone() is None
        finally:
            gc.enable()


async def _fail(world: World, client: Any) -> weakref.ref[BaseException]:
    try:
        await world.do(client.request(GET))
    except (StatusError, ConnectionFailure) as error:
        # The error that it began with holds the frames of the call, and they the client.
        return weakref.ref(error.__cause__ or error)
    raise AssertionError("the call did not fail")


# Closing an asyncio client from blocking code.


def test_asyncio_client_is_closed_from_blocking_code_after_its_loop(play: Play) -> None:
    peer = play(always(answer()))
    client = World(blocking=False).client(peer.url)
    asyncio.run(client.request(GET))
    client.abandon()
    client.abandon()
    assert all(connection.done.wait(WAIT_SECONDS) for connection in peer.connections)
    with pytest.raises(ClientClosedError):
        asyncio.run(client.request(GET))


async def test_asyncio_client_closed_from_another_thread_ends_what_is_under_way(
    play: Play,
) -> None:
    begun = threading.Event()

    def hang(connection: Connection) -> None:
        connection.read_request()
        begun.set()
        connection.hold()

    peer = play(hang)
    client = World(blocking=False).client(peer.url)
    call = asyncio.ensure_future(client.request(GET))
    assert await asyncio.to_thread(begun.wait, WAIT_SECONDS)
    await asyncio.to_thread(client.abandon)
    with pytest.raises(ClientClosedError, match="while the request was under way"):
        await call
    assert await peer.all_gone()


def test_blocking_client_is_abandoned_as_it_is_closed(play: Play) -> None:
    peer = play(always(answer()))
    client = World(blocking=True).client(peer.url)
    client.request(GET)
    client.abandon()
    assert all(connection.done.wait(WAIT_SECONDS) for connection in peer.connections)
    with pytest.raises(ClientClosedError):
        client.request(GET)


def test_asyncio_client_that_was_never_used_is_closed_from_blocking_code() -> None:
    client = World(blocking=False).client("http://127.0.0.1:9")
    client.abandon()
    with pytest.raises(ClientClosedError):
        asyncio.run(client.request(GET))


def test_clients_that_were_passed_in_stay_open_when_closed_from_blocking_code() -> None:
    with_transport = World(blocking=False).client(
        "http://127.0.0.1:9", transport=(transport := AsyncScriptedTransport([]))
    )
    with_transport.abandon()
    assert transport.closed
    native = httpx.AsyncClient()
    with_client = World(blocking=False).client("http://127.0.0.1:9", http_client=native)
    with_client.abandon()
    with pytest.raises(ClientClosedError):
        asyncio.run(with_client.request(GET))
    assert not native.is_closed
    asyncio.run(native.aclose())


def test_both_faces_serve_loops_in_turn_and_close_together(
    play: Play, recwarn: pytest.WarningsRecorder
) -> None:
    peer = play(always(answer(b"[1]")))
    faces: BothFaces[Any, Any] = BothFaces(
        lambda: World(blocking=True).client(peer.url),
        lambda: World(blocking=False).client(peer.url),
    )

    async def use() -> None:
        assert (await faces.asyncio.request(GET)).json() == [1]

    assert faces.blocking.request(GET).json() == [1]
    asyncio.run(use())
    asyncio.run(use())
    faces.close()
    assert all(connection.done.wait(WAIT_SECONDS) for connection in peer.connections)
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


async def test_answer_that_is_dropped_unread_says_where_it_was_asked_for(
    play: Play, world: World, recwarn: pytest.WarningsRecorder
) -> None:
    peer = play(stall_in_body)
    engine = world.engine(time.monotonic)
    request = Request("GET", f"{peer.url}/thing", (), None)
    exchange = await world.do(engine.send(request, None, None))
    del exchange
    gc.collect()
    assert await peer.all_gone()
    (warning,) = recwarn
    assert warning.category is ResourceWarning
    # A coroutine runs where it is awaited.
    asker = Path(__file__) if world.blocking else Path(__file__).with_name("worlds.py")
    assert re.fullmatch(
        rf"unclosed answer that was not read to its end, made at {re.escape(str(asker))}:\d+",
        str(warning.message),
    )
    await world.do(engine.close())


@pytest.mark.parametrize("engine", ["native", "httpx"])
def test_program_that_ends_without_closing_is_not_told_off(play: Play, engine: str) -> None:
    program = f"""
from quintet import ApiClient, ClientOptions, Operation, RetryClass, Service
client = ApiClient(
    Service(name="a", user_agent="a/1"),
    ClientOptions(base_url={play(always(answer(b"[1]"))).url!r}),
    lambda: (),
    transport={engine!r},
)
print(client.request(Operation("a", "GET", "/", RetryClass.SAFE)).json())
"""
    ended = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("[1]\n", "")
