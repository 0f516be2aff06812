"""Forms with files, as an SDK makes them: boundary and media types found for it.

The body itself, and what it promises, is in :mod:`quintet.core.multipart`; here is what it may not
do: toss a coin and look into the system's table of media types.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from quintet.core.multipart import (
    OCTET_STREAM,
    FilePart,
    MultipartBody,
    TextPart,
    multipart as frame,
)

__all__ = ["FilePart", "MultipartBody", "TextPart", "guess_content_type", "multipart"]


def multipart(
    parts: Sequence[TextPart | FilePart], *, boundary: str | None = None
) -> MultipartBody:
    """Return a form as a request body; send it with its ``content_type``.

    A file without a media type gets the one its name suggests, else
    ``application/octet-stream``.

    Args:
        parts: In the order of sending.
        boundary: Only for tests that compare bytes; by default 128 random bits.

    Raises:
        MisuseError: A media type or the boundary cannot stand in a header.
    """
    return frame(
        [_typed(part) for part in parts],
        boundary=secrets.token_hex(16) if boundary is None else boundary,
    )


def guess_content_type(file_name: str) -> str:
    """Return the media type that the end of a file name suggests."""
    # Imported here: few programs upload, and it reads the system's table of media types.
    import mimetypes

    kind, encoding = mimetypes.guess_type(file_name)
    if encoding is not None:  # the name of what is inside; the bytes are those of the archive
        return "application/gzip" if encoding == "gzip" else OCTET_STREAM
    return kind or OCTET_STREAM


def _typed(part: TextPart | FilePart) -> TextPart | FilePart:
    if isinstance(part, FilePart) and part.content_type is None:
        return replace(part, content_type=guess_content_type(part.file_name))
    return part
