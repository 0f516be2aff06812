"""The promises about streams of events; part of :mod:`quintet.testing.contract`."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

from quintet.core.headers import Headers
from quintet.errors import ConnectionFailure
from quintet.testing.adaptor import Adaptor, Bench, Check, StreamCall
from quintet.transport.scripted import reply

__all__ = ["STREAM_CHECKS"]

STREAM_CHECKS: list[Check] = []
"""Every check, in the order of this module."""


def _promise(check: Check) -> Check:
    STREAM_CHECKS.append(check)
    return check


def _down(progress: int) -> ConnectionFailure:
    return ConnectionFailure("the connection broke", progress=progress)


_EVENT_STREAM = {"Content-Type": "text/event-stream"}


@_promise
async def check_stream_does_not_depend_on_cuts(adaptor: Adaptor) -> None:
    """The same events come whole, byte by byte and in between."""
    if adaptor.stream is None:
        return
    text = adaptor.stream.events
    for size in (len(text), 1, 7):
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        bench = Bench(adaptor, reply(200, chunks=chunks, headers=_EVENT_STREAM))
        assert await bench.follow(adaptor.stream) == adaptor.stream.ids
        assert bench.transport.open_exchanges == 0


@_promise
async def check_stream_ends_with_its_terminal_event(adaptor: Adaptor) -> None:
    """Nothing after the terminal event is waited for."""
    if adaptor.stream is None:
        return
    after: list[Any] = [adaptor.stream.events, AssertionError("the stream was read past its end")]
    bench = Bench(adaptor, reply(200, chunks=after, headers=_EVENT_STREAM))
    assert await bench.follow(adaptor.stream) == adaptor.stream.ids
    assert bench.transport.open_exchanges == 0


@_promise
async def check_stream_goes_on_where_it_broke(adaptor: Adaptor) -> None:
    """A drop is made good with ``Last-Event-ID``; each event is seen once."""
    if adaptor.stream is None or not adaptor.stream.resumes:
        return
    blocks = adaptor.stream.events.split(b"\n\n")
    first, rest = blocks[0] + b"\n\n", b"\n\n".join(blocks[1:])
    bench = Bench(
        adaptor,
        reply(200, chunks=[first, _down(2)], headers=_EVENT_STREAM),
        reply(200, body=rest, headers=_EVENT_STREAM),
    )
    assert await bench.follow(adaptor.stream) == adaptor.stream.ids
    sent = Headers(bench.transport.requests[1].headers)
    assert sent.get("last-event-id") == adaptor.stream.ids[0]


@_promise
async def check_stream_that_cannot_go_on_says_so(adaptor: Adaptor) -> None:
    """What would be made anew is not asked for twice; its end is an error, and no silence."""
    stream = adaptor.stream
    if stream is None or stream.resumes:
        return
    first = stream.events.split(b"\n\n")[0] + b"\n\n"
    drops: list[list[Any]] = [[first, _down(2)], [first]]
    for drop in drops:
        bench = Bench(adaptor, reply(200, chunks=drop, headers=_EVENT_STREAM))
        await bench.refuse(stream)
        assert bench.count == 1


@_promise
async def check_stream_that_stays_broken_raises(adaptor: Adaptor) -> None:
    """Reconnecting without progress ends in the SDK's own error."""
    if adaptor.stream is None:
        return
    bench = Bench(adaptor, *[reply(200, chunks=[_down(2)], headers=_EVENT_STREAM)] * 100)
    stream = adaptor.stream
    error = await bench.refuse(stream)
    assert bench.count < 100, "reconnects must be bounded"
    assert str(error)


@_promise
async def check_stream_refused_raises_its_status(adaptor: Adaptor) -> None:
    """A stream that cannot be opened fails like any call."""
    if adaptor.stream is None:
        return
    bench = Bench(adaptor, reply(403), max_retries=0)
    stream = adaptor.stream
    error = await bench.refuse(stream)
    assert error.status == 403


@_promise
async def check_stream_left_early_is_closed(adaptor: Adaptor) -> None:
    """Closing a stream half-read drops its connection at once."""
    if adaptor.stream is None:
        return
    chunks: list[Any] = [adaptor.stream.events[:-1], AssertionError("a closed stream was read")]
    bench = Bench(adaptor, reply(200, chunks=chunks, headers=_EVENT_STREAM))
    stream = await bench.open(adaptor.stream)
    first = next(iter(stream)) if adaptor.blocking else await stream.__aiter__().__anext__()
    assert adaptor.stream.identity(first) == adaptor.stream.ids[0]
    await bench.close(stream)
    assert bench.transport.open_exchanges == 0


@_promise
async def check_stream_dropped_half_read_gives_a_warning(adaptor: Adaptor) -> None:
    """A ``ResourceWarning`` names the line; not after the end, after closing, or unbegun."""
    if adaptor.stream is None:
        return
    for steps, closes, expected in (
        (1, "nothing", 1),
        (0, "nothing", 0),
        (1, "stream", 0),
        (1, "client", 0),
    ):
        bench = Bench(adaptor, reply(200, body=adaptor.stream.events, headers=_EVENT_STREAM))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await _drop(bench, adaptor.stream, steps, closes)
        said = [str(each.message) for each in caught if each.category is ResourceWarning]
        assert len(said) == expected, f"{steps} steps, {closes} closed: {said}"
        assert all(".py:" in each and "stream" in each for each in said), said
        assert bench.transport.open_exchanges == 0, "its connection must be closed"


async def _drop(bench: Bench, call: StreamCall, steps: int, closes: str) -> None:
    """Take some steps of a stream and drop it, without the help of the cyclic collector."""
    collects = gc.isenabled()
    gc.disable()
    try:
        stream = await bench.open(call)
        for _ in range(steps):
            if bench.adaptor.blocking:
                next(iter(stream))
            else:
                await stream.__aiter__().__anext__()
        if closes != "nothing":
            await bench.close(stream if closes == "stream" else bench.client)
        del stream
        if not bench.adaptor.blocking:
            # The loop closes what was dropped at its next rounds.
            for _ in range(10):
                await asyncio.sleep(0)
    finally:
        if collects:
            gc.enable()
