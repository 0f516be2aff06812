# Generated from aerostack/_async/downloads.py by tools/async_to_sync; edit the source and run scripts/fix.
"""A stored file on its way here."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from aerostack._acompat import at_once
from aerostack._byte_range import Cut
from aerostack._saving import PartialFile
from aerostack.errors import ClientClosedError

if TYPE_CHECKING:
    from os import PathLike

    import httpx
    from typing_extensions import Self

    from quintet._sync.streams import ByteStream

__all__ = ["Download"]


class Download:
    """A file, in pieces as they come, in constant memory.

    Read it to the end, or leave it by ``with`` or :meth:`close`, which closes the
    connection::

        with sdk.storage.storage_get({"key": "report.pdf"}) as file:
            file.save("report.pdf")
    """

    def __init__(
        self, source: ByteStream, byte_range: tuple[int, int | None] | None = None
    ) -> None:
        self._source = source
        # A service that knows nothing of ranges sends all: then the part is cut out here.
        ignored = byte_range is not None and source.status != 206
        self._cut = Cut(byte_range) if byte_range is not None and ignored else None
        self._ended = False
        self._left = False

    @property
    def status_code(self) -> int:
        """HTTP status: 200, or 206 for a part."""
        return self._source.status

    @property
    def headers(self) -> httpx.Headers:
        """The headers of the answer."""
        from quintet.transport.httpx_objects import to_httpx_headers

        return to_httpx_headers(self._source.headers)

    @property
    def content_type(self) -> str:
        """The type that the file was stored with; ``""`` if the service does not say."""
        return self._source.headers.get("content-type", "")

    @property
    def content_length(self) -> int | None:
        """Bytes on the way, ``None`` if the service does not say."""
        text = self._source.headers.get("content-length", "")
        known = text.isascii() and text.isdigit() and len(text) < 20 and self._cut is None
        return int(text) if known else None

    @property
    def etag(self) -> str | None:
        """The version of the file, ``None`` if the service does not say."""
        return self._source.headers.get("etag")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._left:
            # As if it ended here, a part would pass for the file.
            raise ClientClosedError("the download was closed before its end; ask for it again")
        while True:
            if self._cut is not None and self._cut.ended:
                self._ended = True
                self.close()
                raise StopIteration
            try:
                piece = self._source.__next__()
            except StopIteration:
                self._ended = True
                raise
            if self._cut is not None:
                piece = self._cut.feed(piece)
            if piece:
                return piece

    def read(self) -> bytes:
        """Return all that has not been read yet. It is held in memory: large files are saved.

        Raises:
            ClientClosedError: It was closed before its end.
        """
        with self:
            return b"".join([piece for piece in self])

    def save(self, path: str | PathLike[str]) -> Path:
        """Write what has not been read yet to a file; return its path.

        The file appears when it is complete, in place of one that was there; a download that breaks
        off leaves nothing behind.

        Raises:
            OSError: It cannot be written.
            ClientClosedError: It was closed before its end, or nothing is left of it: an empty file
                would take the place of what is there.
        """
        if self._ended or self._left:
            raise ClientClosedError("the download was read or closed already; ask for it again")
        file = at_once(PartialFile, path)
        try:
            with self:
                for piece in self:
                    at_once(file.write, piece)
            return at_once(file.complete)
        finally:
            at_once(file.discard)

    def close(self) -> None:
        """Stop reading and close the connection. Closing twice is fine."""
        self._left = not self._ended
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
