"""Large bodies of known length: received where they stay, and bounded as any other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from quintet.errors import ConnectionFailure, LimitExceeded, StatusError

from .limits import LIMITS, ends_in
from .peer import Connection, Peer, always, answer
from .worlds import GET, World

Play = Callable[..., Peer]

BODY = bytes(range(256)) * 4096
"""1 MiB."""


@pytest.mark.parametrize("cut", [1, 60, 100, 70_000, 300_000, len(BODY)])
async def test_large_body_is_whole_wherever_it_is_cut(play: Play, world: World, cut: int) -> None:
    def script(connection: Connection) -> None:
        while True:
            connection.read_request()
            whole = answer(BODY)
            connection.send(whole[:cut])
            connection.peer.over.wait(0.01)
            connection.send(whole[cut:])

    peer = play(script)
    client = world.client(peer.url)
    for _ in range(2):
        body = (await world.do(client.request(GET))).body
        assert type(body) is bytes
        assert body == BODY
    assert len(peer.connections) == 1


@pytest.mark.parametrize("arrived", [50_000, 400_000])
async def test_large_body_that_breaks_off_is_no_answer(
    play: Play, world: World, arrived: int
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(BODY)[:arrived])

    client = world.client(play(script).url)
    with pytest.raises(ConnectionFailure, match="before its answer was complete") as caught:
        await world.do(client.request(GET))
    assert caught.value.progress == 2


async def test_large_body_that_stalls_ends_with_the_attempt(play: Play, world: World) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(BODY)[:300_000])
        connection.hold()

    url = play(script).url
    await ends_in("read", lambda limit: world.do(world.client(url, timeout=limit).request(GET)))


async def test_large_refusal_that_breaks_off_keeps_what_arrived(play: Play, world: World) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(BODY, "400 Bad Request")[:300_000])

    client = world.client(play(script).url)
    with pytest.raises(StatusError) as caught:
        await world.do(client.request(GET))
    kept = caught.value.response.body
    assert len(kept) > 200_000
    assert BODY.startswith(kept)


async def test_announced_body_above_the_bound_is_not_read(play: Play, world: World) -> None:
    client = world.client(play(always(answer(BODY))).url, max_response_bytes=len(BODY) - 1)
    with pytest.raises(LimitExceeded):
        await world.do(client.request(GET))


async def test_huge_body_without_a_bound_is_taken_in_pieces(play: Play, world: World) -> None:
    huge = BODY * 17  # more than is taken from the system in advance
    client = world.client(play(always(answer(huge))).url, max_response_bytes=None)
    assert (await world.do(client.request(GET))).body == huge


def test_large_body_that_breaks_off_leaves_nothing_that_complains(play: Play) -> None:
    """In a program of its own: what finalizers complain of is printed (always from 3.13 on)."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer(BODY)[:300_000])
        connection.hold()

    program = f"""
import sys
from quintet import ApiClient, ClientOptions, Operation, RetryClass, RetryPolicy, Service
from quintet.errors import TimeoutFailure
once = RetryPolicy(max_retries=0)
options = ClientOptions(base_url={play(script).url!r}, timeout=float(sys.argv[1]), retry=once)
with ApiClient(Service(name="a", user_agent="a/1"), options, lambda: ()) as client:
    try:
        client.request(Operation("a", "GET", "/", RetryClass.SAFE))
    except TimeoutFailure as late:
        late.itself = late  # so that the collector drops it, with all its frames hold, in any order
        print(late.phase)
"""
    for limit in LIMITS[1:]:
        ended = subprocess.run(
            [sys.executable, "-X", "dev", "-c", program, str(limit)],
            capture_output=True,
            text=True,
            check=True,
        )
        if ended.stdout not in ("connect\n", "write\n"):  # it passed too soon
            break
    assert (ended.stdout, ended.stderr) == ("read\n", "")
