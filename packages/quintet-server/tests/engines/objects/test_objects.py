"""Objects: whole or not at all, replaced in one step, listed in order, given back to the disk."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from pathlib import Path

import pytest

from quintet_server.engines.objects import (
    ObjectSettings,
    ObjectTooLarge,
    StoreFailed,
    UploadLost,
)
from quintet_server.engines.objects.blobs import open_blobs
from quintet_server.engines.objects.sweeper import Sweeper

BIG = bytes(range(256)) * 2000


async def test_object_comes_back_as_it_was_put(shelf) -> None:
    info = await shelf.put("a/b.txt", b"hello ", b"world", metadata={"owner": "me"})
    assert (info.key, info.size, info.content_type) == ("a/b.txt", 11, "text/plain")
    assert info.etag == info.sha256 == hashlib.sha256(b"hello world").hexdigest()
    assert await shelf.objects.head(shelf.project, "a/b.txt") == info
    assert info.metadata == {"owner": "me"}
    assert await shelf.read("a/b.txt") == b"hello world"
    assert await shelf.count("object_uploads") == 0


async def test_empty_object_is_an_object(shelf) -> None:
    info = await shelf.put("empty")
    assert info.size == 0
    assert await shelf.read("empty") == b""
    assert info.sha256 == hashlib.sha256().hexdigest()


async def test_any_range_of_a_big_object_is_read(shelf) -> None:
    pieces = [BIG[at : at + 70_001] for at in range(0, len(BIG), 70_001)]
    assert (await shelf.put("big", *pieces)).sha256 == hashlib.sha256(BIG).hexdigest()
    edges = (0, 1, 65_535, 65_536, 65_537, 131_072, len(BIG) - 1, len(BIG))
    for start, end in itertools.combinations(edges, 2):
        assert await shelf.read("big", start, end) == BIG[start:end]
    assert await shelf.read("big", 10) == BIG[10:]


async def test_upload_above_its_limit_leaves_nothing(shelf) -> None:
    with pytest.raises(ObjectTooLarge):
        await shelf.put("k", b"x" * 100_000, b"x" * 100_000, max_bytes=199_999)
    assert await shelf.objects.head(shelf.project, "k") is None
    assert (shelf.files(), await shelf.count("object_uploads")) == ([], 0)
    await shelf.put("k", b"x" * 200_000, max_bytes=200_000)


async def test_upload_that_fails_keeps_what_was_there(shelf) -> None:
    await shelf.put("k", b"old")
    with pytest.raises(RuntimeError):
        async with shelf.objects.upload() as upload:
            await upload.write(BIG)
            raise RuntimeError
    assert await shelf.read("k") == b"old"
    assert (len(shelf.files()), await shelf.count("object_uploads")) == (1, 0)


async def test_cancelled_upload_leaves_nothing(shelf) -> None:
    began = asyncio.Event()

    async def upload_for_ever() -> None:
        async with shelf.objects.upload() as upload:
            await upload.write(BIG)
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(upload_for_ever())
    await began.wait()
    assert len(shelf.files()) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (shelf.files(), await shelf.count("object_uploads")) == ([], 0)


async def test_replaced_object_stays_readable_for_who_has_begun(shelf) -> None:
    info = await shelf.put("k", BIG)
    reader = await shelf.objects.open(info)
    blocks = aiter(reader)
    got = await anext(blocks)
    await shelf.put("k", b"new")
    await shelf.sweep(garbage_grace_seconds=0)
    assert len(shelf.files()) == 1  # the old file has no name any more
    got += b"".join([block async for block in blocks])
    assert got == BIG
    assert await shelf.read("k") == b"new"


async def test_replaced_and_deleted_blobs_go_after_the_grace(shelf, advance) -> None:
    await shelf.put("k", b"one")
    await shelf.put("k", b"two")
    await shelf.put("gone", b"three")
    assert await shelf.delete("gone") is True
    assert await shelf.delete("gone") is False
    assert await shelf.sweep() == 0
    assert len(shelf.files()) == 3
    await advance(3601)
    assert await shelf.sweep() == 2
    assert len(shelf.files()) == 1
    assert await shelf.read("k") == b"two"
    assert await shelf.count("object_garbage") == 0


async def test_broken_off_upload_is_given_up_and_its_space_comes_back(shelf) -> None:
    upload = shelf.objects.upload()
    await upload.__aenter__()
    await upload.write(BIG)
    assert len(shelf.files()) == 1
    assert await shelf.sweep() == 0  # seen a moment ago
    assert len(shelf.files()) == 1
    assert await shelf.sweep(upload_silence_seconds=1e-6) == 1
    assert (shelf.files(), await shelf.count("object_uploads")) == ([], 0)
    # Its process was only slow: it learns that it came too late.
    with pytest.raises((UploadLost, StoreFailed)):
        await upload.commit(shelf.project, "k", content_type="text/plain")
    await upload.__aexit__(None, None, None)
    await shelf.sweep()
    assert shelf.files() == []
    assert await shelf.objects.head(shelf.project, "k") is None


async def test_live_upload_is_not_given_up_by_its_own_process(shelf, advance) -> None:
    settings = ObjectSettings(upload_silence_seconds=5)
    blobs = open_blobs(settings, shelf.folder)
    async with shelf.objects.upload() as upload:
        await upload.write(BIG)
        async with shelf.db.connection() as conn:
            await conn.execute("UPDATE object_uploads SET seen_at = '-infinity'")
        await advance(1e6)  # nor by a leap of the clock
        await Sweeper(shelf.db, blobs, settings, shelf.objects._live).sweep()
        await upload.commit(shelf.project, "k", content_type="text/plain")
    blobs.close()
    assert await shelf.read("k") == BIG


async def test_copy_shares_bytes_until_the_last_one_goes(shelf) -> None:
    first = await shelf.put("a", BIG, metadata={"n": "1"})
    copy = await shelf.copy("a", "b")
    assert (copy.key, copy.etag, copy.content_type, copy.metadata) == (
        *("b", first.etag, "text/plain"),
        {"n": "1"},
    )
    assert len(shelf.files()) == 1
    await shelf.delete("a")
    assert await shelf.sweep(garbage_grace_seconds=0) == 0
    assert await shelf.read("b") == BIG
    await shelf.delete("b")
    assert await shelf.sweep(garbage_grace_seconds=0) == 1
    assert shelf.files() == []


async def test_copy_onto_another_replaces_it(shelf) -> None:
    await shelf.put("a", b"one")
    await shelf.put("b", b"two", content_type="image/png")
    assert (await shelf.copy("a", "b")).content_type == "text/plain"
    assert await shelf.read("b") == b"one"
    assert await shelf.sweep(garbage_grace_seconds=0) == 1


async def test_move_renames_and_replaces(shelf) -> None:
    await shelf.put("a", b"one")
    await shelf.put("b", b"two")
    assert (await shelf.move("a", "b")).key == "b"
    assert await shelf.keys() == ["b"]
    assert await shelf.read("b") == b"one"
    await shelf.sweep(garbage_grace_seconds=0)
    assert await shelf.read("b") == b"one"
    assert len(shelf.files()) == 1


async def test_copy_and_move_onto_itself_change_nothing(shelf) -> None:
    info = await shelf.put("a", b"one")
    assert await shelf.copy("a", "a") == info
    assert await shelf.move("a", "a") == info
    assert await shelf.read("a") == b"one"


async def test_copy_and_move_without_a_source_do_nothing(shelf) -> None:
    await shelf.put("b", b"two")
    assert await shelf.copy("a", "b") is None
    assert await shelf.move("a", "b") is None
    assert await shelf.read("b") == b"two"


async def test_moves_against_each_other_leave_every_object_whole(shelf) -> None:
    await shelf.put("a", b"one")
    await shelf.put("b", b"two")
    moves = [shelf.move("a", "b"), shelf.move("b", "a")] * 10
    await asyncio.gather(*moves)
    [key] = await shelf.keys()
    assert await shelf.read(key) in (b"one", b"two")
    await shelf.sweep(garbage_grace_seconds=0)
    assert len(shelf.files()) == 1


async def test_many_at_once_on_one_key_leave_one_blob(shelf) -> None:
    bodies = [f"body {n}".encode() * 10_000 for n in range(20)]
    await asyncio.gather(*(shelf.put("k", body) for body in bodies))
    assert await shelf.read("k") in bodies
    await shelf.sweep(garbage_grace_seconds=0)
    assert (len(shelf.files()), await shelf.count("object_garbage")) == (1, 0)


async def test_list_is_in_the_order_of_bytes_and_pages(shelf) -> None:
    names = ["Z", "a", "a/b", "a0", "ab", "é", "z", "😀", "\uffff"]
    for name in names:
        await shelf.put(name, b"")
    in_order = sorted(names, key=str.encode)
    assert await shelf.keys() == in_order
    seen, after = [], None
    while True:
        page = await shelf.objects.list(shelf.project, limit=2, after=after)
        seen += [info.key for info in page.objects]
        if not page.truncated:
            break
        after = seen[-1]
    assert seen == in_order
    assert not (await shelf.objects.list(shelf.project, limit=len(names))).truncated


async def test_prefix_is_literal(shelf) -> None:
    for name in ("a%b", "a_b", "axb", "a\\b", "ab", "b"):
        await shelf.put(name, b"")
    assert await shelf.keys(prefix="a%") == ["a%b"]
    assert await shelf.keys(prefix="a_") == ["a_b"]
    assert await shelf.keys(prefix="a\\") == ["a\\b"]
    assert await shelf.keys(prefix="a") == ["a%b", "a\\b", "a_b", "ab", "axb"]
    assert await shelf.keys(prefix="c") == []


async def test_projects_do_not_see_each_other(shelf) -> None:
    await shelf.put("k", b"one")
    assert await shelf.objects.head("other", "k") is None
    assert (await shelf.objects.list("other")).objects == []
    async with shelf.db.transaction() as conn:
        assert await shelf.objects.delete(conn, "other", "k") is False
        assert await shelf.objects.move(conn, "other", "k", "l") is None
    assert await shelf.read("k") == b"one"


async def test_missing_blob_is_found_before_anything_is_read(shelf) -> None:
    info = await shelf.put("k", b"one")
    next(path for path in shelf.folder.rglob("*") if path.is_file()).unlink()
    with pytest.raises(StoreFailed):
        await shelf.objects.open(info)


async def test_truncated_blob_is_told_from_a_whole_one(shelf) -> None:
    info = await shelf.put("k", BIG)
    next(path for path in shelf.folder.rglob("*") if path.is_file()).write_bytes(BIG[:-1])
    reader = await shelf.objects.open(info)
    with pytest.raises(StoreFailed):
        async for _ in reader:
            pass


async def test_closed_reader_lets_go_of_its_file(shelf) -> None:
    def open_files() -> int:
        targets = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
        return sum(target.is_relative_to(shelf.folder) for target in targets)

    reader = await shelf.objects.open(await shelf.put("k", BIG))
    assert open_files() == 1
    async for _ in reader:
        break
    reader.close()
    async with asyncio.timeout(60):
        while open_files():
            await asyncio.sleep(0)


async def test_sweep_goes_on_after_a_blob_that_cannot_be_deleted(shelf) -> None:
    for name in ("a", "b"):
        await shelf.put(name, b"x")
        await shelf.delete(name)
    stuck, other = (path for path in sorted(shelf.folder.rglob("*")) if path.is_file())
    stuck.unlink()
    stuck.mkdir()
    (stuck / "file").touch()
    with pytest.raises(StoreFailed):
        await shelf.sweep(garbage_grace_seconds=0)
    assert not other.exists()
    assert await shelf.count("object_garbage") == 1
