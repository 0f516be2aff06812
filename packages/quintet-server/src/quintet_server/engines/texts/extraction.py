"""From the bytes of a document to its text. Blocking: call it in a thread."""

from __future__ import annotations

import codecs
import re

from quintet_server.engines.texts.formats import (
    DocumentTooLarge,
    DocumentUnreadable,
    ExtractionError,
    Format,
    UnsupportedFormat,
    format_of,
)
from quintet_server.engines.texts.settings import TextSettings

__all__ = [
    "PAGE_BREAK",
    "DocumentTooLarge",
    "DocumentUnreadable",
    "ExtractionError",
    "Format",
    "UnsupportedFormat",
    "extract",
]

PAGE_BREAK = "\f"
"""Stands between the pages of a PDF's text, and nowhere else in a text."""

# Control characters are no text, NUL cannot be stored, and half a surrogate pair is no character.
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def extract(
    name: str,
    content_type: str | None,
    data: bytes,
    settings: TextSettings | None = None,
) -> str:
    """Return the text of a document; HTML becomes Markdown, pages are cut by :data:`PAGE_BREAK`.

    Lines end in a line feed, and control characters are taken out. An empty document is an empty
    text, a PDF without any text (scanned pages) an error.

    Raises:
        ExtractionError: one of its kinds; none is worth another try.
    """
    settings = settings or TextSettings()
    if len(data) > settings.document_max_bytes:
        raise DocumentTooLarge(
            f"it has {len(data)} bytes, more than {settings.document_max_bytes} "
            "(QUINTET_TEXTS_DOCUMENT_MAX_BYTES)"
        )
    format = format_of(name, content_type)
    if format is Format.PDF:
        from quintet_server.engines.texts.pdf import pdf_pages

        text = PAGE_BREAK.join(_clean(page) for page in pdf_pages(data, settings))
    elif format is Format.HTML:
        from quintet_server.engines.texts.html import html_to_markdown

        text = html_to_markdown(_clean(_decoded(data, html=True)))
    else:
        text = _clean(_decoded(data))
    if len(text) > settings.text_max_chars:
        raise DocumentTooLarge(
            f"its text has {len(text)} characters, more than {settings.text_max_chars} "
            "(QUINTET_TEXTS_TEXT_MAX_CHARS)"
        )
    return text


def _decoded(data: bytes, *, html: bool = False) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if html:
            from quintet_server.engines.texts.html import decoded_by_its_own_words

            return decoded_by_its_own_words(data)
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentUnreadable(f"it is not UTF-8 text (line {line})") from None


def _clean(text: str) -> str:
    return _NO_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
