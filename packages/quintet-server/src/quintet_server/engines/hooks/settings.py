"""Every number of outgoing webhooks, each an environment variable `QUINTET_HOOKS_...`.

How often a delivery is tried, and after which delays, is the service's: see
:class:`~.formats.DeliveryPolicy`.
"""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HookSettings(BaseSettings):
    """Settings of the group `hooks`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_HOOKS_", extra="ignore", frozen=True)

    concurrency_count: int = Field(
        default=20, ge=1, description="Deliveries under way at once in one process."
    )
    per_host_count: int = Field(
        default=8,
        ge=1,
        description="Deliveries under way at once to one host, so that a slow one "
        "cannot hold up all the others.",
    )
    timeout_seconds: float = Field(
        default=10.0, gt=0, description="From connecting to the end of the answer."
    )
    response_max_bytes: int = Field(
        default=64 * 1024, ge=0, description="No more of an answer is read than this."
    )
    response_kept_chars: int = Field(
        default=1_000, ge=0, description="How much of an answer is kept in the delivery log."
    )
    url_max_chars: int = Field(default=2_048, ge=1, description="Longest URL.")
    headers_max_count: int = Field(
        default=20, ge=0, description="Most headers of its own that a subscription may have."
    )
    retention_seconds: float = Field(
        default=30 * 86_400.0, gt=0, description="Finished deliveries are forgotten after this."
    )
    tidy_period_seconds: float = Field(
        default=600.0,
        gt=0,
        description="How often finished deliveries past their time are removed.",
    )
