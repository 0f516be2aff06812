"""Request bodies that are streamed: files, paths, pipes, iterators.

What matters to a retry is whether a body can be sent again.  Bytes, paths, seekable files and
re-iterable collections can; pipes and generators cannot once a chunk was taken, and then the call
gives up instead of sending half a body.  Memory stays at one chunk, whatever the size.

Reading a file happens on the thread that sends; one chunk is small enough for an event loop.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from quintet.errors import MisuseError

__all__ = ["CHUNK_BYTES", "Body", "Progress", "open_body"]

CHUNK_BYTES = 64 * 1024

Progress: TypeAlias = Callable[[int, "int | None"], object]
"""Called with (bytes handed to the network, total or None) after every chunk."""


class Body(ABC):
    """A request body in chunks of at most 64 KiB; make one with :func:`open_body`.

    Attributes:
        length: Size in bytes, or None if only the end will tell (sent chunked then).
        rewindable: True if ``rewind`` can go back after chunks were taken.
        touched: True once a chunk was asked for since the last rewind.
    """

    length: int | None = None
    rewindable: bool = True
    touched: bool = False

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress

    @property
    def replayable(self) -> bool:
        """True if the whole body can still be sent: rewindable, or not yet touched."""
        return self.rewindable or not self.touched

    def rewind(self) -> None:
        """Go back to the beginning; progress starts at 0 again.

        Raises:
            MisuseError: The body was begun and cannot go back.
        """
        if not self.touched:
            return
        if not self.rewindable:
            raise MisuseError("this body was partly sent and cannot be sent again")
        self.touched = False
        if self._progress is not None:
            self._progress(0, self.length)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body; none of the chunks is empty.

        Raises:
            MisuseError: The source gives something other than bytes, or fewer bytes than
                ``length`` promised, or is asynchronous.
        """
        self.touched = True
        sent = 0
        for piece in self._pieces():
            for chunk in _cut(piece):
                room = len(chunk) if self.length is None else self.length - sent
                if room < len(chunk):
                    # A log file that grew meanwhile: the promised length is what fits.
                    chunk = chunk[:room]  # noqa: PLW2901
                if not chunk:
                    break
                yield chunk
                sent = self._count(sent, chunk)
        self._check_complete(sent)

    async def async_chunks(self) -> AsyncIterator[bytes]:
        """Yield the same chunks to an asynchronous sender."""
        for chunk in self.chunks():
            yield chunk

    @abstractmethod
    def _pieces(self) -> Iterator[Any]:
        """Yield the source's own pieces from the beginning, of any size and not yet checked."""

    def _count(self, sent: int, chunk: bytes) -> int:
        sent += len(chunk)
        if self._progress is not None:
            self._progress(sent, self.length)
        return sent

    def _check_complete(self, sent: int) -> None:
        if self.length is not None and sent < self.length:
            raise MisuseError(f"the body ended after {sent} of {self.length} bytes")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} length={self.length} rewindable={self.rewindable}>"


def _cut(piece: Any) -> Iterator[bytes]:
    if not isinstance(piece, (bytes, bytearray, memoryview)):
        raise MisuseError(f"a body must consist of bytes, not {type(piece).__name__}")
    data = bytes(piece)
    if len(data) <= CHUNK_BYTES:
        yield data
        return
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


class _BytesBody(Body):
    def __init__(self, data: bytes, progress: Progress | None) -> None:
        super().__init__(progress)
        self._data = data
        self.length = len(data)

    def _pieces(self) -> Iterator[Any]:
        yield self._data


class _PathBody(Body):
    """Opens the file for each sending, so nothing is left open between attempts."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        super().__init__(progress)
        self._path = path
        self.length = path.stat().st_size

    def _pieces(self) -> Iterator[Any]:
        with self._path.open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece


class _FileBody(Body):
    """An open file, from where it stands; never closed here, for it was not opened here."""

    def __init__(self, file: Any, length: int | None, progress: Progress | None) -> None:
        super().__init__(progress)
        self._file = file
        self._start, size = _extent(file)
        self.rewindable = self._start is not None
        self.length = size if length is None else length

    def _pieces(self) -> Iterator[Any]:
        if self._start is not None:
            self._file.seek(self._start)
        while True:
            piece = self._file.read(CHUNK_BYTES)
            if piece is None:
                raise MisuseError("the file is non-blocking and had no data; open it as blocking")
            if len(piece) == 0:
                return
            yield piece


def _extent(file: Any) -> tuple[int | None, int | None]:
    """Return (offset to come back to, bytes from there to the end); None, None for a pipe."""
    try:
        start = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return None, None
    # Some file-likes return None from seek: then only the end will tell.
    return start, max(0, end - start) if isinstance(end, int) else None


class _IteratorBody(Body):
    """Chunks from an iterable; a collection can be walked again, an iterator cannot."""

    def __init__(
        self, source: Iterable[Any], length: int | None, progress: Progress | None
    ) -> None:
        super().__init__(progress)
        self._source = source
        self.length = length
        self.rewindable = not isinstance(source, Iterator)

    def _pieces(self) -> Iterator[Any]:
        yield from self._source


class _AsyncIteratorBody(Body):
    """Chunks from an asynchronous iterable; only an asynchronous client can send them."""

    def __init__(
        self, source: AsyncIterable[Any], length: int | None, progress: Progress | None
    ) -> None:
        super().__init__(progress)
        self._source = source
        self.length = length
        self.rewindable = not isinstance(source, AsyncIterator)

    def _pieces(self) -> Iterator[Any]:
        raise MisuseError("an asynchronous body needs the asynchronous client")

    async def async_chunks(self) -> AsyncIterator[bytes]:
        """Yield the chunks of the source."""
        self.touched = True
        sent = 0
        async for piece in self._source:
            for chunk in _cut(piece):
                room = len(chunk) if self.length is None else self.length - sent
                if room < len(chunk):
                    chunk = chunk[:room]  # noqa: PLW2901
                if not chunk:
                    break
                yield chunk
                sent = self._count(sent, chunk)
        self._check_complete(sent)


def open_body(source: Any, *, length: int | None = None, progress: Progress | None = None) -> Body:
    """Return a body for whatever a caller wants to upload.

    Args:
        source: ``bytes``-like or ``str`` (UTF-8); a path; an open binary file, sent from its
            current offset and rewound to it; a pipe; an iterable or an asynchronous iterable of
            bytes-like chunks; a ``Body``, returned as it is.
        length: Size in bytes where the source cannot tell (pipes, iterators); the source must
            then yield at least that much, and what lies beyond is not sent.
        progress: Called after every chunk; starts again at 0 when the body is rewound.

    Raises:
        MisuseError: Not a source of bytes, or a file opened in text mode.
        OSError: The path does not exist or cannot be read.
    """
    if isinstance(source, Body):
        return source
    if isinstance(source, str):
        return _BytesBody(source.encode(), progress)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _BytesBody(bytes(source), progress)
    if isinstance(source, os.PathLike):
        return _PathBody(Path(source), progress)
    if callable(getattr(source, "read", None)):
        if hasattr(source, "encoding"):
            raise MisuseError('open the file in binary mode, such as open(path, "rb")')
        return _FileBody(source, length, progress)
    if isinstance(source, AsyncIterable):
        return _AsyncIteratorBody(source, length, progress)
    if isinstance(source, Iterable) and not isinstance(source, Mapping):
        return _IteratorBody(source, length, progress)
    raise MisuseError(f"{type(source).__name__} is no source of bytes to upload")
