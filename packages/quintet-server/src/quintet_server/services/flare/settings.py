"""Every number and switch of the Flare service, each an environment variable `QUINTET_FLARE_...`.

Where the vendor's pages leave a question open we decided, and the decision is a setting here: a
later look at the unseen part of a page can then correct it in one place. What belongs to the
queue itself (lease windows, retry base, cap and jitter, reaper period, re-check of long polls) is
in the settings of the work engine, `QUINTET_WORK_...`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FlareSettings(BaseSettings):
    """Settings of the group `flare`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_FLARE_", extra="ignore", frozen=True)

    # Rate limit and quota: defaults for every project; a project's own settings win.
    requests_per_hour: int | None = Field(
        default=None,
        ge=1,
        description="Requests a project may send in any hour; unset means unlimited.",
    )
    quota_model: Literal["daily", "monthly"] = Field(
        default="daily",
        description="How job creation is metered: per UTC day, or per UTC month with overage.",
    )
    jobs_per_day: int | None = Field(
        default=None, ge=0, description="Jobs a project may create per UTC day (daily model)."
    )
    jobs_per_month: int | None = Field(
        default=None, ge=0, description="Jobs included per UTC month (monthly model)."
    )
    overage_enabled: bool = Field(
        default=False, description="Monthly model: jobs beyond the allowance are let in and priced."
    )
    overage_cents_per_1000_jobs: int = Field(
        default=50, ge=0, description="Monthly model: price of a thousand jobs over, in cents."
    )
    spend_cap_cents: int | None = Field(
        default=None, ge=0, description="Monthly model: overage stops here, in cents; unset: never."
    )
    daily_quota_status: int = Field(
        default=402, ge=400, le=499, description="Status when the day's jobs are used up."
    )
    daily_quota_code: str = Field(
        default="billing_state_blocked", description="Error code when the day's jobs are used up."
    )
    quota_flush_seconds: float = Field(
        default=1.0,
        gt=0,
        description="Unlimited projects: how often the informative count of jobs is written down.",
    )
    unlimited_shown_as: int = Field(
        default=2_147_483_647,
        ge=1,
        description="What X-Quota-Limit says for an unlimited project: clients read a number.",
    )

    # Jobs.
    job_type_max_chars: int = Field(default=500, ge=1, description="Longest job type.")
    queue_max_chars: int = Field(default=100, ge=1, description="Longest queue name.")
    attempts_default_count: int = Field(
        default=3, ge=1, description="Attempts of a job by default."
    )
    attempts_max_count: int = Field(
        default=100, ge=1, description="Most attempts a job may ask for."
    )
    timeout_default_seconds: int = Field(
        default=1800, ge=1, description="Time limit of one attempt by default."
    )
    timeout_max_seconds: int = Field(
        default=86_400, ge=1, description="Longest time limit of one attempt."
    )
    payload_max_bytes: int = Field(
        default=1024 * 1024, ge=1, description="Largest payload, serialized."
    )
    body_max_bytes: int = Field(
        default=1024 * 1024 + 256 * 1024, ge=1, description="Largest request body."
    )
    tags_max_count: int = Field(default=50, ge=0, description="Most tags on a job.")
    tag_key_max_chars: int = Field(default=100, ge=1, description="Longest tag name.")
    tag_value_max_chars: int = Field(default=500, ge=1, description="Longest tag value.")
    parent_id_max_chars: int = Field(default=36, ge=1, description="Longest parent_job_id.")
    list_default_count: int = Field(default=20, ge=1, description="Items on a page by default.")
    list_max_count: int = Field(
        default=100, ge=1, description="Most items on a page; larger limits are clamped."
    )
    cancel_processing: bool = Field(
        default=True,
        description="Cancel of a running job is accepted (202) and passed on by the next "
        "heartbeat; off: 409 invalid_state.",
    )
    export_max_days: int = Field(default=90, ge=1, description="Longest window of an export.")
    export_pause_seconds: int = Field(
        default=60, ge=0, description="Pause between two exports of one project."
    )
    export_batch_rows: int = Field(
        default=500, ge=1, description="Rows read and sent at a time by an export."
    )

    # Idempotency keys.
    idempotency_key_max_chars: int = Field(
        default=200, ge=1, description="Longest Idempotency-Key."
    )

    # Workers.
    worker_id_max_chars: int = Field(default=200, ge=1, description="Longest worker id.")
    worker_queues_max_count: int = Field(
        default=200, ge=1, description="Most queues (and job types) a worker may name."
    )
    poll_hold_seconds: float = Field(
        default=30.0, ge=0, description="How long a poll is held when there is nothing to do."
    )
    poll_capacity_max_count: int = Field(
        default=50, ge=1, description="Most jobs one poll may take."
    )
    worker_offline_seconds: float = Field(
        default=90.0, gt=0, description="A worker silent for so long counts as offline."
    )
    worker_seen_seconds: float = Field(
        default=15.0,
        gt=0,
        description="A worker's last call is written down at most this often.",
    )
    record_retention_seconds: float = Field(
        default=30 * 86_400.0,
        gt=0,
        description="How long offline workers and fired alerts are remembered.",
    )
    tidy_period_seconds: float = Field(
        default=3600.0, gt=0, description="How often what is past its time is forgotten."
    )
    error_type_max_chars: int = Field(default=500, ge=1, description="Stored error type, cut.")
    error_message_max_chars: int = Field(
        default=4000, ge=1, description="Stored error message, cut."
    )
    error_stack_max_bytes: int = Field(
        default=32 * 1024, ge=1, description="Stored stack trace, cut."
    )

    # Recurring, webhooks, alerts.
    recurring_id_max_chars: int = Field(default=200, ge=1, description="Longest recurring job id.")
    webhook_rotation_hours: float = Field(
        default=24.0, ge=0, description="How long a rotated webhook secret still signs."
    )
    webhook_retry_delays_seconds: tuple[float, ...] = Field(
        default=(1.0, 2.0, 4.0, 8.0),
        description="Waits between delivery attempts (a JSON list), one fewer than attempts.",
    )
    webhook_retry_jitter_seconds: float = Field(
        default=0.5, ge=0, description="Random addition to each wait between delivery attempts."
    )
    destination_max_chars: int = Field(
        default=320, ge=3, description="Longest destination of an alert."
    )
    mail_dir: str | None = Field(
        default=None,
        description="Folder where alert mails are put as .eml files; unset: <data-dir>/mail/flare.",
    )
    mail_from: str = Field(default="flare@localhost", description="Sender address in alert mails.")
