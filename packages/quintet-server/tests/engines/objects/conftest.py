"""Objects on a database and in a folder of the test's own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quintet_server.engines.objects import ObjectInfo, Objects, ObjectSettings
from quintet_server.engines.objects.blobs import open_blobs
from quintet_server.engines.objects.sweeper import Sweeper
from quintet_server.store.database import Database


class Shelf:
    """The objects of one project, and what lies in the folder."""

    def __init__(self, objects: Objects, db: Database, folder: Path) -> None:
        self.objects, self.db, self.folder = objects, db, folder
        self.project = uuid.uuid4().hex

    async def put(self, key: str, *chunks: bytes, **options) -> ObjectInfo:
        async def stream() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        options.setdefault("content_type", "text/plain")
        return await self.objects.put(self.project, key, stream(), **options)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> bytes | None:
        info = await self.objects.head(self.project, key)
        if info is None:
            return None
        reader = await self.objects.open(info, start, end)
        return b"".join([block async for block in reader])

    async def delete(self, key: str) -> bool:
        async with self.db.transaction() as conn:
            return await self.objects.delete(conn, self.project, key)

    async def copy(self, source: str, target: str) -> ObjectInfo | None:
        async with self.db.transaction() as conn:
            return await self.objects.copy(conn, self.project, source, target)

    async def move(self, source: str, target: str) -> ObjectInfo | None:
        async with self.db.transaction() as conn:
            return await self.objects.move(conn, self.project, source, target)

    async def keys(self, **options) -> list[str]:
        page = await self.objects.list(self.project, **options)
        return [info.key for info in page.objects]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())

    async def count(self, table: str) -> int:
        async with self.db.connection() as conn:
            [count] = await (
                await conn.execute(f"SELECT count(*) FROM {table}".encode())
            ).fetchone()
        return count

    async def sweep(self, **settings) -> int:
        """Sweep as another process with these settings would."""
        own = ObjectSettings(**settings)
        blobs = open_blobs(own, self.folder)
        try:
            return await Sweeper(self.db, blobs, own, set()).sweep()
        finally:
            blobs.close()


@pytest.fixture
async def shelf(db: Database, tmp_path: Path) -> AsyncIterator[Shelf]:
    async with db.connection() as conn:  # which other tests of engines use as well
        await conn.execute("TRUNCATE objects, object_uploads, object_garbage")
    # The loop of this process stays out of the way: tests sweep when they want to.
    settings = ObjectSettings(sweep_period_seconds=3600, block_bytes=64 * 1024)
    objects = Objects(db, settings, tmp_path / "objects")
    await objects.start()
    yield Shelf(objects, db, tmp_path / "objects")
    await objects.stop()
