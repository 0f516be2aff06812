"""The server's own settings, each an environment variable ``QUINTET_…``.

Names end in their unit. A command-line option wins over the environment, the environment over the
default. Engines and services declare their settings beside their code, in classes of the same kind;
:mod:`quintet_server.cli.settings` shows them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["HttpSettings", "LogSettings", "ServerSettings", "Settings", "StoreSettings"]


class ServerSettings(BaseSettings):
    """Where the server listens and where it keeps its data."""

    model_config = SettingsConfigDict(
        env_prefix="QUINTET_", extra="ignore", frozen=True, populate_by_name=True
    )

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=8787, ge=0, le=65535, description="Port to listen on; 0 takes any free one."
    )
    data_dir: Path = Field(
        default=Path(".quintet"),
        description="Folder of the embedded database, the development keys and other files.",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("QUINTET_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL 15 or newer to use; unset: an embedded one in the data folder. "
        "DATABASE_URL is read too.",
    )
    allow_private_targets: bool = Field(
        default=False,
        description="Let outgoing calls (webhooks and the like) reach loopback and private "
        "addresses.",
    )
    dev_keys: bool = Field(
        default=True,
        description="Mint one development key per service, kept in <data-dir>/dev-keys.json.",
    )
    drain_seconds: float = Field(
        default=20.0, ge=0, description="How long a stopping server lets running requests finish."
    )

    @field_validator("data_dir", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            # It would be read as the current folder, and fill that with a database.
            raise ValueError("a folder is needed, or leave the variable unset")
        return value


class StoreSettings(BaseSettings):
    """Connections and how long things are kept."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_STORE_", extra="ignore", frozen=True)

    pool_min_count: int = Field(default=1, ge=0, description="Connections kept open.")
    pool_max_count: int = Field(
        default=10,
        ge=2,
        description="Most connections of one process; listeners and GhostFlow's links add a few.",
    )
    connect_wait_seconds: float = Field(
        default=30.0, ge=0, description="How long a start waits for the database."
    )
    idempotency_ttl_seconds: float = Field(
        default=86_400.0, gt=0, description="How long a reply is kept for its idempotency key."
    )
    events_retention_seconds: float = Field(
        default=30 * 86_400.0, gt=0, description="How long events can be read back."
    )
    retention_period_seconds: float = Field(
        default=600.0, gt=0, description="How often what is past its time is deleted."
    )


class HttpSettings(BaseSettings):
    """What all services share on the wire."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_HTTP_", extra="ignore", frozen=True)

    log_requests: Literal["all", "errors", "none"] = Field(
        default="errors",
        description="Which requests get a log line: all, those answered with 400 and up, or none.",
    )
    sse_heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="Silence after which an event stream sends a comment."
    )
    sse_write_seconds: float = Field(
        default=30.0, gt=0, description="A stream reader slower than this is cut off."
    )


class LogSettings(BaseSettings):
    """Logs, written to standard error."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_LOG_", extra="ignore", frozen=True)

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least serious level that is written."
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description="JSON lines, or coloured text; auto: text on a terminal."
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The server's groups of settings."""

    server: ServerSettings = field(default_factory=ServerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    log: LogSettings = field(default_factory=LogSettings)

    @classmethod
    def load(cls, **options: Any) -> Settings:
        """Return settings from environment and defaults; options that are not None win."""
        given = {name: value for name, value in options.items() if value is not None}
        return cls(server=ServerSettings(**given))
