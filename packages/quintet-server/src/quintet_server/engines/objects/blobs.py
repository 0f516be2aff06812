"""Where the bytes lie: blobs under names that are used once, in a folder or in the cloud.

Both are written through obstore, which puts a blob in its place in one step when its last byte is
there. They are read in blocks, one ahead of the reader. A local file is read directly: through
obstore's streams it comes in pieces of 8 KiB, at a tenth of the speed, and an open file can still
be read when it has been deleted.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from quintet_server.engines.objects.model import StoreFailed
from quintet_server.engines.objects.settings import ObjectSettings

__all__ = ["BlobReader", "BlobWriter", "Blobs", "open_blobs"]

# Hashing less than this costs less than handing it to a thread.
_SMALL_BYTES = 64 * 1024
_Fetch = Callable[[int, int], Awaitable[bytes]]


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreFailed(str(error).strip().partition("\n")[0]) from error


class Blobs:
    """A store of blobs."""

    def __init__(self, store: ObjectStore, settings: ObjectSettings, *, part_bytes: int) -> None:
        self._store = store
        self._part_bytes = part_bytes
        self._block_bytes = settings.block_bytes
        self._pool = ThreadPoolExecutor(settings.threads_max_count, "objects")

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def write(self, name: str) -> BlobWriter:
        """Begin a new blob. Raises StoreFailed."""
        with _failures():
            writer = obstore.open_writer_async(
                self._store, _path(name), buffer_size=self._part_bytes, max_concurrency=2
            )
        return BlobWriter(writer, self._pool, self._block_bytes, lambda: self._keep(name))

    async def read(self, name: str, start: int, stop: int) -> BlobReader:
        """The bytes from `start` up to `stop`, the first of them at hand. Raises StoreFailed."""
        reader = BlobReader(self._fetching(name), start, stop, self._block_bytes)
        await reader.prepare()
        return reader

    async def delete(self, name: str) -> None:
        """Delete a blob, whole or begun; fine if there is none. Raises StoreFailed."""
        with _failures(), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _path(name))

    def _fetching(self, name: str) -> _Fetch:
        async def fetch(start: int, stop: int) -> bytes:
            found = await obstore.get_range_async(self._store, _path(name), start=start, end=stop)
            return found.to_bytes()

        return fetch

    async def _keep(self, name: str) -> None:
        """Make sure that a finished blob is still there after a loss of power."""


class _FolderBlobs(Blobs):
    """Blobs as files in a folder."""

    def __init__(self, folder: Path, settings: ObjectSettings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(LocalStore(folder), settings, part_bytes=settings.block_bytes)
        self._folder = folder
        self._known_folders: set[Path] = set()

    async def delete(self, name: str) -> None:
        await super().delete(name)
        with _failures():
            await self._run(_delete_begun, self._folder / _path(name))

    def _fetching(self, name: str) -> _Fetch:
        file = _File(self._folder / _path(name))
        return lambda start, stop: self._run(file.read, start, stop)

    async def _keep(self, name: str) -> None:
        with _failures():
            await self._run(self._flush, self._folder / _path(name))

    def _flush(self, path: Path) -> None:
        _flush(path)
        _flush(path.parent)
        if path.parent not in self._known_folders:  # it may be new itself
            _flush(self._folder)
            self._known_folders.add(path.parent)

    def _run(self, work: Callable[..., Any], *values: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._pool, work, *values)


def open_blobs(settings: ObjectSettings, folder: Path) -> Blobs:
    """The store that the settings name; `folder` is the one to take if they name none.

    Raises ValueError when the URL names no store.
    """
    if settings.url is None:
        return _FolderBlobs(folder, settings)
    url = urlsplit(settings.url)
    if url.scheme == "file":
        return _FolderBlobs(Path(unquote(url.path)), settings)
    try:
        store = from_url(settings.url)
    except (BaseError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"QUINTET_OBJECTS_URL names no store of objects: {reason}") from error
    return Blobs(store, settings, part_bytes=settings.part_bytes)


def _path(name: str) -> str:
    """Names end in chance, so the blobs spread over a thousand folders."""
    return f"{name[-2:]}/{name}"


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete_begun(path: Path) -> None:
    """While it is written, obstore has it in `NAME#1` (or another number)."""
    for begun in path.parent.glob(f"{path.name}#*"):
        begun.unlink(missing_ok=True)


class _File:
    """A file that is opened by its first read, and closed when nobody needs it any more.

    So a read in another thread always has the file it began with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def read(self, start: int, stop: int) -> bytes:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY)
        return os.pread(self._descriptor, stop - start, start)

    def __del__(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


class BlobReader:
    """Some bytes of a blob, in order, one block read ahead: iterate over it, then close it."""

    def __init__(self, fetch: _Fetch, start: int, stop: int, block_bytes: int) -> None:
        self._fetch: _Fetch | None = fetch
        self._at = start
        self._stop = stop
        self._block_bytes = block_bytes
        self._next: asyncio.Future[bytes] | None = None
        self._first: bytes | None = None

    async def prepare(self) -> None:
        """Read the first block, so that a missing blob is found before the answer has begun."""
        self._read_ahead()
        self._first = await self._take()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the rest, block by block. Raises StoreFailed."""
        block, self._first = self._first, None
        while block:
            yield block
            block = await self._take()

    def close(self) -> None:
        """Read no further."""
        if self._next is not None:
            self._next.cancel()
        self._next = self._fetch = self._first = None

    def _read_ahead(self) -> None:
        end = min(self._at + self._block_bytes, self._stop)
        if self._fetch is not None and end > self._at:
            self._next = asyncio.ensure_future(self._fetch(self._at, end))

    async def _take(self) -> bytes:
        if self._next is None:
            return b""
        wanted = min(self._block_bytes, self._stop - self._at)
        with _failures():
            block = await self._next
        if len(block) != wanted:
            raise StoreFailed(f"{len(block)} of {wanted} bytes were there")
        self._at += wanted
        self._next = None
        self._read_ahead()
        return block


class _Sink(Protocol):
    async def write(self, buffer: Any, /) -> int: ...
    async def close(self) -> None: ...


class BlobWriter:
    """A blob being written: small pieces are joined, and the checksum grows beside the writing."""

    def __init__(
        self,
        sink: _Sink,
        pool: ThreadPoolExecutor,
        block_bytes: int,
        keep: Callable[[], Awaitable[None]],
    ) -> None:
        self._sink: _Sink | None = sink
        self._pool = pool
        self._block_bytes = block_bytes
        self._keep = keep
        self._hash = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._waiting_bytes = 0

    async def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises StoreFailed."""
        self._pieces.append(piece)
        self._waiting_bytes += len(piece)
        if self._waiting_bytes >= self._block_bytes:
            await self._write_block()

    async def finish(self) -> str:
        """Put the blob in its place, safe from a loss of power; returns its SHA-256."""
        await self._write_block()
        assert self._sink is not None  # neither finished nor abandoned before
        with _failures():
            await self._sink.close()
        self._sink = None
        await self._keep()
        return self._hash.hexdigest()

    async def abandon(self) -> None:
        """Leave it unfinished: what has been written never shows, and is to be deleted."""
        # obstore removes its file when nobody holds the writer any more; `close` would finish it.
        self._sink = None
        self._pieces.clear()

    async def _write_block(self) -> None:
        block = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting_bytes = 0
        assert self._sink is not None  # neither finished nor abandoned before
        if len(block) < _SMALL_BYTES:
            self._hash.update(block)
            with _failures():
                await self._sink.write(block)
            return
        loop = asyncio.get_running_loop()
        hashing = loop.run_in_executor(self._pool, self._hash.update, block)
        try:
            with _failures():
                await self._sink.write(block)
        finally:
            await hashing
