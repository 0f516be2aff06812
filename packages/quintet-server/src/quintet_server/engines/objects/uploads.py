"""One upload: bytes in, an object out, or nothing at all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from quintet_server.engines.objects import statements
from quintet_server.engines.objects.blobs import Blobs, BlobWriter
from quintet_server.engines.objects.model import (
    ObjectInfo,
    ObjectTooLarge,
    StoreFailed,
    UploadLost,
)
from quintet_server.store.database import Database
from quintet_server.store.ids import new_ulid

__all__ = ["Upload"]


class Upload:
    """Bytes on their way into the store. Leave the context without `commit` and they are gone."""

    def __init__(
        self, db: Database, blobs: Blobs, live: set[str], *, max_bytes: int | None
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._live = live
        self._max_bytes = max_bytes
        self._blob = new_ulid()
        self._writer: BlobWriter | None = None
        self._is_object = False
        self.size = 0

    async def __aenter__(self) -> Self:
        # Before the row is there: the sweeper must never see it without its sign of life.
        self._live.add(self._blob)
        try:
            async with self._db.connection() as conn:
                await conn.execute(statements.BEGIN, (self._blob,))
        except BaseException:
            self._live.discard(self._blob)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not self._is_object:
                await self._discard()
        finally:
            self._live.discard(self._blob)

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes; returns when there is room for more.

        Raises:
            ObjectTooLarge: these are more than `max_bytes`.
            StoreFailed: they could not be stored.
        """
        self.size += len(chunk)
        if self._max_bytes is not None and self.size > self._max_bytes:
            raise ObjectTooLarge(self._max_bytes)
        if self._writer is None:
            self._writer = await self._blobs.write(self._blob)
        await self._writer.write(chunk)

    async def commit(
        self,
        project_id: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Make it an object, in place of the one under this key. On disk when this returns.

        Raises:
            UploadLost: it was given up meanwhile.
            StoreFailed: the last bytes could not be stored.
        """
        if self._writer is None:
            self._writer = await self._blobs.write(self._blob)
        sha256 = await self._writer.finish()
        values = {
            "blob": self._blob,
            "project": project_id,
            "key": key,
            "size": self.size,
            "sha256": sha256,
            "content_type": content_type,
            "metadata": Jsonb(dict(metadata or {})),
        }
        async with self._db.connection() as conn:
            row = await (await conn.execute(statements.COMMIT, values)).fetchone()
            if row is None:  # its blob may have come after the sweeper had been there
                await conn.execute(statements.THROW_AWAY, (self._blob,))
        if row is None:
            raise UploadLost("the upload was given up while the database could not be reached")
        self._is_object = True
        return ObjectInfo(*row)

    async def _discard(self) -> None:
        """Give the space back now, as far as that works; else the sweeper finds the row.

        A commit whose answer got lost may have made it an object after all: so the blob goes only
        if the row of the upload is still there.
        """
        if self._writer is not None:
            await self._writer.abandon()
        with contextlib.suppress(psycopg.Error, PoolTimeout, StoreFailed):
            async with self._db.transaction() as conn:
                cursor = await conn.execute(statements.FORGET, (self._blob,))
                if cursor.rowcount and self._writer is not None:
                    await self._blobs.delete(self._blob)
