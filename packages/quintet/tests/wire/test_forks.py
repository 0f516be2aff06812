"""A forked child makes connections of its own and leaves its parent's alone."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Callable

import pytest

from .peer import WAIT_SECONDS, Connection, Peer, answer
from .worlds import GET, World

Play = Callable[..., Peer]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def echo_connection(connection: Connection) -> None:
    while True:
        connection.read_request()
        connection.send(answer(str(connection.number).encode()))


def in_child(work: Callable[[], None]) -> None:
    """Run ``work`` in a forked child and fail if it fails."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc(file=sys.stderr)
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize("closes", [False, True])
def test_blocking_client_works_in_the_child_and_goes_on_in_the_parent(
    play: Play, closes: bool
) -> None:
    peer = play(echo_connection)
    client = World(blocking=True).client(peer.url)
    assert client.request(GET).body == b"0"

    def child() -> None:
        assert client.request(GET).body == b"1"
        assert client.request(GET).body == b"1"
        if closes:
            client.close()

    in_child(child)
    assert client.request(GET).body == b"0"
    assert len(peer.connections) == 2
    client.close()


@pytest.mark.parametrize("closes", [False, True])
def test_asyncio_client_works_in_the_child_and_goes_on_in_the_parent(
    play: Play, closes: bool
) -> None:
    peer = play(echo_connection)
    client = World(blocking=False).client(peer.url)

    async def use(wanted: bytes) -> None:
        assert (await client.request(GET)).body == wanted

    def child() -> None:
        async def work() -> None:
            await use(b"1")
            if closes:
                await client.aclose()

        asyncio.run(work())

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(use(b"0"))
        in_child(child)
        loop.run_until_complete(use(b"0"))
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def test_lock_held_during_the_fork_does_not_block_the_child(play: Play) -> None:
    peer = play(echo_connection)
    client = World(blocking=True).client(peer.url)
    client.request(GET)
    lazy = client._transport
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with lazy._lock, lazy._engine._pool._lock:
            held.set()
            release.wait(WAIT_SECONDS)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(WAIT_SECONDS)
    try:
        in_child(lambda: (client.request(GET), client.close())[0])  # type: ignore[arg-type,return-value]
    finally:
        release.set()
        thread.join()
    client.close()
