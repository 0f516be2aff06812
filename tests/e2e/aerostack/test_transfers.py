"""Bytes on their way up, from every kind of source, and down, whole and in parts."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aerostack import SDK, errors, models
from tests.e2e.aerostack.faces import Face

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

DATA = bytes(range(256)) * 1000


def piped(_: Path) -> Any:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as end:
            end.write(DATA)

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb")


def spooled(_: Path) -> Any:
    file = tempfile.SpooledTemporaryFile(max_size=100)  # noqa: SIM115 - the test closes it
    file.write(DATA)
    file.seek(0)
    return file


def at_path(folder: Path) -> Path:
    (folder / "data.bin").write_bytes(DATA)
    return folder / "data.bin"


def half_read(folder: Path) -> Any:
    (folder / "data.bin").write_bytes(b"not this" + DATA)
    file = (folder / "data.bin").open("rb")
    file.read(8)
    return file


def generated(_: Path) -> Iterator[bytes]:
    yield DATA[:1000]
    yield DATA[1000:]


SOURCES: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda _: DATA,
    "bytearray": lambda _: bytearray(DATA),
    "memoryview": lambda _: memoryview(DATA),
    "file": lambda folder: at_path(folder).open("rb"),
    "file from where it stands": half_read,
    "path": at_path,
    "bytesio": lambda _: io.BytesIO(DATA),
    "spooled": spooled,
    "pipe": piped,
    "generator": generated,
    "list": lambda _: [DATA[:5], DATA[5:]],
}


async def put(face: Face, sdk: SDK, content: Any, name: str = "b.bin", **more: Any) -> Any:
    request = {"key": "a/b.bin", "file": {"file_name": name, "content": content}}
    return await face.do(sdk.storage.storage_upload, request, **more)


async def got(face: Face, sdk: SDK, **more: Any) -> Any:
    return await face.do(sdk.storage.storage_get, {"key": "a/b.bin"}, **more)


@pytest.mark.parametrize("kind", SOURCES)
async def test_source_of_any_kind_is_stored_whole(
    face: Face, sdk: SDK, kind: str, tmp_path: Path
) -> None:
    source = SOURCES[kind](tmp_path)
    seen: list[tuple[int, int | None]] = []
    stored = await put(face, sdk, source, progress=lambda *now: seen.append(now))
    getattr(source, "close", lambda: None)()
    assert (stored.size, stored.content_type) == (len(DATA), "application/octet-stream")
    assert await face.finish((await got(face, sdk)).read()) == DATA
    counts = [sent for sent, _ in seen]
    assert counts == sorted(counts)
    assert counts[-1] == len(DATA)
    known = kind not in ("pipe", "generator", "list", "spooled")
    assert {total for _, total in seen if known} <= {len(DATA)}


async def test_asynchronous_source_needs_the_asynchronous_call(face: Face, sdk: SDK) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield DATA[:7]
        yield DATA[7:]

    if face.is_async:
        assert (await put(face, sdk, chunks())).size == len(DATA)
    else:
        with pytest.raises((errors.RequestTypeError, errors.RequestValidationError)):
            await put(face, sdk, chunks())


async def test_models_are_as_good_as_dictionaries(face: Face, sdk: SDK) -> None:
    file = models.File(file_name='größe "1".txt', content=b"text", content_type="text/x-test")
    request = models.StorageUploadRequestBody(key="a/b.bin", file=file)
    stored = await face.do(sdk.storage.storage_upload, request)
    assert (stored.size, stored.content_type) == (4, "text/x-test")


async def test_text_and_nameless_files_are_refused_before_anything_is_sent(
    face: Face, sdk: SDK
) -> None:
    with pytest.raises(errors.RequestTypeError, match="encode"):
        await put(face, sdk, "text")
    with pytest.raises(errors.RequestValidationError, match="file_name"):
        await put(face, sdk, b"x", name="")
    assert (await face.do(sdk.storage.storage_exists, {"key": "a/b.bin"})).exists is False


async def test_empty_file_is_a_file(face: Face, sdk: SDK) -> None:
    assert (await put(face, sdk, b"")).size == 0
    assert await face.finish((await got(face, sdk)).read()) == b""


@pytest.mark.parametrize(
    ("byte_range", "expected"),
    [((0, 0), DATA[:1]), ((5, 99), DATA[5:100]), ((len(DATA) - 3, None), DATA[-3:])],
)
async def test_part_is_downloaded(
    face: Face, sdk: SDK, byte_range: tuple[int, int | None], expected: bytes
) -> None:
    await put(face, sdk, DATA)
    part = await got(face, sdk, byte_range=byte_range)
    assert (part.status_code, part.content_length) == (206, len(expected))
    assert await face.finish(part.read()) == expected


async def test_download_tells_of_the_file_and_is_saved(
    face: Face, sdk: SDK, tmp_path: Path
) -> None:
    stored = await put(face, sdk, DATA, name="b.png")
    download = await got(face, sdk)
    assert (download.status_code, download.content_type) == (200, "image/png")
    assert (download.content_length, download.etag) == (len(DATA), f'"{stored.etag}"')
    saved = await face.finish(download.save(tmp_path / "copy.bin"))
    assert saved == tmp_path / "copy.bin"
    assert saved.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [saved]


async def test_download_can_be_left_early(face: Face, sdk: SDK) -> None:
    await put(face, sdk, DATA)
    download = await got(face, sdk)
    first = await (anext(download) if face.is_async else face.finish(next(download)))
    assert DATA.startswith(first)
    await face.close(download)
    assert (await face.do(sdk.storage.storage_exists, {"key": "a/b.bin"})).exists is True
