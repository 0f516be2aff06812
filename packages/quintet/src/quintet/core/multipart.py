"""``multipart/form-data`` bodies (RFC 7578), streamed: nothing of a file is held in memory.

A body of this kind is the bodies of its parts with framing between them, sent one after another.
So it is as long as they are together if they all know their length, can be sent again if they all
can, and the progress of a file is reported by the file's own body, in bytes of the file.

Names are written as browsers do (WHATWG HTML, "multipart form data"): raw UTF-8, with ``"``, CR
and LF escaped as ``%22``, ``%0D`` and ``%0A``, so that no name can end its header.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from quintet.core.body import Aside, Body, open_body
from quintet.errors import MisuseError

__all__ = ["FilePart", "MultipartBody", "TextPart", "multipart"]

OCTET_STREAM = "application/octet-stream"
MAX_BOUNDARY_LENGTH = 70

# RFC 2046 §5.1.1 without the characters that would need quotes in the Content-Type header.
_BOUNDARY = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'+_-.")
_ESCAPES = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}


@dataclass(frozen=True, slots=True)
class TextPart:
    """A field of text.

    Attributes:
        name: Of the field.
        value: Sent as UTF-8.
    """

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file.

    Attributes:
        name: Of the field.
        file_name: What the receiver is told the file is called.
        body: Its contents; see :func:`~quintet.core.body.open_body`.
        content_type: Its media type; None means ``application/octet-stream``.
    """

    name: str
    file_name: str
    body: Body
    content_type: str | None = None


class MultipartBody(Body):
    """Parts with framing between them; made by :func:`multipart`.

    Attributes:
        content_type: The value of the request's ``Content-Type``, with the boundary.
    """

    def __init__(self, sections: Sequence[Body], boundary: str) -> None:
        super().__init__()
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.rewindable = all(section.rewindable for section in sections)
        lengths = [section.length for section in sections]
        known = [length for length in lengths if length is not None]
        self.length = sum(known) if len(known) == len(lengths) else None
        self._sections = sections

    @property
    def replayable(self) -> bool:
        """True if every part can still be sent whole."""
        return all(section.replayable for section in self._sections)

    def rewind(self) -> None:
        """Go back to the beginning of every part.

        Raises:
            MisuseError: One of them was begun and cannot go back.
        """
        for section in self._sections:
            section.rewind()
        self.touched = False

    def _pieces(self) -> Iterator[Any]:
        for section in self._sections:
            yield from section.chunks()

    async def _async_pieces(self, aside: Aside | None) -> AsyncGenerator[Any, None]:
        for section in self._sections:
            async with aclosing(section.async_chunks(aside)) as chunks:
                async for chunk in chunks:
                    yield chunk


def multipart(parts: Sequence[TextPart | FilePart], *, boundary: str) -> MultipartBody:
    """Return the body of a form.

    Args:
        parts: In the order of sending.
        boundary: What separates them; must be unguessable to whoever wrote the files, who could
            otherwise smuggle in parts of their own.

    Raises:
        MisuseError: The boundary or a media type cannot stand in a header.
    """
    if not 1 <= len(boundary) <= MAX_BOUNDARY_LENGTH or not _BOUNDARY.issuperset(boundary):
        raise MisuseError("a boundary has 1 to 70 letters, digits and characters of '+_-.")
    sections: list[Body] = []
    framing = ""
    for part in parts:
        framing += f"--{boundary}\r\n{_head(part)}\r\n"
        if isinstance(part, TextPart):
            framing += f"{part.value}\r\n"
        else:
            sections += [_framing(framing), part.body]
            framing = "\r\n"
    return MultipartBody([*sections, _framing(f"{framing}--{boundary}--\r\n")], boundary)


def _framing(text: str) -> Body:
    try:
        return open_body(text.encode())
    except UnicodeEncodeError as error:
        raise MisuseError("a field of a form holds text that is not valid Unicode") from error


def _head(part: TextPart | FilePart) -> str:
    name = part.name.translate(_ESCAPES)
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if isinstance(part, TextPart):
        return f"{disposition}\r\n"
    media_type = OCTET_STREAM if part.content_type is None else part.content_type
    if not (media_type.isascii() and media_type.isprintable() and media_type):
        raise MisuseError("the content type of a file must be printable ASCII")
    file_name = part.file_name.translate(_ESCAPES)
    return f'{disposition}; filename="{file_name}"\r\nContent-Type: {media_type}\r\n'
