"""Forms of parts (RFC 7578), as they arrive: bytes in, parts and their pieces out.

The framing is python-multipart's push parser; what a part may look like here is decided on top of
it. Nothing is kept but the headers of the part at hand, so a form can be of any size.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

__all__ = ["FormError", "FormParser", "PartBegin", "PartData", "PartEnd", "boundary_of"]

_PARTS_MAX_COUNT = 100
# More is no boundary of RFC 2046, but some clients are generous.
_BOUNDARY_MAX_BYTES = 200
# The parser warns of every form it refuses, in lines of its own form; the client is told instead.
_UNHEARD = logging.getLogger(f"{__name__}.parser")
# A level, for whoever configures logging anew enables what was disabled.
_UNHEARD.setLevel(logging.CRITICAL + 1)


class FormError(Exception):
    """The bytes are no form; the text says where they stopped being one."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part begins."""

    name: str
    content_type: str | None
    """As its header says it."""


@dataclass(frozen=True, slots=True)
class PartData:
    """The next bytes of the part."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is complete."""


FormEvent = PartBegin | PartData | PartEnd


def boundary_of(content_type: str | None) -> bytes | None:
    """The boundary in the header of a form; None: it is the header of something else.

    Raises:
        FormError: it is one, but names no boundary that can be used.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return None
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise FormError("the Content-Type of the request names no boundary")
    if len(boundary) > _BOUNDARY_MAX_BYTES:
        raise FormError(f"the boundary is longer than {_BOUNDARY_MAX_BYTES} bytes")
    return boundary


class FormParser:
    """Takes a body in pieces of any size; the events do not depend on where it was cut."""

    def __init__(self, boundary: bytes) -> None:
        self._events: list[FormEvent] = []
        self._headers: dict[bytes, bytes] = {}
        self._name = b""
        self._value = b""
        self._parts_count = 0
        self._is_complete = False
        callbacks: Any = {
            "on_part_begin": self._headers.clear,
            "on_header_field": self._on_name,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header,
            "on_headers_finished": self._on_part,
            "on_part_data": self._on_data,
            "on_part_end": lambda: self._events.append(PartEnd()),
            "on_end": self._on_end,
        }
        self._parser = MultipartParser(boundary, callbacks)
        self._parser.logger = _UNHEARD

    def feed(self, data: bytes) -> list[FormEvent]:
        """Return what is known after these bytes. Raises FormError."""
        # What follows the last boundary means nothing (RFC 2046 §5.1.1).
        if data and not self._is_complete:
            try:
                self._parser.write(data)
            except FormParserError as error:
                raise FormError(
                    f"its parts are not separated as they should be ({error})"
                ) from None
        events = self._events.copy()
        self._events.clear()
        return events

    def finish(self) -> None:
        """Say that the body is over. Raises FormError when the form is not."""
        if not self._is_complete:
            raise FormError("it ends before its last boundary")

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _on_part(self) -> None:
        self._parts_count += 1
        if self._parts_count > _PARTS_MAX_COUNT:
            raise FormError(f"it has more than {_PARTS_MAX_COUNT} parts")
        disposition = self._headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition.decode("latin-1"))
        name = options.get(b"name")
        if kind != b"form-data" or name is None:
            raise FormError("a part has no Content-Disposition: form-data with a name")
        try:
            text = name.decode()
        except UnicodeDecodeError:
            raise FormError("the name of a part is not UTF-8") from None
        kind_of_data = self._headers.get(b"content-type")
        self._events.append(
            PartBegin(text, None if kind_of_data is None else kind_of_data.decode("latin-1"))
        )

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))

    def _on_end(self) -> None:
        self._is_complete = True
