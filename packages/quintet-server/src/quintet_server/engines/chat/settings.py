"""Every number and switch of chat; ``AI_BASE_URL``, ``AI_API_KEY``, ``AI_MODEL`` are short names.

With ``AI_BASE_URL`` answers come from there; without it from a GGUF file on this machine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["AiSettings", "spare_cores"]


def spare_cores() -> int:
    """How many cores a model may take without starving the server and its database."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(8, cores - 1))


class AiSettings(BaseSettings):
    """The language model: an OpenAI-compatible URL, or a GGUF file on this machine."""

    model_config = SettingsConfigDict(
        env_prefix="QUINTET_AI_",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        protected_namespaces=(),
    )

    # Which model.
    base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("QUINTET_AI_BASE_URL", "AI_BASE_URL"),
        description="OpenAI-compatible URL up to and without `/chat/completions`, mostly ending in "
        "`/v1`. AI_BASE_URL is read too.",
    )
    api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("QUINTET_AI_API_KEY", "AI_API_KEY"),
        description="Bearer key for that URL. AI_API_KEY is read too.",
    )
    model: str | None = Field(
        default=None,
        validation_alias=AliasChoices("QUINTET_AI_MODEL", "AI_MODEL"),
        description="The model that answers when none is named, or one that is not known here; "
        "unset: the first there is. AI_MODEL is read too.",
    )
    model_path: Path | None = Field(
        default=None,
        description="A GGUF file to use, wherever it lies; those in `<data-dir>/models` are found.",
    )

    # Any model.
    waiting_count: int = Field(
        default=100, ge=0, description="Requests that wait for a model; more are turned away."
    )
    idle_seconds: float = Field(
        default=120.0,
        gt=0,
        description="A model silent for longer, while it reads the prompt too, is given up.",
    )
    answer_max_chars: int = Field(
        default=1_000_000, ge=1, description="An answer longer than this is given up."
    )

    # The model on this machine.
    threads_count: int | None = Field(
        default=None,
        ge=1,
        description="Threads that generate; unset: one less than there are cores, at most 8. They "
        "wait for each other many times per token, so on busy cores more of them are slower.",
    )
    parallel_count: int = Field(
        default=2,
        ge=1,
        description="Answers that one local model generates at once; each costs the memory of a "
        "whole context.",
    )
    context_tokens: int = Field(
        default=4096, ge=256, description="Longest conversation with its answer, local models."
    )
    answer_max_tokens: int = Field(
        default=1024, ge=1, description="End of a local answer that names no limit of its own."
    )
    repeat_penalty: float = Field(
        default=1.1,
        gt=0,
        description="Above 1, a local model repeats itself less; small ones need it.",
    )
    temperature: float = Field(
        default=0.2,
        ge=0,
        le=2,
        description="Of local answers that name none: low, because small models ramble.",
    )
    system_prompt: str = Field(
        default="You are a helpful assistant.",
        description="Put before a conversation without a system message, local models only: "
        "small ones drift without. Empty: nothing.",
    )
    loaded_max_count: int = Field(
        default=1, ge=1, description="Local models held in memory at once."
    )
    load_at_start: bool = Field(
        default=False, description="Load the local model when the server starts, not at first use."
    )
    load_seconds: float = Field(
        default=120.0, gt=0, description="A local model that takes longer to load is given up."
    )

    # The model behind AI_BASE_URL.
    upstream_parallel_count: int = Field(
        default=32, ge=1, description="Requests under way at once to AI_BASE_URL."
    )
    connect_seconds: float = Field(default=10.0, gt=0, description="To connect to AI_BASE_URL.")
    retries_count: int = Field(
        default=2,
        ge=0,
        description="More attempts after a failure, only while no token has come.",
    )
    retry_max_seconds: float = Field(
        default=20.0,
        ge=0,
        description="Longest wait before another attempt; asked to wait longer, it fails at once.",
    )
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="How the upstream calls the limit of an answer."
    )
    upstream_tools: bool = Field(
        default=True, description="The upstream knows tool calls; false: they are emulated."
    )
    upstream_continues: bool = Field(
        default=False,
        description="The upstream goes on with an assistant message that comes last.",
    )

    @field_validator("base_url", "api_key", "model", "model_path", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("an http:// or https:// URL is needed")
        return value.strip().rstrip("/")
