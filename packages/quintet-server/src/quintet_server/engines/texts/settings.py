"""Bounds of reading documents, each an environment variable `QUINTET_TEXTS_...`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["TextSettings"]


class TextSettings(BaseSettings):
    """Settings of the group `texts`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_TEXTS_", extra="ignore", frozen=True)

    document_max_bytes: int = Field(
        default=20 * 1024 * 1024, ge=1, description="Largest document, as a file."
    )
    text_max_chars: int = Field(
        default=5_000_000, ge=1, description="Longest text in a document, without its markup."
    )
    pdf_pages_max_count: int = Field(default=2_000, ge=1, description="Most pages of a PDF.")
    pdf_max_seconds: float = Field(
        default=120.0, gt=0, description="Longest time to read a PDF; looked at after each page."
    )
