"""Which store the settings name, and one that is no folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from quintet_server.engines.objects.blobs import open_blobs
from quintet_server.engines.objects.model import StoreFailed
from quintet_server.engines.objects.settings import ObjectSettings


async def write(blobs, name, *pieces):
    writer = await blobs.write(name)
    for piece in pieces:
        await writer.write(piece)
    return await writer.finish()


async def read(blobs, name, start, stop):
    return b"".join([block async for block in await blobs.read(name, start, stop)])


@pytest.mark.parametrize("where", ["memory:///", "file://{folder}/elsewhere", None])
async def test_store_keeps_reads_and_deletes(where, tmp_path: Path) -> None:
    url = where and where.format(folder=tmp_path)
    blobs = open_blobs(ObjectSettings(url=url, block_bytes=65_536), tmp_path / "own")
    data = b"0123456789" * 50_000
    await write(blobs, "NAME", data[:7], data[7:])
    assert await read(blobs, "NAME", 0, len(data)) == data
    assert await read(blobs, "NAME", 65_530, 200_001) == data[65_530:200_001]
    await blobs.delete("NAME")
    await blobs.delete("NAME")
    with pytest.raises(StoreFailed):
        await blobs.read("NAME", 0, 1)
    assert (tmp_path / "own").exists() is (where is None)
    assert (tmp_path / "elsewhere").exists() is (where is not None and where.startswith("file"))
    blobs.close()


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/path", "s3"])
def test_url_that_names_no_store_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="QUINTET_OBJECTS_URL"):
        open_blobs(ObjectSettings(url=url), tmp_path)


def test_url_of_a_bucket_opens_nothing(tmp_path: Path) -> None:
    open_blobs(ObjectSettings(url="s3://bucket/prefix"), tmp_path).close()
