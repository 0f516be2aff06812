"""Every number and switch of the Amdahl service, each a variable `QUINTET_AMDAHL_...`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AmdahlSettings(BaseSettings):
    """Settings of the group `amdahl`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_AMDAHL_", extra="ignore", frozen=True)

    # Requests.
    requests_per_minute: int = Field(
        default=500,
        ge=1,
        description="Requests a business may send in any minute. The vendor allows 100 in "
        "production and 500 in development.",
    )
    body_max_bytes: int = Field(default=1024 * 1024, ge=1024, description="Largest JSON body.")
    public_url: str | None = Field(
        default=None,
        description="Address under which browsers reach this server, for the URLs of embedded "
        "pages; unset: the one the request used.",
    )

    audit_kept_days: int = Field(
        default=90, ge=1, description="How long a row of the audit log is kept."
    )

    # Webhooks.
    allow_insecure_webhooks: bool | None = Field(
        default=None,
        description="Take webhooks whose URL begins with http. Unset: only if the server lets "
        "calls reach private addresses, as on a laptop, where receivers have no certificate.",
    )
    webhooks_max_count: int = Field(
        default=100, ge=1, description="Most webhooks a business may have."
    )
    webhook_retry_delays_seconds: tuple[float, ...] = Field(
        default=(1.0, 5.0, 25.0),
        description="Waits before the second and each further attempt, each up to a fifth longer "
        "or shorter; their number bounds them.",
    )
    webhook_disable_after_count: int = Field(
        default=20,
        ge=1,
        description="A webhook is switched off after so many deliveries in a row were given up.",
    )
    webhook_rotation_hours: float = Field(
        default=24.0, ge=0, description="How long an old secret signs beside a new one."
    )

    # Agents.
    agent_runs_max_count: int = Field(
        default=20, ge=1, description="Agent runs of one business that may be under way at once."
    )
    agent_concurrency_count: int = Field(
        default=8, ge=1, description="Agent runs one process works on at the same time."
    )
    agent_wait_seconds: float = Field(
        default=60.0,
        gt=0,
        description="How long the start of an agent waits for its end, unless asked not to.",
    )

    # Data.
    ingest_rows_max_count: int = Field(
        default=5_000, ge=1, description="Most rows of one call of /data/ingest."
    )
    embedded_max_count: int = Field(
        default=500_000,
        ge=0,
        description="Most interactions of a business that get a vector, and most pieces of "
        "documents; what comes after them is found by its words alone. Each takes a kilobyte, "
        "and a search by meaning reads them all.",
    )
    embedding_wait_seconds: float = Field(
        default=60.0,
        ge=0,
        description="Without pgvector or embeddings, the background waits and looks again after "
        "this.",
    )

    # Pages.
    embeds_per_minute: int = Field(
        default=600,
        ge=1,
        description="How often the embedded pages of a business may be loaded in any minute; each "
        "load runs the queries of its page.",
    )

    # Agents' work.
    planner: Literal["auto", "model", "deterministic"] = Field(
        default="auto",
        description="Who plans research. auto and model: the configured language model, if it has "
        "tool calls (an upstream one); deterministic, and any other model: rules over the task and "
        "the data.",
    )
    prose_by_model: bool = Field(
        default=True,
        description="Let a language model, if there is one, put computed findings into words. Its "
        "sentences pass only with the figures that were computed.",
    )
    prose_max_tokens: int = Field(
        default=160, ge=16, le=4096, description="Most tokens a model writes for one paragraph."
    )
