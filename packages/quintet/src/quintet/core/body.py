"""Request bodies that are streamed: files, paths, pipes, iterators.

What matters to a retry is whether a body can be sent again.  Bytes, paths, seekable files and
re-iterable collections can; pipes and generators cannot once a chunk was taken, and then the call
gives up instead of sending half a body.  Memory stays at one chunk, whatever the size.

A blocking sender reads files on its own thread.  An asynchronous one says where to read what may
block (``aside``), so that a slow disk does not hold up its event loop; what is in memory already
takes no such detour.
"""

from __future__ import annotations

import inspect
import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeAlias

from quintet.errors import MisuseError

__all__ = ["CHUNK_BYTES", "Aside", "Body", "Progress", "open_body"]

CHUNK_BYTES = 256 * 1024
"""Large enough that what is done for each chunk is little beside sending its bytes."""

Progress: TypeAlias = Callable[[int, "int | None"], object]
"""Called with (bytes handed to the network, total or None) after every chunk."""

Aside: TypeAlias = Callable[["Body", Iterator[Any]], AsyncGenerator[Any, None]]
"""Walks a blocking iterator of a body elsewhere than on the event loop."""


class Body(ABC):
    """A request body in chunks of at most 256 KiB; make one with :func:`open_body`.

    Attributes:
        length: Size in bytes, or None if only the end will tell (sent chunked then).
        rewindable: True if ``rewind`` can go back after chunks were taken.
        touched: True once a chunk was asked for since the last rewind.
        slow: True if reading it may block, as a file does.
    """

    length: int | None = None
    rewindable: bool = True
    touched: bool = False
    slow: bool = False

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
            for chunk in self._fitting(piece, sent):
                yield chunk
                sent = self._count(sent, chunk)
            if sent == self.length:
                break  # what lies beyond is not even asked for: a pipe might never give it
        self._check_complete(sent)

    async def async_chunks(self, aside: Aside | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the same chunks to an asynchronous sender.

        Args:
            aside: Where to read what may block; None reads it on the event loop.
        """
        self.touched = True
        sent = 0
        async with aclosing(self._async_pieces(aside)) as pieces:
            async for piece in pieces:
                for chunk in self._fitting(piece, sent):
                    yield chunk
                    sent = self._count(sent, chunk)
                if sent == self.length:
                    break
        self._check_complete(sent)

    @abstractmethod
    def _pieces(self) -> Iterator[Any]:
        """Yield the source's own pieces from the beginning, of any size and not yet checked."""

    def _async_pieces(self, aside: Aside | None) -> AsyncGenerator[Any, None]:
        if aside is not None and self.slow and self.length != 0:
            return aside(self, self._pieces())
        return _stepwise(self._pieces())

    def _fitting(self, piece: Any, sent: int) -> Iterator[bytes]:
        """Cut a piece into chunks; what exceeds the promised length is left out.

        A log file that grew meanwhile is such a source: the promised length is what fits.
        """
        for chunk in _cut(piece):
            fitting = chunk if self.length is None else chunk[: self.length - sent]
            if not fitting:
                return
            sent += len(fitting)
            yield fitting

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


async def _stepwise(pieces: Iterator[Any]) -> AsyncGenerator[Any, None]:
    for piece in pieces:
        yield piece


def _cut(piece: Any) -> Iterator[bytes]:
    if not isinstance(piece, (bytes, bytearray, memoryview)):
        raise MisuseError(f"a body must consist of bytes, not {type(piece).__name__}")
    if len(piece) <= CHUNK_BYTES and isinstance(piece, bytes):
        yield piece
        return
    # Copied chunk by chunk: a whole copy of a large buffer would double its memory.
    view = memoryview(piece)
    view = view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
    for start in range(0, len(view), CHUNK_BYTES):
        yield bytes(view[start : start + CHUNK_BYTES])


class _BytesBody(Body):
    def __init__(self, data: bytes | bytearray | memoryview, progress: Progress | None) -> None:
        super().__init__(progress)
        self._data = data
        self.length = data.nbytes if isinstance(data, memoryview) else len(data)

    def _pieces(self) -> Iterator[Any]:
        yield self._data


class _PathBody(Body):
    """Opens the file for each sending, so nothing is left open between attempts."""

    slow = True

    def __init__(self, path: Path, progress: Progress | None) -> None:
        super().__init__(progress)
        self._path = path
        found = path.stat()
        # A named pipe or a device has no size to go by, and cannot be begun again.
        if stat.S_ISREG(found.st_mode):
            self.length = found.st_size
        else:
            self.rewindable = False

    def _pieces(self) -> Iterator[Any]:
        with self._path.open("rb") as file:
            yield from _read_out(file, self.length)


class _FileBody(Body):
    """An open file, from where it stands; never closed here, for it was not opened here."""

    def __init__(self, file: Any, length: int | None, progress: Progress | None) -> None:
        super().__init__(progress)
        self._file = file
        self._start, size = _extent(file)
        self.rewindable = self._start is not None
        self.length = size if length is None else length
        self.slow = not isinstance(file, io.BytesIO)

    def _pieces(self) -> Iterator[Any]:
        if self._start is not None:
            self._file.seek(self._start)
        yield from _read_out(self._file, self.length)


def _read_out(file: Any, length: int | None) -> Iterator[Any]:
    """Yield a file to its end, or so many bytes: a pipe must not be waited on for more."""
    left = length
    while left is None or left > 0:
        piece = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
        if piece is None:
            raise MisuseError("the file is non-blocking and had no data; open it as blocking")
        if not piece:
            return
        yield piece
        if left is not None:
            left -= len(piece)


def _extent(file: Any) -> tuple[int | None, int | None]:
    """Return (offset to come back to, bytes from there to the end); None, None for a pipe."""
    try:
        start = file.tell()
        file.seek(0, os.SEEK_END)
        # Not what seek returns: a SpooledTemporaryFile before Python 3.11 returns None.
        end = file.tell()
        file.seek(start)
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return None, None
    return start, max(0, end - start)


async def _awaited_pieces(read: Callable[[int], Any]) -> AsyncGenerator[Any, None]:
    while piece := await read(CHUNK_BYTES):
        yield piece


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

    async def _async_pieces(self, aside: Aside | None) -> AsyncGenerator[Any, None]:
        async for piece in self._source:
            yield piece


def open_body(source: Any, *, length: int | None = None, progress: Progress | None = None) -> Body:
    """Return a body for whatever a caller wants to upload.

    Args:
        source: ``bytes``-like or ``str`` (UTF-8); a path; an open binary file, sent from its
            current offset and rewound to it; a pipe; a file whose ``read`` is awaited, which is
            not rewound; an iterable or an asynchronous iterable of bytes-like chunks; a ``Body``,
            returned as it is.
        length: Size in bytes where the source cannot tell (pipes, iterators); the source must
            then yield at least that much, and what lies beyond is not sent.
        progress: Called after every chunk; starts again at 0 when the body is rewound.

    Raises:
        MisuseError: Not a source of bytes, or a file that is closed, opened in text mode or only
            for writing.
        OSError: The path does not exist or cannot be read.
    """
    if isinstance(source, Body):
        return source
    if isinstance(source, str):
        return _BytesBody(source.encode(), progress)
    if isinstance(source, (bytes, bytearray, memoryview)):
        # A bytearray is copied, since its owner may change it between two attempts; a view is
        # the way to say that it will not be.
        return _BytesBody(bytes(source) if isinstance(source, bytearray) else source, progress)
    if isinstance(source, os.PathLike):
        return _PathBody(Path(source), progress)
    if callable(getattr(source, "read", None)):
        _check_file(source)
        if inspect.iscoroutinefunction(source.read):
            return _AsyncIteratorBody(_awaited_pieces(source.read), length, progress)
        return _FileBody(source, length, progress)
    if isinstance(source, AsyncIterable):
        return _AsyncIteratorBody(source, length, progress)
    if isinstance(source, Iterable) and not isinstance(source, Mapping):
        return _IteratorBody(source, length, progress)
    raise MisuseError(f"{type(source).__name__} is no source of bytes to upload")


def _check_file(file: Any) -> None:
    if hasattr(file, "encoding"):
        raise MisuseError('open the file in binary mode, such as open(path, "rb")')
    if getattr(file, "closed", False) is True:
        raise MisuseError("the file is closed")
    # A file that seems empty is not read at all, so nothing else would tell.
    if isinstance(file, (io.FileIO, io.BufferedWriter)) and not file.readable():
        raise MisuseError("the file is open for writing only")
