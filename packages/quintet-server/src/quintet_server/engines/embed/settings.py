"""Every choice and number of embeddings, each an environment variable `QUINTET_EMBED_...`."""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["EmbedSettings"]


class EmbedSettings(BaseSettings):
    """Settings of the group `embed`."""

    model_config = SettingsConfigDict(
        env_prefix="QUINTET_EMBED_", extra="ignore", frozen=True, populate_by_name=True
    )

    model: str = Field(
        default="wordllama",
        min_length=1,
        max_length=200,
        description="Model of what names none itself: wordllama runs inside the server, any other "
        "name is asked for at the base URL.",
    )
    base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("QUINTET_EMBED_BASE_URL", "AI_BASE_URL"),
        description="An OpenAI-compatible API, up to and with its /v1. AI_BASE_URL is read too.",
    )
    api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("QUINTET_EMBED_API_KEY", "AI_API_KEY"),
        description="Key for that API, sent as a bearer token. AI_API_KEY is read too.",
    )
    dims_count: int | None = Field(
        default=None,
        ge=1,
        le=16_000,
        description="Numbers per vector to ask that API for; unset: what its model makes.",
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, description="Longest wait for one answer of that API."
    )
    batch_max_count: int = Field(
        default=64, ge=1, description="Most texts in one request to that API."
    )
    response_max_bytes: int = Field(
        default=32 * 1024 * 1024, ge=1024, description="Largest answer accepted from that API."
    )
    text_max_chars: int = Field(
        default=32_000, ge=100, description="What is beyond this in a text does not count."
    )
