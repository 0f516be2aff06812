"""Content types of objects: which are taken, which one counts, and which are safe to show."""

from __future__ import annotations

import re

from quintet_server.services.aerostack.errors import invalid_field

__all__ = ["checked_content_type", "chosen_content_type", "is_inert"]

_OCTETS = "application/octet-stream"
_MAX_CHARS = 255
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rf'(?:{_TOKEN}|"(?:[\t !#-\[\]-~]|\\[\t -~])*")'
# RFC 9110 §8.3.1.
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*(?:{_TOKEN}={_VALUE})?)*")

# What a browser shows without running anything in it that could act in the name of its origin.
_INERT = re.compile(
    r"(?:audio|video|font)/.+|image/(?!svg).+|text/(?:plain|csv|markdown)"
    r"|application/(?:octet-stream|json|pdf|zip|gzip|x-tar)"
)


def checked_content_type(given: str) -> str | None:
    """The content type of a request's field; None when it is empty. Raises 400."""
    kept = given.strip(" \t")
    if kept and not _is_content_type(kept):
        message = "must be a media type such as image/png"
        raise invalid_field("contentType", message, "INVALID_CONTENT_TYPE")
    return kept or None


def chosen_content_type(field: str | None, header: str | None) -> str:
    """What an object is stored as: the field, else the file's own header, else unknown bytes.

    A header that is no media type is passed over: it was guessed by some program, nobody chose it.
    """
    if field is not None:
        return field
    kept = (header or "").strip(" \t")
    return kept if _is_content_type(kept) else _OCTETS


def is_inert(content_type: str) -> bool:
    """Tell whether a browser may show it in place."""
    kind = content_type.partition(";")[0].strip().lower()
    return _INERT.fullmatch(kind) is not None


def _is_content_type(text: str) -> bool:
    return len(text) <= _MAX_CHARS and _CONTENT_TYPE.fullmatch(text) is not None
