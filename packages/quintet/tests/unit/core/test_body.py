"""Streamed request bodies."""

from __future__ import annotations

import array
import io
import os
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet.core.body import CHUNK_BYTES, Body, open_body
from quintet.core.request import Request
from quintet.errors import MisuseError

DATA = bytes(range(256)) * 2100  # 2 full chunks and a bit


def generator() -> Iterator[bytes]:
    yield DATA[:10]
    yield b""
    yield DATA[10:]


class Collection:
    """Can be walked again and again."""

    def __iter__(self) -> Iterator[bytes]:
        return generator()


class AsyncSource:
    def __init__(self, *pieces: Any) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[Any]:
        for piece in self.pieces:
            yield piece


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


class Minimal:
    """A file-like with read only."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def read(self, size: int) -> Any:
        return self.answers.pop(0)


class OldFile(io.BytesIO):
    """A file-like whose seek returns nothing."""

    def seek(self, *args: int) -> int:
        super().seek(*args)
        return None  # type: ignore[return-value]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "data.bin"
    file.write_bytes(DATA)
    return file


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO, lambda d: [d]])
def test_body_from_a_rewindable_source_is_sent_twice_in_bounded_chunks(kind: Any) -> None:
    body = open_body(kind(DATA))
    for _ in range(2):
        chunks = list(body.chunks())
        assert b"".join(chunks) == DATA
        assert max(map(len, chunks)) == CHUNK_BYTES
        assert body.touched
        assert body.rewindable
        body.rewind()
        assert not body.touched


def test_body_from_text_is_utf8() -> None:
    body = open_body("ü")
    assert (list(body.chunks()), body.length) == ([b"\xc3\xbc"], 2)


def test_body_from_a_body_is_that_body() -> None:
    body = open_body(b"x")
    assert open_body(body) is body


def test_body_from_a_path_opens_it_for_each_sending(path: Path) -> None:
    body = open_body(path)
    assert body.length == len(DATA)
    for _ in range(2):
        assert b"".join(body.chunks()) == DATA
        body.rewind()


def test_body_from_a_missing_path_is_the_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_body(tmp_path / "missing")


def test_body_from_an_open_file_begins_at_its_offset_and_rewinds_to_it(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(1000)
        body = open_body(file)
        assert body.length == len(DATA) - 1000
        assert file.tell() == 1000
        for _ in range(2):
            assert b"".join(body.chunks()) == DATA[1000:]
            body.rewind()


def test_body_from_a_file_cut_while_sending_is_an_error_and_not_a_short_body(path: Path) -> None:
    body = open_body(path)
    path.write_bytes(b"short")
    with pytest.raises(MisuseError, match=f"5 of {len(DATA)}"):
        list(body.chunks())


def test_body_from_a_file_that_grew_sends_what_was_promised(path: Path) -> None:
    body = open_body(path)
    path.write_bytes(DATA + b"more")
    assert b"".join(body.chunks()) == DATA


def test_body_from_a_pipe_is_sent_once() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"piped")
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        body = open_body(pipe)
        assert (body.length, body.rewindable, body.replayable) == (None, False, True)
        body.rewind()  # nothing taken yet: fine
        assert list(body.chunks()) == [b"piped"]
        assert not body.replayable
        with pytest.raises(MisuseError, match="sent again"):
            body.rewind()


@pytest.mark.parametrize("file", [Unseekable(b"abc"), Minimal(b"ab", b"c", b"")])
def test_body_from_an_unseekable_file_takes_the_given_length(file: Any) -> None:
    body = open_body(file, length=3)
    assert (body.length, body.rewindable) == (3, False)
    assert b"".join(body.chunks()) == b"abc"


def test_body_from_a_file_whose_seek_returns_nothing_has_its_length() -> None:
    body = open_body(OldFile(b"abc"))
    assert (body.length, body.rewindable) == (3, True)
    assert b"".join(body.chunks()) == b"abc"


def test_body_from_a_nonblocking_file_without_data_is_misuse() -> None:
    with pytest.raises(MisuseError, match="non-blocking"):
        list(open_body(Minimal(None)).chunks())


def test_body_from_a_file_in_text_mode_is_misuse(path: Path) -> None:
    with path.open(encoding="latin-1") as file, pytest.raises(MisuseError, match="binary"):
        open_body(file)


@pytest.mark.parametrize("source", [None, 5, {"a": 1}, object()])
def test_body_from_what_is_no_source_of_bytes_is_misuse(source: object) -> None:
    with pytest.raises(MisuseError, match="no source"):
        open_body(source)


@pytest.mark.parametrize("source", [["text"], [1], Minimal("text")])
def test_body_with_pieces_that_are_no_bytes_is_misuse(source: Any) -> None:
    with pytest.raises(MisuseError, match="bytes"):
        list(open_body(source).chunks())


def test_body_from_a_generator_is_sent_once_without_empty_chunks() -> None:
    body = open_body(generator())
    chunks = list(body.chunks())
    assert b"".join(chunks) == DATA
    assert all(chunks)
    assert not body.replayable


def test_body_from_a_generator_with_length_stops_there() -> None:
    body = open_body(generator(), length=20)
    assert b"".join(body.chunks()) == DATA[:20]
    short = open_body(iter([b"abc"]), length=4)
    with pytest.raises(MisuseError, match="3 of 4"):
        list(short.chunks())


def test_body_from_a_collection_is_rewindable() -> None:
    assert open_body(Collection()).rewindable


@pytest.mark.parametrize(
    "source", [b"abc" * 50_000, Collection(), generator()], ids=["bytes", "collection", "generator"]
)
async def test_body_of_any_source_has_the_same_chunks_asynchronously(source: Any) -> None:
    body = open_body(source)
    assert b"".join([chunk async for chunk in body.async_chunks()])


async def test_body_from_an_async_source_is_for_the_async_client_only() -> None:
    body = open_body(AsyncSource(DATA, b"", b"end"), length=len(DATA) + 2)
    assert body.rewindable
    for _ in range(2):
        chunks = [chunk async for chunk in body.async_chunks()]
        assert b"".join(chunks) == DATA + b"en"
        body.rewind()
    with pytest.raises(MisuseError, match="asynchronous client"):
        list(body.chunks())


async def test_body_from_an_async_generator_is_sent_once() -> None:
    body = open_body(aiter(AsyncSource(b"a")))
    assert [chunk async for chunk in body.async_chunks()] == [b"a"]
    assert not body.replayable


async def test_body_from_an_async_source_that_is_short_or_no_bytes_is_misuse() -> None:
    with pytest.raises(MisuseError, match="1 of 2"):
        [chunk async for chunk in open_body(AsyncSource(b"a"), length=2).async_chunks()]
    with pytest.raises(MisuseError, match="bytes"):
        [chunk async for chunk in open_body(AsyncSource("a")).async_chunks()]


def test_progress_rises_to_the_total_and_starts_again_after_rewind() -> None:
    seen: list[tuple[int, int | None]] = []
    body = open_body(DATA, progress=lambda sent, total: seen.append((sent, total)))
    total = len(DATA)
    body.rewind()
    assert seen == []
    list(body.chunks())
    once = [(CHUNK_BYTES, total), (2 * CHUNK_BYTES, total), (total, total)]
    assert seen == once
    body.rewind()
    list(body.chunks())
    assert seen == [*once, (0, total), *once]


@given(st.lists(st.binary(max_size=2000)), st.integers(0, 5000))
def test_body_with_a_length_sends_exactly_that_or_fails(pieces: list[bytes], length: int) -> None:
    whole = b"".join(pieces)
    body = open_body(pieces, length=length)
    if len(whole) >= length:
        assert b"".join(body.chunks()) == whole[:length]
    else:
        with pytest.raises(MisuseError):
            list(body.chunks())


def test_repr_of_a_body_and_of_a_request_shows_no_content() -> None:
    body = open_body(b"hunter2")
    request = Request(
        "POST", "http://h/p?key=hunter2", (("Authorization", "hunter2"), ("A", "b")), body
    )
    assert "hunter2" not in repr(body) + repr(request)
    assert "POST http://h/p" in repr(request)
    assert "body=3" in repr(Request("POST", "http://h", (), b"abc"))


@pytest.mark.parametrize(
    ("body", "expected"), [(None, True), (b"x", True), (open_body(iter([b"x"])), True)]
)
def test_request_with_an_untouched_body_is_rewindable(
    body: bytes | Body | None, expected: bool
) -> None:
    assert Request("POST", "http://h", (), body).rewindable is expected


def test_request_with_a_spent_body_is_not_rewindable() -> None:
    body = open_body(iter([b"x"]))
    list(body.chunks())
    assert not Request("POST", "http://h", (), body).rewindable


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_body_of_any_buffer_is_cut_into_chunks(kind: Any) -> None:
    body = open_body(kind(DATA))
    chunks = list(body.chunks())
    assert b"".join(chunks) == DATA
    assert max(map(len, chunks)) == CHUNK_BYTES
    assert all(type(chunk) is bytes for chunk in chunks)


def test_body_of_a_view_counts_bytes_and_not_items() -> None:
    numbers = array.array("I", range(50_000))
    view = memoryview(numbers)
    assert open_body(view).length == 4 * 50_000
    assert b"".join(open_body(view).chunks()) == numbers.tobytes()
    backwards = memoryview(DATA)[::-1]
    assert b"".join(open_body(backwards).chunks()) == DATA[::-1]


def test_body_of_a_buffer_that_changes_is_sent_as_it_was() -> None:
    buffer = bytearray(b"before")
    body = open_body(buffer)
    buffer[:] = b"after!"
    assert b"".join(body.chunks()) == b"before"


def test_body_of_a_spooled_file_is_whole_and_rewindable() -> None:
    with tempfile.SpooledTemporaryFile(max_size=10) as file:
        file.write(DATA)
        file.seek(7)
        body = open_body(file)
        assert (body.length, body.rewindable) == (len(DATA) - 7, True)
        for _ in range(2):
            assert b"".join(body.chunks()) == DATA[7:]
            body.rewind()


def test_body_with_a_length_takes_no_byte_more_from_its_source() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"one two")
    with os.fdopen(read_end, "rb", buffering=0) as pipe:
        # The writing end stays open: waiting for the end of the pipe would hang here.
        assert b"".join(open_body(pipe, length=3).chunks()) == b"one"
        assert pipe.read(4) == b" two"
    os.close(write_end)
    endless = iter(lambda: b"abc", None)
    assert b"".join(open_body(endless, length=7).chunks()) == b"abcabca"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_body_from_the_path_of_a_named_pipe_has_no_length_and_is_sent_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    body = open_body(pipe)
    assert (body.length, body.rewindable) == (None, False)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"through",))
    writer.start()
    assert b"".join(body.chunks()) == b"through"
    writer.join()


@pytest.mark.parametrize("aside", [True, False])
async def test_body_that_may_block_is_read_aside_if_there_is_a_place(
    path: Path, aside: bool
) -> None:
    asked: list[Body] = []

    async def elsewhere(body: Body, pieces: Iterator[Any]) -> AsyncGenerator[Any, None]:
        asked.append(body)
        for piece in pieces:
            yield piece

    empty = path.with_name("empty")
    empty.touch()
    for source, data, slow in (
        (path, DATA, True),
        (io.BytesIO(DATA), DATA, False),
        (DATA, DATA, False),
        (empty, b"", False),
    ):
        body = open_body(source)
        chunks = [chunk async for chunk in body.async_chunks(elsewhere if aside else None)]
        assert b"".join(chunks) == data
        assert asked == ([body] if slow and aside else [])
        asked.clear()


async def test_body_with_a_length_takes_no_more_from_an_endless_async_source() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"abc"

    body = open_body(endless(), length=7)
    assert b"".join([chunk async for chunk in body.async_chunks()]) == b"abcabca"


async def test_body_from_a_file_whose_read_is_awaited_is_sent_once() -> None:
    class File:
        def __init__(self) -> None:
            self.left = io.BytesIO(DATA)

        async def read(self, size: int) -> bytes:
            return self.left.read(size)

    body = open_body(File())
    assert (body.length, body.rewindable) == (None, False)
    assert b"".join([chunk async for chunk in body.async_chunks()]) == DATA
    with pytest.raises(MisuseError, match="asynchronous client"):
        list(open_body(File()).chunks())


def test_body_from_a_file_that_cannot_be_read_is_misuse(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file, pytest.raises(MisuseError, match="for writing"):
        open_body(file)
    with pytest.raises(MisuseError, match="closed"):
        open_body(file)
