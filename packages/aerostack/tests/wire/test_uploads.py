"""Files of every kind on their way to the storage."""

from __future__ import annotations

import io
import json
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from aerostack import errors, models
from aerostack.utils import BackoffStrategy, RetryConfig

from .conftest import Face
from .peer import Received, answer, error

DATA = bytes(range(256)) * 2000
STORED = answer(200, {"url": "http://127.0.0.1/x", "key": "k", "size": 1, "etag": '"e"'})
TWICE = RetryConfig("backoff", BackoffStrategy(1, 5, 1.1, 5000), True, max_retries=2)
BUSY = error(503, "INTERNAL_ERROR")


def parts(request: Received) -> list[tuple[str, str | None, str, bytes]]:
    """Read a form with the standard library: (name, file name, type, content) of each part."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    found = message_from_bytes(head + request.body)
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in found.get_payload()  # type: ignore[union-attr]
    ]


def upload(content: Any, **more: Any) -> dict[str, Any]:
    return {"key": "a/b.bin", "file": {"file_name": "b.bin", "content": content}, **more}


def piped(tmp_path: Path) -> Any:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as end:
            end.write(DATA)

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb")


def spooled(tmp_path: Path) -> Any:
    file = tempfile.SpooledTemporaryFile(max_size=100)  # noqa: SIM115 - the test closes it
    file.write(DATA)
    file.seek(0)
    return file


def opened(tmp_path: Path) -> Any:
    path = tmp_path / "data.bin"
    path.write_bytes(DATA)
    return path.open("rb")


def at_path(tmp_path: Path) -> Path:
    (tmp_path / "data.bin").write_bytes(DATA)
    return tmp_path / "data.bin"


def generated(tmp_path: Path) -> Iterator[bytes]:
    yield DATA[:1000]
    yield DATA[1000:]


SOURCES: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda _: DATA,
    "bytearray": lambda _: bytearray(DATA),
    "memoryview": lambda _: memoryview(DATA),
    "file": opened,
    "path": at_path,
    "bytesio": lambda _: io.BytesIO(DATA),
    "spooled": spooled,
    "pipe": piped,
    "generator": generated,
    "list": lambda _: [DATA[:5], DATA[5:]],
}
KNOWN = {"bytes", "bytearray", "memoryview", "file", "path", "bytesio"}


@pytest.mark.parametrize("kind", SOURCES)
async def test_source_of_any_kind_arrives_whole(
    play: Any, face: Face, kind: str, tmp_path: Path
) -> None:
    peer = play(STORED)
    source = SOURCES[kind](tmp_path)
    result = await face.do(face.sdk(peer).storage.storage_upload, upload(source))
    assert result.url == "http://127.0.0.1/x" and result.etag == '"e"'
    assert parts(peer.requests[0]) == [
        ("key", None, "text/plain", b"a/b.bin"),
        ("file", "b.bin", "application/octet-stream", DATA),
    ]
    if kind in KNOWN:
        assert "content-length" in peer.requests[0].headers
    if kind in ("pipe", "generator", "list"):
        assert peer.requests[0].headers["transfer-encoding"] == "chunked"
    getattr(source, "close", lambda: None)()


async def test_asynchronous_iterable_arrives_from_asynchronous_calls_only(
    play: Any, face: Face
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield DATA[:7]
        yield DATA[7:]

    peer = play(STORED)
    sdk = face.sdk(peer)
    if face.is_async:
        await sdk.storage.storage_upload_async(upload(chunks()))
        assert parts(peer.requests[0])[1][3] == DATA
    else:
        with pytest.raises(errors.RequestValidationError, match="asynchronous"):
            sdk.storage.storage_upload(upload(chunks()))


async def test_form_has_its_parts_in_order_and_the_type_three_ways(play: Any, face: Face) -> None:
    peer = play(STORED)
    sdk = face.sdk(peer)
    file = {"file_name": 'é"x.jpg', "content": b"x"}
    await face.do(sdk.storage.storage_upload, {"key": "k", "file": file})
    await face.do(
        sdk.storage.storage_upload,
        {"key": "k", "file": {**file, "content_type": "image/png"}, "contentType": "image/webp"},
    )
    model = models.StorageUploadRequestBody(
        key="k", file=models.File(file_name="x.txt", content=b"x"), content_type="text/csv"
    )
    await face.do(sdk.storage.storage_upload, model)
    assert 'filename="é%22x.jpg"'.encode() in peer.requests[0].body
    assert parts(peer.requests[0])[1][2] == "image/jpeg"
    second = parts(peer.requests[1])
    assert [part[0] for part in second] == ["key", "contentType", "file"]
    assert (second[1][3], second[2][2]) == (b"image/webp", "image/png")
    assert parts(peer.requests[2])[1][3] == b"text/csv"


async def test_text_is_no_content(play: Any, face: Face) -> None:
    peer = play(STORED)
    for text in ("some text", "/etc/hostname"):
        with pytest.raises(TypeError, match=r"\.encode\(\)"):
            await face.do(face.sdk(peer).storage.storage_upload, upload(text))
    with pytest.raises(TypeError, match="binary"):
        await face.do(face.sdk(peer).storage.storage_upload, upload(io.StringIO("x")))
    with pytest.raises(errors.RequestTypeError):
        await face.do(face.sdk(peer).storage.storage_upload, upload(17))
    assert peer.requests == []


async def test_file_name_must_not_be_empty(play: Any, face: Face) -> None:
    request = {"key": "k", "file": {"file_name": "", "content": b"x"}}
    with pytest.raises(ValueError, match="file_name"):
        await face.do(face.sdk(play(STORED)).storage.storage_upload, request)


@pytest.mark.parametrize("kind", ["file", "bytesio", "spooled"])
async def test_file_is_sent_from_where_it_stands_and_again_from_there(
    play: Any, face: Face, kind: str, tmp_path: Path
) -> None:
    peer = play(BUSY, BUSY, STORED)
    source = SOURCES[kind](tmp_path)
    source.seek(600)
    await face.do(face.sdk(peer, retry_config=TWICE).storage.storage_upload, upload(source))
    assert [parts(request)[1][3] for request in peer.requests] == [DATA[600:]] * 3
    source.close()


@pytest.mark.parametrize("kind", ["pipe", "generator"])
async def test_source_that_cannot_be_read_twice_is_not_sent_twice(
    play: Any, face: Face, kind: str, tmp_path: Path
) -> None:
    peer = play(BUSY)
    source = SOURCES[kind](tmp_path)
    with pytest.raises(errors.SDKError):
        await face.do(face.sdk(peer, retry_config=TWICE).storage.storage_upload, upload(source))
    assert len(peer.requests) == 1
    source.close()


async def test_metadata_goes_as_json_text(play: Any, face: Face) -> None:
    peer = play(STORED)
    sdk = face.sdk(peer)
    await face.do(sdk.storage.storage_upload, upload(b"x", metadata={"by": "Zoë", "n": "1"}))
    [text] = [part[3] for part in parts(peer.requests[0]) if part[0] == "metadata"]
    assert json.loads(text) == {"by": "Zoë", "n": "1"}
    with pytest.raises(errors.RequestValidationError, match=r"metadata\.n"):
        await face.do(sdk.storage.storage_upload, upload(b"x", metadata={"n": 1}))


async def test_progress_is_told_in_bytes_of_the_file(play: Any, face: Face, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    sdk = face.sdk(play(STORED))
    await face.do(
        sdk.storage.storage_upload,
        upload(at_path(tmp_path)),
        progress=lambda sent, total: seen.append((sent, total)),
    )
    assert seen[-1] == (len(DATA), len(DATA))
    assert [sent for sent, _ in seen] == sorted(sent for sent, _ in seen) and len(seen) > 1


async def test_asynchronous_upload_reads_the_file_in_a_worker_thread(
    play: Any, tmp_path: Path
) -> None:
    readers: set[int] = set()

    class Slow(io.RawIOBase):
        left = 3

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            readers.add(threading.get_ident())
            self.left -= 1
            return b"x" * 10 if self.left >= 0 else b""

    peer = play(STORED)
    async with Face("asynchronous").sdk(peer) as sdk:
        await sdk.storage.storage_upload_async(upload(Slow()))
    assert readers and threading.get_ident() not in readers
    assert parts(peer.requests[0])[1][3] == b"x" * 30


async def test_time_limit_of_an_upload_grows_with_the_file(face: Face) -> None:
    from aerostack._uploads import form_of, seconds_for

    assert 60 < seconds_for(form_of(upload(b"x"), None)) < 61
    assert seconds_for(form_of(upload(bytes(128 * 1024 * 100)), None)) == pytest.approx(160, abs=1)
    assert seconds_for(form_of(upload(iter([b"x"])), None)) == 900


@pytest.mark.parametrize(
    "request_",
    [
        {"key": "\ud800", "file": {"file_name": "a", "content": b"x"}},
        {"key": "k", "file": {"file_name": "a", "content": b"x", "content_type": "a/b\r\nX: y"}},
        {"key": "k", "file": {"file_name": "a", "content": b"x", "contenttype": "a/b"}},
        {"key": "k", "file": {"file_name": "a", "content": b"x"}, "extra": b"x"},
    ],
    ids=["surrogate", "header", "unknown field of the file", "bytes"],
)
async def test_form_that_cannot_be_sent_is_an_error_of_ours(
    play: Any, face: Face, request_: dict[str, Any]
) -> None:
    peer = play(STORED)
    with pytest.raises(errors.RequestValidationError, match="storageUpload"):
        await face.do(face.sdk(peer).storage.storage_upload, request_)
    assert peer.requests == []


async def test_further_fields_of_a_form_are_sent_as_text_or_json(play: Any, face: Face) -> None:
    peer = play(STORED)
    extra = {"note": "as it is", "public": True, "tags": ["a", 1], "owner": None}
    request = {"key": "k", "file": {"file_name": "a", "content": b"x"}, **extra}
    await face.do(face.sdk(peer).storage.storage_upload, request)
    sent = {part[0]: part[3] for part in parts(peer.requests[0])}
    assert [sent[name] for name in extra] == [b"as it is", b"true", b'["a",1]', b"null"]


async def test_file_that_cannot_be_read_is_refused_before_anything_is_sent(
    play: Any, face: Face, tmp_path: Path
) -> None:
    peer = play(STORED)
    with (tmp_path / "out").open("wb") as file, pytest.raises(errors.RequestTypeError):
        await face.do(face.sdk(peer).storage.storage_upload, upload(file))
    with pytest.raises(errors.RequestTypeError, match="closed"):
        await face.do(face.sdk(peer).storage.storage_upload, upload(file))
    assert peer.requests == []


async def test_file_whose_read_is_awaited_arrives_from_asynchronous_calls(
    play: Any, face: Face
) -> None:
    class File:
        pieces = (DATA[:100], DATA[100:], b"")

        def __init__(self) -> None:
            self.left = iter(self.pieces)

        async def read(self, size: int = -1) -> bytes:
            return next(self.left)

    peer = play(STORED)
    call = face.do(face.sdk(peer).storage.storage_upload, upload(File()))
    if face.is_async:
        await call
        assert parts(peer.requests[0])[1][3] == DATA
    else:
        with pytest.raises(errors.RequestValidationError, match="asynchronous"):
            await call
