"""The text of PDF files, page by page, by pypdf."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from quintet_server.engines.texts.formats import (
    DocumentTooLarge,
    DocumentUnreadable,
    UnsupportedFormat,
)
from quintet_server.engines.texts.settings import TextSettings

if TYPE_CHECKING:
    from pypdf import PdfReader

__all__ = ["pdf_pages"]


def pdf_pages(
    data: bytes, settings: TextSettings, *, now: Callable[[], float] = time.monotonic
) -> list[str]:
    """Return the text of every page.

    Raises:
        DocumentTooLarge: too many pages, too much text, or too slow to read.
        DocumentUnreadable: damaged, encrypted, or nothing but pictures.
        UnsupportedFormat: pypdf is not installed.
    """
    try:
        import pypdf
    except ModuleNotFoundError as error:
        raise UnsupportedFormat(
            "PDF files are read only with pip install 'quintet-server[ai]'"
        ) from error
    # It tells every oddity of a file, of which there are many; what matters is raised.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentUnreadable("it is encrypted with a password")
        pages = list(_pages(reader, settings, now))
    except (DocumentTooLarge, DocumentUnreadable):
        raise
    except RecursionError as error:
        raise DocumentUnreadable("it is nested too deeply") from error
    except Exception as error:  # a damaged file can trip the parser in any way
        reason = f"{type(error).__name__}: {error}".strip(": ")
        raise DocumentUnreadable(f"it is not a PDF that can be read ({reason[:200]})") from error
    if not any(page.strip() for page in pages):
        raise DocumentUnreadable(
            "it holds no text; scanned pages would have to be recognised first"
        )
    return pages


def _pages(reader: PdfReader, settings: TextSettings, now: Callable[[], float]) -> Iterator[str]:
    count = len(reader.pages)
    if count > settings.pdf_pages_max_count:
        raise DocumentTooLarge(
            f"it has {count} pages, more than {settings.pdf_pages_max_count} "
            "(QUINTET_TEXTS_PDF_PAGES_MAX_COUNT)"
        )
    deadline, chars = now() + settings.pdf_max_seconds, 0
    for page in reader.pages:
        text = page.extract_text()
        chars += len(text)
        if chars > settings.text_max_chars:
            raise DocumentTooLarge(
                f"its text has more than {settings.text_max_chars} characters "
                "(QUINTET_TEXTS_TEXT_MAX_CHARS)"
            )
        if now() > deadline:
            raise DocumentTooLarge(
                f"reading it takes longer than {settings.pdf_max_seconds:g} s "
                "(QUINTET_TEXTS_PDF_MAX_SECONDS)"
            )
        yield text
