"""Event streams on the wire: cuts, drops, silence, ends, and who closes."""

from __future__ import annotations

import contextlib
import gc
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from quintet import EventRules
from quintet.errors import (
    DecodeError,
    MisuseError,
    StatusError,
    StreamIdleTimeout,
    StreamInterrupted,
    StreamLimitError,
    TimeoutFailure,
)

from .limits import HUNG_SECONDS, LIMITS
from .peer import EVENTS, Connection, Peer, answer, chunked, chunked_head, in_turn, once
from .worlds import KEYED, STREAM, World

Play = Callable[..., Peer]
PLAIN = EventRules()
UNTIL_DONE = EventRules(is_terminal=lambda event: event.event == "done", max_reconnects=2)
TEXT = (
    'id: 1\ndata: {"n": 1}\n\n: beat\n\nid: 2\r\nevent: step\r\ndata: zwei ✓\r\n\r\n'
    "retry: 10\nid: 3\ndata: a\ndata: b\n\nevent: done\nid: 4\ndata: end\n\n"
).encode()
WANTED = [
    ("1", "message", '{"n": 1}'),
    ("2", "step", "zwei ✓"),
    ("3", "message", "a\nb"),
    ("4", "done", "end"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_events_do_not_depend_on_how_the_bytes_are_cut(
    play: Play, world: World, size: int
) -> None:
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    peer = play(once(EVENTS + chunked(*pieces)))
    events = await world.collect(world.client(peer.url).events(STREAM, PLAIN))
    assert [(event.id, event.event, event.data) for event in events] == WANTED
    request = peer.requests[0]
    assert request.header("accept") == "text/event-stream"
    assert request.header("accept-encoding") == "identity"


async def test_terminal_event_ends_the_stream_without_waiting_for_its_end(
    play: Play, world: World
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(EVENTS + chunked(TEXT, end=False))
        connection.hold()

    peer = play(script)
    events = await world.collect(world.client(peer.url).events(STREAM, UNTIL_DONE))
    assert len(events) == 4
    assert await peer.all_gone()


async def test_dropped_stream_goes_on_after_the_last_id(play: Play, world: World) -> None:
    first = once(EVENTS + chunked(b"retry: 1\n\nid: 7\ndata: a\n\nid: 8\ndata: b\n\n", end=False))
    second = once(EVENTS + chunked(b"id: 8\ndata: b\n\nid: 9\nevent: done\ndata: c\n\n"))
    peer = play(in_turn(first, second))
    rules = EventRules(is_terminal=UNTIL_DONE.is_terminal, numbered=True)
    stream = world.client(peer.url).events(STREAM, rules)
    events = await world.collect(stream)
    assert [event.id for event in events] == ["7", "8", "9"]
    assert [request.header("last-event-id") for request in peer.requests] == [None, "8"]
    assert stream.last_event_id == "9"


async def test_stream_that_never_reaches_its_end_is_interrupted(play: Play, world: World) -> None:
    first = once(EVENTS + chunked(b"retry: 1\nid: 7\ndata: a\n\n"))
    peer = play(in_turn(first, once(EVENTS + chunked(b": nothing\n\n"))))
    rules = EventRules(is_terminal=UNTIL_DONE.is_terminal, max_reconnects=1)
    stream = world.client(peer.url).events(STREAM, rules)
    assert (await world.next(stream)).id == "7"
    with pytest.raises(StreamInterrupted) as caught:
        await world.next(stream)
    assert caught.value.last_event_id == "7"
    assert len(peer.requests) == 2


async def test_silent_stream_ends_at_its_idle_timeout(play: Play, world: World) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(EVENTS + chunked(b"data: a\n\n", end=False))
        connection.hold()

    peer = play(script)
    for limit in LIMITS:
        rules = EventRules(idle_timeout=limit, max_reconnects=0)
        stream = world.client(peer.url).events(STREAM, rules)
        try:
            await world.next(stream)
        except StreamIdleTimeout:  # it passed before the event was there
            continue
        began = time.monotonic()
        with pytest.raises(StreamIdleTimeout, match=re.escape(f"{limit:g} s")):
            await world.next(stream)
        assert 0.6 * limit <= time.monotonic() - began < limit + HUNG_SECONDS
        break
    else:
        pytest.fail("the first event did not come")
    assert await peer.all_gone()


async def test_comments_keep_a_stream_alive_beyond_its_idle_timeout(
    play: Play, world: World
) -> None:
    for limit in LIMITS:
        beats: list[float] = []

        def script(connection: Connection, limit: float = limit, beats: Any = beats) -> None:
            connection.read_request()
            connection.send(EVENTS)
            for _ in range(6):
                connection.send(chunked(b": beat\n\n", end=False))
                beats.append(time.monotonic())
                connection.peer.over.wait(limit / 3)
            connection.send(chunked(b"data: late\n\n"))

        rules = EventRules(idle_timeout=limit, max_reconnects=0)
        stream = world.client(play(script).url, timeout=limit).events(STREAM, rules)
        with contextlib.suppress(StreamIdleTimeout, TimeoutFailure):
            assert [event.data for event in await world.collect(stream)] == ["late"]
            assert beats[-1] - beats[0] > limit
            break
    else:
        pytest.fail("the comments did not keep it alive")


async def test_no_content_ends_the_stream_for_good(play: Play, world: World) -> None:
    peer = play(once(b"HTTP/1.1 204 No Content\r\n\r\n"))
    stream = world.client(peer.url).events(STREAM, UNTIL_DONE)
    assert await world.collect(stream) == []
    assert len(peer.requests) == 1


async def test_answer_that_is_no_event_stream_is_a_decode_error(play: Play, world: World) -> None:
    peer = play(once(answer(b"<html>", "200 OK", "Content-Type: text/html")))
    with pytest.raises(DecodeError, match="text/html"):
        await world.collect(world.client(peer.url).events(STREAM, PLAIN))


async def test_refused_stream_raises_its_status(play: Play, world: World) -> None:
    peer = play(once(answer(b"{}", "403 Forbidden")))
    with pytest.raises(StatusError) as caught:
        await world.collect(world.client(peer.url).events(STREAM, PLAIN))
    assert caught.value.status == 403


async def test_endless_line_is_stopped_at_its_bound(play: Play, world: World) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(EVENTS + chunked(b"id: 5\ndata: x\n\ndata: ", end=False))
        while True:
            connection.send(chunked(b"x" * 10_000, end=False))

    peer = play(script)
    rules = EventRules(max_line_bytes=50_000)
    stream = world.client(peer.url).events(STREAM, rules)
    await world.next(stream)
    with pytest.raises(StreamLimitError) as caught:
        await world.next(stream)
    assert caught.value.bound == "max_line_bytes"
    assert caught.value.last_event_id == "5"
    assert await peer.all_gone()


async def test_stream_opened_by_a_keyed_write_carries_its_key_again(
    play: Play, world: World
) -> None:
    peer = play(in_turn(lambda c: None, once(EVENTS + chunked(b"event: done\ndata:\n\n"))))
    client = world.client(peer.url, max_retries=1)
    await world.collect(client.events(KEYED, UNTIL_DONE, json={"ask": 1}))
    assert peer.requests[-1].header("idempotency-key")
    assert peer.requests[-1].body == b'{"ask":1}'


async def test_closed_stream_closes_its_connection(play: Play, world: World) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(EVENTS + chunked(b"data: a\n\n", end=False))
        connection.hold()

    peer = play(script)
    stream = world.client(peer.url).events(STREAM, PLAIN)
    await world.next(stream)
    await world.close(stream)
    assert await peer.all_gone()
    with pytest.raises(MisuseError, match="closed before its end"):
        await world.collect(stream)


@pytest.mark.parametrize("kind", ["events", "download"])
async def test_stream_that_is_dropped_half_read_closes_its_connection_and_says_so(
    play: Play, world: World, recwarn: pytest.WarningsRecorder, kind: str
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(EVENTS + chunked(b"data: a\n\n", end=False))
        connection.hold()

    peer = play(script)
    client = world.client(peer.url)
    stream = client.events(STREAM, PLAIN) if kind == "events" else client.download(STREAM)
    await world.next(stream)
    del stream
    gc.collect()
    assert await peer.all_gone()
    (warning,) = recwarn
    assert warning.category is ResourceWarning
    assert f"not read to its end, made at {__file__}:" in str(warning.message)


async def test_stream_never_iterated_sends_nothing(play: Play, world: World) -> None:
    peer = play(once(EVENTS))
    stream = world.client(peer.url).events(STREAM, PLAIN)
    await world.close(stream)
    assert peer.connections == []


async def test_slow_reader_makes_the_server_wait(play: Play, world: World) -> None:
    sent: list[int] = []

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.sock.settimeout(0.5)
        connection.send(chunked_head("Content-Type: text/event-stream"))
        for number in range(10_000):
            connection.send(chunked(b"data: " + b"x" * 10_000 + b"\n\n", end=False))
            sent.append(number)

    peer = play(script)
    stream = world.client(peer.url).events(STREAM, PLAIN)
    await world.next(stream)
    assert await peer.all_gone()  # its send timed out: the buffers between us are full
    assert len(sent) < 9_000
    await world.close(stream)
