"""Forms: their bytes, their length, and when they can be sent again."""

from __future__ import annotations

import email
import email.policy
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet.core.body import CHUNK_BYTES, open_body
from quintet.core.multipart import FilePart, MultipartBody, TextPart, multipart
from quintet.errors import MisuseError

DATA = bytes(range(256)) * 700


def form(*parts: TextPart | FilePart) -> MultipartBody:
    return multipart(parts, boundary="BOUND")


def upload(source: Any, **options: Any) -> MultipartBody:
    body = open_body(source, **options)
    return form(TextPart("key", "a/b.jpg"), FilePart("file", "b.jpg", body, "image/jpeg"))


def whole(body: MultipartBody) -> bytes:
    return b"".join(body.chunks())


def test_form_has_the_bytes_of_the_rfc() -> None:
    body = upload(b"\0\r\n\xff")
    assert body.content_type == "multipart/form-data; boundary=BOUND"
    assert whole(body) == (
        b"--BOUND\r\n"
        b'Content-Disposition: form-data; name="key"\r\n\r\n'
        b"a/b.jpg\r\n"
        b"--BOUND\r\n"
        b'Content-Disposition: form-data; name="file"; filename="b.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n"
        b"\0\r\n\xff\r\n"
        b"--BOUND--\r\n"
    )
    assert body.length == len(whole(body))


def test_form_without_parts_is_only_its_end() -> None:
    assert whole(form()) == b"--BOUND--\r\n"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Bücher 猫.txt", "Bücher 猫.txt"),
        ('say "hi".txt', "say %22hi%22.txt"),
        ("a\r\nX-Evil: 1.txt", "a%0D%0AX-Evil: 1.txt"),
        ("back\\slash%20.txt", "back\\slash%20.txt"),
    ],
)
def test_name_of_a_file_is_raw_utf8_and_cannot_end_its_header(name: str, sent: str) -> None:
    text = whole(form(FilePart("file", name, open_body(b"x")))).decode()
    assert f'; filename="{sent}"\r\nContent-Type: application/octet-stream\r\n\r\nx' in text


def test_name_of_a_field_cannot_end_its_header() -> None:
    text = whole(form(TextPart('a"\r\nb', "x"))).decode()
    assert 'name="a%22%0D%0Ab"\r\n\r\nx' in text


@pytest.mark.parametrize("kind", ["text/plain\r\nX: 1", "", "text/ä", "a\0b"])
def test_media_type_that_cannot_stand_in_a_header_is_misuse(kind: str) -> None:
    with pytest.raises(MisuseError, match="content type"):
        form(FilePart("file", "x", open_body(b"x"), kind))


@pytest.mark.parametrize("boundary", ["", "x" * 71, "a b", 'a"b', "a\r\nb", "ä"])
def test_boundary_that_cannot_stand_in_a_header_is_misuse(boundary: str) -> None:
    with pytest.raises(MisuseError, match="boundary"):
        multipart([], boundary=boundary)


def test_text_that_is_no_unicode_is_misuse() -> None:
    with pytest.raises(MisuseError, match="Unicode"):
        form(TextPart("key", "\ud800"))


@given(
    values=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")), max_size=4
    ),
    data=st.binary(max_size=200),
)
def test_form_is_read_back_by_a_parser_of_mail(values: list[str], data: bytes) -> None:
    parts = [TextPart(f"field{at}", value) for at, value in enumerate(values)]
    body = multipart([*parts, FilePart("file", "f.bin", open_body(data))], boundary="-" * 30 + "x1")
    message = email.message_from_bytes(
        f"Content-Type: {body.content_type}\r\n\r\n".encode() + whole(body),
        policy=email.policy.HTTP,
    )
    found = list(message.iter_parts())  # type: ignore[attr-defined]
    assert [part.get_payload(decode=True).decode() for part in found[:-1]] == values
    assert found[-1].get_filename() == "f.bin"
    assert body.length == len(whole(body))


def test_form_with_a_file_is_as_long_as_the_file_says_and_can_be_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(DATA)
    with path.open("rb") as file:
        file.seek(1000)
        body = upload(file)
        assert body.rewindable
        first = whole(body)
        assert DATA[1000:] in first
        assert DATA not in first
        assert len(first) == body.length
        body.rewind()
        assert whole(body) == first
        body.rewind()
        file.seek(0)
        assert whole(body) == first, "from where it stood when it was given"


def test_form_with_a_pipe_has_no_length_and_is_sent_once() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"piped")
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        body = upload(pipe)
        assert (body.length, body.rewindable, body.replayable) == (None, False, True)
        chunks = body.chunks()
        next(chunks)  # only what precedes the file: the pipe is still whole
        assert body.replayable
        body.rewind()
        assert not body.touched
        assert b"\r\npiped\r\n" in whole(body)
        assert not body.replayable
        with pytest.raises(MisuseError, match="sent again"):
            body.rewind()


def test_form_with_a_pipe_of_known_length_has_one() -> None:
    body = upload(iter([b"ab", b"cd"]), length=4)
    assert body.length == len(whole(body))


def test_progress_counts_the_bytes_of_the_file() -> None:
    seen: list[tuple[int, int | None]] = []
    body = upload(io.BytesIO(DATA), progress=lambda sent, total: seen.append((sent, total)))
    whole(body)
    assert seen[-1] == (len(DATA), len(DATA))
    body.rewind()
    assert seen[-1] == (0, len(DATA))


def test_chunks_stay_small_whatever_the_size_of_the_file() -> None:
    def pieces() -> Any:
        for _ in range(64):
            yield bytes(1024 * 1024)

    body = upload(pieces())
    assert max(map(len, body.chunks())) == CHUNK_BYTES


async def test_form_is_sent_asynchronously_with_the_same_bytes() -> None:
    expected = whole(upload(DATA))
    body = upload(io.BytesIO(DATA))
    assert b"".join([chunk async for chunk in body.async_chunks()]) == expected


async def test_form_with_an_async_source_is_for_the_async_client_only() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    body = upload(pieces())
    assert b"onetwo" in b"".join([chunk async for chunk in body.async_chunks()])
    with pytest.raises(MisuseError, match="asynchronous client"):
        whole(upload(pieces()))


def test_file_that_is_shorter_than_it_said_is_misuse(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(DATA)
    body = upload(path)
    path.write_bytes(b"short")
    with pytest.raises(MisuseError, match="5 of"):
        whole(body)
