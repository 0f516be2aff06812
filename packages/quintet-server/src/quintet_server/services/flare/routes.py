"""Every path of `/flare/v1`, in one table."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.services.flare import (
    activity,
    alerts,
    export,
    jobs,
    metrics,
    recurring,
    streams,
    webhooks,
    workers,
)
from quintet_server.services.flare.errors import unauthorized


async def audit_log_export(_: Request) -> Response:
    """`GET /projects/{id}/audit-log/export`: for the dashboard's own tokens, never for API keys."""
    raise unauthorized("The audit log is exported with a dashboard token, not with an API key.")


# The four calls of a busy worker come first: the router walks the table from the top.
ROUTES: tuple[tuple[str, str, object], ...] = (
    ("POST", "/workers/poll", workers.poll_jobs),
    ("POST", "/workers/ack", workers.ack),
    ("POST", "/jobs", jobs.create_job),
    ("POST", "/workers/heartbeat", workers.heartbeat),
    ("GET", "/jobs/{id}", jobs.get_job),
    ("GET", "/jobs", jobs.list_jobs),
    ("POST", "/jobs/export", export.export_jobs),
    ("POST", "/jobs/{id}/cancel", jobs.cancel_job),
    ("POST", "/jobs/{id}/retry", jobs.retry_job),
    ("GET", "/jobs/{id}/events", streams.job_events),
    ("POST", "/workers/register", workers.register_worker),
    ("GET", "/recurring", recurring.list_recurring),
    ("GET", "/recurring/{id}", recurring.get_recurring),
    ("PUT", "/recurring/{id}", recurring.put_recurring),
    ("DELETE", "/recurring/{id}", recurring.delete_recurring),
    ("POST", "/recurring/{id}/trigger", recurring.trigger_recurring),
    ("GET", "/webhooks", webhooks.list_webhooks),
    ("POST", "/webhooks", webhooks.create_webhook),
    ("GET", "/webhooks/{id}", webhooks.get_webhook),
    ("PUT", "/webhooks/{id}", webhooks.update_webhook),
    ("DELETE", "/webhooks/{id}", webhooks.delete_webhook),
    ("POST", "/webhooks/{id}/rotate-secret", webhooks.rotate_secret),
    ("POST", "/webhooks/{id}/test", webhooks.test_webhook),
    ("GET", "/webhooks/{id}/deliveries", webhooks.list_deliveries),
    ("GET", "/metrics/summary", metrics.summary),
    ("GET", "/metrics/throughput", metrics.throughput),
    ("GET", "/metrics/queues", metrics.queues),
    ("GET", "/metrics/job-types", metrics.job_types),
    ("GET", "/activity", activity.list_activity),
    ("GET", "/alerts", alerts.list_alerts),
    ("POST", "/alerts", alerts.create_alert),
    ("GET", "/alerts/{id}", alerts.get_alert),
    ("PUT", "/alerts/{id}", alerts.update_alert),
    ("DELETE", "/alerts/{id}", alerts.delete_alert),
    ("GET", "/projects/{id}/audit-log/export", audit_log_export),
)


def build_routes() -> list[BaseRoute]:
    """The table as plain routes."""
    return [Route(path, endpoint, methods=[method]) for method, path, endpoint in ROUTES]  # type: ignore[arg-type]
