"""The shapes of what goes over the wire, as typed dictionaries.

Calls return plain dictionaries; these types describe them for editors and type checkers. The
service adds fields, states and codes without notice, so read unknown ones tolerantly. Fields of
the first class of a pair are always there; those of the second may be missing.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

__all__ = [
    "TERMINAL_STATES",
    "AckReply",
    "Activity",
    "ActivityPage",
    "Alert",
    "AlertPage",
    "CreatedWebhook",
    "Delivery",
    "DeliveryPage",
    "HeartbeatReply",
    "Job",
    "JobError",
    "JobPage",
    "JobState",
    "JobTypeMetrics",
    "MetricsPeriod",
    "MetricsSummary",
    "NewJob",
    "PollItem",
    "PollReply",
    "QueueMetrics",
    "RecurringJob",
    "RecurringPage",
    "ScheduleDeclaration",
    "ThroughputBucket",
    "ThroughputMetrics",
    "Webhook",
    "WebhookEvent",
    "WebhookPage",
]

JobState = Literal[
    "pending", "scheduled", "processing", "succeeded", "failed", "cancelled", "dead_letter"
]
"""The states known today; a plain ``str`` on the wire."""

TERMINAL_STATES = frozenset({"succeeded", "failed", "cancelled", "dead_letter"})
"""States that no passing of time changes."""

MetricsPeriod = Literal["1h", "24h", "7d", "30d"]


class JobError(TypedDict):
    """Why the last attempt failed."""

    type: str
    message: str
    stack_trace: str | None


class _JobCore(TypedDict):
    id: str
    job_type: str
    queue: str
    state: str


class Job(_JobCore, total=False):
    """A job. ``payload`` is missing from list items and events."""

    payload: Any
    created_at: str
    run_at: str | None
    started_at: str | None
    completed_at: str | None
    attempt: int
    """Attempts started so far; 0 before the first."""
    max_attempts: int
    timeout_seconds: int
    progress: float | None
    error_message: str | None
    error: JobError | None
    tags: dict[str, str] | None
    parent_job_id: str | None
    recurring_job_id: str | None
    worker_id: str | None
    duration_ms: int | None
    last_heartbeat_at: str | None
    cancel_requested_at: str | None


class JobPage(TypedDict):
    """One page of a list; ``next_cursor`` and ``cursor`` are the same."""

    jobs: list[Job]
    has_more: bool
    next_cursor: str | None
    cursor: str | None


class _NewJobCore(TypedDict):
    job_type: str


class NewJob(_NewJobCore, total=False):
    """What creates a job."""

    payload: Any
    queue: str
    run_at: str
    max_attempts: int
    timeout_seconds: int
    tags: dict[str, str]
    parent_job_id: str
    idempotency_key: str
    """Deprecated by the service: pass ``idempotency_key=`` to the call."""


class _PollItemCore(TypedDict):
    id: str
    job_type: str
    payload: Any
    attempt: int
    max_attempts: int
    timeout_seconds: int


class PollItem(_PollItemCore, total=False):
    """A claimed job as a poll delivers it."""

    enqueued_at: str
    queue: str
    tags: dict[str, str] | None
    parent_job_id: str | None


class PollReply(TypedDict):
    """What a poll brought, possibly nothing."""

    jobs: list[PollItem]


class HeartbeatReply(TypedDict):
    """``ok``, or ``cancel`` when the handler should stop."""

    status: str


class _AckReplyCore(TypedDict):
    action: str


class AckReply(_AckReplyCore, total=False):
    """``done``, or ``retry`` with the time of the next attempt."""

    retry_at: str | None
    children_activated: int


class _ScheduleDeclarationCore(TypedDict):
    job_type: str
    cron_expression: str


class ScheduleDeclaration(_ScheduleDeclarationCore, total=False):
    """A schedule that a worker announces when it registers."""

    queue: str
    timezone: str
    max_attempts: int
    timeout_seconds: int


class _RecurringJobCore(TypedDict):
    id: str
    job_type: str
    cron_expression: str
    enabled: bool


class RecurringJob(_RecurringJobCore, total=False):
    """A recurring schedule."""

    queue: str
    timezone: str
    payload: Any
    max_attempts: int
    timeout_seconds: int
    last_run_at: str | None
    next_run_at: str | None
    created_at: str
    updated_at: str


class RecurringPage(TypedDict):
    """The recurring schedules of the project."""

    recurring: list[RecurringJob]
    has_more: bool
    next_cursor: str | None


class _WebhookCore(TypedDict):
    id: str
    url: str
    events: list[str]
    enabled: bool


class Webhook(_WebhookCore, total=False):
    """A webhook subscription; its secret is shown only when it is created or rotated."""

    created_at: str
    updated_at: str


class CreatedWebhook(Webhook):
    """A webhook subscription with its secret, which is shown this once."""

    secret: str


class WebhookPage(TypedDict, total=False):
    """The webhook subscriptions of the project."""

    webhooks: list[Webhook]
    has_more: bool
    next_cursor: str | None


class WebhookEvent(TypedDict):
    """What a webhook delivers."""

    id: str
    type: str
    created_at: str
    data: Job


class _DeliveryCore(TypedDict):
    id: str


class Delivery(_DeliveryCore, total=False):
    """One delivery of an event to a subscription."""

    event_id: str
    event_type: str
    state: str
    attempts: int
    status_code: int | None
    error: str | None
    created_at: str
    completed_at: str | None
    next_attempt_at: str | None
    attempt_log: list[dict[str, Any]]


class DeliveryPage(TypedDict, total=False):
    """Deliveries of a subscription, newest first."""

    deliveries: list[Delivery]
    has_more: bool
    next_cursor: str | None


class MetricsSummary(TypedDict, total=False):
    """Jobs created in a period, by their state now."""

    period: str
    total: int
    pending: int
    scheduled: int
    processing: int
    succeeded: int
    failed: int
    cancelled: int
    dead_letter: int
    success_rate: float | None
    avg_duration_ms: float | None


class ThroughputBucket(TypedDict, total=False):
    """One bucket of a throughput series."""

    timestamp: str
    created: int
    completed: int
    succeeded: int
    failed: int
    dead_letter: int
    cancelled: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class ThroughputMetrics(TypedDict, total=False):
    """A throughput series."""

    period: str
    granularity: str
    buckets: list[ThroughputBucket]


class QueueMetrics(TypedDict, total=False):
    """How full one queue is."""

    queue: str
    depth: int
    pending: int
    scheduled: int
    processing: int
    oldest_pending_at: str | None


class JobTypeMetrics(TypedDict, total=False):
    """How one job type fares."""

    job_type: str
    total: int
    succeeded: int
    failed: int
    dead_letter: int
    success_rate: float | None
    avg_duration_ms: float | None


class Activity(TypedDict, total=False):
    """One line of the project's activity."""

    id: str
    kind: str
    target_type: str
    target_id: str
    summary: str
    metadata: str | None
    created_at: str


class ActivityPage(TypedDict):
    """One page of activity."""

    data: list[Activity]
    has_more: bool
    next_cursor: str | None


class Alert(TypedDict, total=False):
    """An alert rule."""

    id: str
    alert_type: str
    channel: str
    destination: str
    enabled: bool
    created_at: str


class AlertPage(TypedDict):
    """The alert rules of the project."""

    data: list[Alert]
