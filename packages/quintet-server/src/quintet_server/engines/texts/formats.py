"""Which formats of documents can be read, and how one is told from its name or content type."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath

__all__ = [
    "DocumentTooLarge",
    "DocumentUnreadable",
    "ExtractionError",
    "Format",
    "UnsupportedFormat",
    "format_of",
    "is_readable",
]


class ExtractionError(Exception):
    """No text can be taken from this document, now or later; the message says why."""


class UnsupportedFormat(ExtractionError):
    """It is of a format that is not read here."""


class DocumentTooLarge(ExtractionError):
    """It exceeds a bound; the message names the setting that moves it."""


class DocumentUnreadable(ExtractionError):
    """It is damaged, encrypted, or not what its name says."""


class Format(StrEnum):
    """A format that can be read; `value` is its content type."""

    MARKDOWN = "text/markdown"
    TEXT = "text/plain"
    HTML = "text/html"
    PDF = "application/pdf"


_BY_SUFFIX = {
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".mdx": Format.MARKDOWN,
    ".txt": Format.TEXT,
    ".text": Format.TEXT,
    ".rst": Format.TEXT,
    ".adoc": Format.TEXT,
    ".csv": Format.TEXT,
    ".tsv": Format.TEXT,
    ".log": Format.TEXT,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".pdf": Format.PDF,
}
_BY_TYPE = {
    **{format.value: format for format in Format},
    "text/x-markdown": Format.MARKDOWN,
    "text/csv": Format.TEXT,
    "application/xhtml+xml": Format.HTML,
}


def is_readable(name: str) -> bool:
    """Tell whether a file of this name is of a known format."""
    return PurePosixPath(name).suffix.lower() in _BY_SUFFIX


def format_of(name: str, content_type: str | None = None) -> Format:
    """Return the format: by content type if one is given, else by the name's suffix.

    Raises:
        UnsupportedFormat.
    """
    if content_type is not None:
        known = _BY_TYPE.get(content_type.partition(";")[0].strip().lower())
        if known is not None:
            return known
        raise UnsupportedFormat(f"content type {content_type!r} is not read ({_known_types()})")
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    what = f"files ending in {suffix}" if suffix else "files without a suffix"
    raise UnsupportedFormat(f"{what} are not read (known: {', '.join(_BY_SUFFIX)})")


def _known_types() -> str:
    return f"known: {', '.join(_BY_TYPE)}"
