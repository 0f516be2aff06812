"""Bodies are bounded while they are read, in decoded bytes, error bodies too."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest

from quintet import Backoff, RetryPolicy
from quintet.errors import BodyTooLarge, DecodeError, MisuseError, StatusError

from .peer import Connection, Peer, always, answer, chunked, chunked_head, in_turn, once
from .worlds import GET, World

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Play = Callable[..., Peer]
MIB = 1024 * 1024


def bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = bytes(MIB)
    return b"".join(packer.compress(zeros) for _ in range(mebibytes)) + packer.flush()


async def test_gzip_bomb_is_stopped_at_the_limit_with_little_memory(
    play: Play, world: World
) -> None:
    packed = bomb(200)
    assert len(packed) < MIB
    peer = play(once(answer(packed, "200 OK", "Content-Encoding: gzip")))
    client = world.client(peer.url, max_response_bytes=MIB)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge) as caught:
            await world.do(client.request(GET))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB
    assert caught.value.limit == MIB
    assert caught.value.bound == "max_response_bytes"
    assert caught.value.status == 200
    assert await peer.all_gone()


async def test_declared_length_over_the_limit_is_refused_before_the_body(
    play: Play, world: World
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
        connection.hold()  # not a byte of the body

    peer = play(script)
    client = world.client(peer.url, max_response_bytes=1000)
    with pytest.raises(BodyTooLarge, match="max_response_bytes"):
        await world.do(client.request(GET))
    assert await peer.all_gone()


async def test_undeclared_body_is_stopped_at_the_limit(play: Play, world: World) -> None:
    def endless(connection: Connection) -> None:
        connection.read_request()
        connection.send(chunked_head())
        while True:
            connection.send(chunked(b"x" * 10_000, end=False))

    peer = play(endless)
    client = world.client(peer.url, max_response_bytes=100_000)
    with pytest.raises(BodyTooLarge):
        await world.do(client.request(GET))
    assert await peer.all_gone()


async def test_body_of_exactly_the_limit_is_taken(play: Play, world: World) -> None:
    client = world.client(play(once(answer(b"x" * 1000))).url, max_response_bytes=1000)
    assert (await world.do(client.request(GET))).body == b"x" * 1000


@pytest.mark.parametrize("declared", [True, False])
async def test_error_body_over_the_limit_does_not_hide_its_status(
    play: Play, world: World, declared: bool
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        if declared:
            connection.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 999999\r\n\r\n")
            connection.hold()
        connection.send(chunked_head(status="404 Not Found"))
        while True:
            connection.send(chunked(b"x" * 1000, end=False))

    peer = play(script)
    client = world.client(peer.url, max_response_bytes=10_000)
    with pytest.raises(StatusError) as caught:
        await world.do(client.request(GET))
    assert caught.value.status == 404
    assert caught.value.response is not None
    assert len(caught.value.response.body) <= 10_000
    assert await peer.all_gone()


async def test_error_body_that_breaks_off_does_not_hide_its_status(
    play: Play, world: World
) -> None:
    peer = play(once(b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 100\r\n\r\n{"))
    client = world.client(peer.url)
    with pytest.raises(StatusError) as caught:
        await world.do(client.request(GET))
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstd.compress),
    ],
)
async def test_compressed_body_is_decoded(
    play: Play, world: World, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    packed = compress(b"[1, 2]")
    peer = play(once(answer(packed, "200 OK", f"Content-Encoding: {encoding}")))
    assert (await world.do(world.client(peer.url).request(GET))).json() == [1, 2]
    assert peer.requests[0].header("accept-encoding") == "gzip, deflate, br, zstd"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not gzip", "gzip"), (gzip.compress(b"[1]", mtime=0)[:-4], "gzip"), (b"", "compress")],
    ids=["not gzip", "cut short", "unknown coding"],
)
async def test_body_that_cannot_be_decoded_is_a_decode_error(
    play: Play, world: World, body: bytes, encoding: str
) -> None:
    peer = play(once(answer(body, "200 OK", f"Content-Encoding: {encoding}")))
    with pytest.raises(DecodeError):
        await world.do(world.client(peer.url).request(GET))


async def test_no_limit_takes_what_comes(play: Play, world: World) -> None:
    peer = play(once(answer(b"x" * (11 * MIB))))
    client = world.client(peer.url, max_response_bytes=None)
    assert len((await world.do(client.request(GET))).body) == 11 * MIB


async def test_download_is_bounded_only_if_asked(play: Play, world: World) -> None:
    peer = play(once(answer(b"x" * 100_000)))
    client = world.client(peer.url, max_response_bytes=1000)
    assert sum(map(len, await world.collect(client.download(GET)))) == 100_000


async def test_download_stops_at_its_own_limit(play: Play, world: World) -> None:
    peer = play(once(answer(bomb(5), "200 OK", "Content-Encoding: gzip")))
    client = world.client(peer.url)
    with pytest.raises(BodyTooLarge):
        await world.collect(client.download(GET, max_bytes=MIB))
    assert await peer.all_gone()


async def test_download_that_is_cut_says_so(play: Play, world: World) -> None:
    peer = play(once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"))
    stream = world.client(peer.url, max_retries=3).download(GET)
    assert await world.next(stream) == b"part"
    with pytest.raises(ConnectionError, match="GET"):
        await world.next(stream)
    assert len(peer.requests) == 1


# What a download tells before its first byte, and what it costs.


async def test_download_tells_its_head_before_its_body(play: Play, world: World) -> None:
    peer = play(
        once(answer(b"x" * 100_000, "206 Part", "Content-Range: bytes 5-100004/*", 'ETag: "e"'))
    )
    stream = world.client(peer.url).download(GET, headers={"Range": "bytes=5-"})
    assert (stream.status, stream.headers.get("etag")) == (0, None)
    assert await world.do(stream.open()) is stream
    assert (stream.status, stream.headers["etag"]) == (206, '"e"')
    assert await world.do(stream.open()) is stream
    first = await world.next(stream)
    assert first + await world.do(stream.read()) == b"x" * 100_000
    assert await world.do(stream.read()) == b""
    assert peer.requests[0].header("accept-encoding") == "identity"
    assert len(peer.requests) == 1


async def test_download_that_is_refused_raises_when_it_is_opened(play: Play, world: World) -> None:
    stream = world.client(play(once(answer(b"{}", "404 No"))).url).download(GET)
    with pytest.raises(StatusError):
        await world.do(stream.open())


async def test_download_that_was_closed_before_it_began_sends_nothing(world: World) -> None:
    stream = world.client("http://127.0.0.1:9").download(GET)
    await world.close(stream)
    assert await world.do(stream.open()) is stream
    with pytest.raises(MisuseError, match="the download was closed before its end"):
        await world.do(stream.read())


async def test_download_has_limits_of_its_own_call(play: Play, world: World) -> None:
    peer = play(in_turn(once(answer(b"", "503 Busy")), always(answer(b"x"))))
    client = world.client(peer.url, max_retries=0)
    retry = RetryPolicy(frozenset({503}), Backoff(0.0, 0.0), max_retries=1)
    assert await world.do(client.download(GET, retry=retry).read()) == b"x"
    with pytest.raises(TimeoutError):
        await world.do(client.download(GET, timeout=0.000_001).read())


async def test_download_of_a_large_body_needs_little_memory(play: Play, world: World) -> None:
    def pour(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (128 * MIB))
        for _ in range(128):
            connection.send(bytes(MIB))

    client = world.client(play(pour).url)
    size = 0
    tracemalloc.start()
    try:
        stream = client.download(GET)
        if world.blocking:
            size = sum(map(len, stream))
        else:
            async for piece in stream:
                size += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == 128 * MIB
    assert peak < 8 * MIB
