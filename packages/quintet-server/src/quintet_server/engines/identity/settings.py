"""Every number of passwords and tokens, each an environment variable."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["PasswordSettings", "TokenSettings"]


class PasswordSettings(BaseSettings):
    """How passwords are hashed: argon2id, by default at RFC 9106's costs for 64 MiB."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_PASSWORD_", extra="ignore", frozen=True)

    memory_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=8 * 1024,
        description="Memory that one hash takes. More costs an attacker more.",
    )
    passes_count: int = Field(default=3, ge=1, description="How often it goes over that memory.")
    threads_count: int = Field(
        default=2,
        ge=1,
        description="Hashes made at a time by one process, each on a core and in memory of its "
        "own.",
    )
    waiting_max_count: int = Field(
        default=32,
        ge=0,
        description="Hashes that wait for their turn; what comes beyond is refused for now.",
    )


class TokenSettings(BaseSettings):
    """How long tokens of users hold."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_TOKEN_", extra="ignore", frozen=True)

    lifetime_seconds: int = Field(
        default=86_400, ge=1, description="How long a token holds, from when it was made."
    )
