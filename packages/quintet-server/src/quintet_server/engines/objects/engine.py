"""Objects: uploaded whole or not at all, replaced in one step, read while they are replaced.

Rules this engine obeys:

- a blob is written once, under a new name, and never changed. What an object is, is one row;
- a row in `object_uploads` exists before the first byte of a blob, and goes in the statement that
  makes the blob an object. So every blob is an object's, an upload's, or garbage, at any moment,
  whenever the process dies;
- a trigger notes every blob that an object lets go of. :mod:`.sweeper` deletes it later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Mapping
from pathlib import Path
from typing import Any

from quintet_server.engines.objects import statements
from quintet_server.engines.objects.blobs import BlobReader, Blobs, open_blobs
from quintet_server.engines.objects.model import ObjectInfo, ObjectPage
from quintet_server.engines.objects.prefixes import after_prefix
from quintet_server.engines.objects.settings import ObjectSettings
from quintet_server.engines.objects.sweeper import Sweeper
from quintet_server.engines.objects.uploads import Upload
from quintet_server.store.background import end
from quintet_server.store.database import Connection, Database

__all__ = ["Objects"]


class Objects:
    """Every project's objects. Keys are taken as they are: their rules are the service's."""

    signing_secret: bytes
    """For the URLs of objects: the same in every process of this database."""

    def __init__(self, db: Database, settings: ObjectSettings, folder: Path) -> None:
        self._settings = settings
        self._db = db
        self._folder = folder
        self._blobs: Blobs
        self._live: set[str] = set()
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the store and begin to sweep. Raises ValueError for a URL that names no store."""
        self._blobs = open_blobs(self._settings, self._folder)
        async with self._db.connection() as conn:
            row = await (await conn.execute(statements.SECRET)).fetchone()
        assert row is not None  # the migration made it
        self.signing_secret = row[0]
        sweeper = Sweeper(self._db, self._blobs, self._settings, self._live)
        self._sweeping = asyncio.create_task(sweeper.run(), name="objects-sweep")

    async def stop(self) -> None:
        """Stop sweeping; transfers under way have been ended before."""
        if self._sweeping is not None:
            await end(self._sweeping)
            self._sweeping = None
            self._blobs.close()

    def upload(self, *, max_bytes: int | None = None) -> Upload:
        """Begin an upload: an async context manager that leaves nothing unless it is committed.

        The key is needed at its end only: on the wire it may come after the bytes.
        """
        return Upload(self._db, self._blobs, self._live, max_bytes=max_bytes)

    async def put(
        self,
        project_id: str,
        key: str,
        chunks: AsyncIterable[bytes],
        *,
        content_type: str,
        max_bytes: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Store an object whose key is known, replacing what was there.

        Raises:
            ObjectTooLarge: more than `max_bytes` came.
            StoreFailed, UploadLost: nothing has changed; it can be tried again.
        """
        async with self.upload(max_bytes=max_bytes) as upload:
            async for chunk in chunks:
                await upload.write(chunk)
            return await upload.commit(
                project_id, key, content_type=content_type, metadata=metadata
            )

    async def head(self, project_id: str, key: str) -> ObjectInfo | None:
        """What is known of an object; None when there is none."""
        async with self._db.connection() as conn:
            row = await (await conn.execute(statements.HEAD, (project_id, key))).fetchone()
        return None if row is None else ObjectInfo(*row)

    async def open(self, info: ObjectInfo, start: int = 0, end: int | None = None) -> BlobReader:
        """The bytes from `start` up to `end` (exclusive; default: all) of what `info` is of.

        They stay readable while the object is replaced or deleted. Raises StoreFailed.
        """
        stop = info.size if end is None else min(end, info.size)
        return await self._blobs.read(info.version, start, stop)

    async def list(
        self, project_id: str, *, prefix: str = "", limit: int = 100, after: str | None = None
    ) -> ObjectPage:
        """The objects whose keys begin with `prefix`, from the one after the key `after` on."""
        values = {
            "project": project_id,
            "prefix": prefix,
            "beyond": after_prefix(prefix),
            "after": after,
            "limit": limit + 1,
        }
        async with self._db.connection() as conn:
            rows = await (await conn.execute(statements.LIST, values)).fetchall()
        return ObjectPage([ObjectInfo(*row) for row in rows[:limit]], len(rows) > limit)

    async def delete(self, conn: Connection, project_id: str, key: str) -> bool:
        """Delete an object in the caller's transaction; tells whether there was one."""
        return (await conn.execute(statements.DELETE, (project_id, key))).rowcount > 0

    async def copy(
        self, conn: Connection, project_id: str, source: str, target: str
    ) -> ObjectInfo | None:
        """Copy an object in the caller's transaction, replacing the target; None: no source.

        Takes the same time for any size, since both objects have the same blob from then on. Onto
        itself it changes nothing.
        """
        return await self._place(conn, statements.COPY, project_id, source, target)

    async def move(
        self, conn: Connection, project_id: str, source: str, target: str
    ) -> ObjectInfo | None:
        """Rename an object in the caller's transaction, replacing the target; None: no source.

        At no moment are both keys there, or neither. Onto itself it changes nothing.
        """
        return await self._place(conn, statements.MOVE, project_id, source, target)

    async def _place(
        self, conn: Connection, statement: bytes, project_id: str, source: str, target: str
    ) -> ObjectInfo | None:
        values: dict[str, Any] = {"project": project_id, "source": source, "target": target}
        # Both rows at once and in order: two that cross each other wait instead of dying.
        rows = await (await conn.execute(statements.LOCK, values)).fetchall()
        found = {row[0]: ObjectInfo(*row) for row in rows}
        if source not in found or source == target:
            return found.get(source)
        row = await (await conn.execute(statement, values)).fetchone()
        return None if row is None else ObjectInfo(*row)
