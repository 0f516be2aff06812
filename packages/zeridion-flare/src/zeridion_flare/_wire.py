"""The wire table: every endpoint of the service, once.

A write is KEYED: the client sends one idempotency key per logical call, kept over its attempts.
Worker calls carry no key. Registering, beating and acknowledging say the same thing twice
harmlessly; a poll claims jobs, so it is never repeated by the client: the next poll is the repeat.
"""

from __future__ import annotations

from quintet.core.operation import Operation
from quintet.core.retry import RetryClass

_SAFE = RetryClass.SAFE
_KEYED = RetryClass.KEYED
_IDEMPOTENT = RetryClass.IDEMPOTENT

CREATE_JOB = Operation("create_job", "POST", "/jobs", _KEYED)
GET_JOB = Operation("get_job", "GET", "/jobs/{id}", _SAFE)
LIST_JOBS = Operation("list_jobs", "GET", "/jobs", _SAFE)
CANCEL_JOB = Operation("cancel_job", "POST", "/jobs/{id}/cancel", _KEYED)
RETRY_JOB = Operation("retry_job", "POST", "/jobs/{id}/retry", _KEYED)
JOB_EVENTS = Operation("job_events", "GET", "/jobs/{id}/events", _SAFE)
EXPORT_JOBS = Operation("export_jobs", "POST", "/jobs/export", _SAFE)

REGISTER_WORKER = Operation("register_worker", "POST", "/workers/register", _IDEMPOTENT)
POLL_WORKERS = Operation("poll_workers", "POST", "/workers/poll", RetryClass.NEVER)
HEARTBEAT_WORKER = Operation("heartbeat_worker", "POST", "/workers/heartbeat", _IDEMPOTENT)
ACK_WORKER = Operation("ack_worker", "POST", "/workers/ack", _IDEMPOTENT)

PUT_RECURRING = Operation("put_recurring", "PUT", "/recurring/{id}", _KEYED)
GET_RECURRING = Operation("get_recurring", "GET", "/recurring/{id}", _SAFE)
LIST_RECURRING = Operation("list_recurring", "GET", "/recurring", _SAFE)
DELETE_RECURRING = Operation("delete_recurring", "DELETE", "/recurring/{id}", _KEYED)
TRIGGER_RECURRING = Operation("trigger_recurring", "POST", "/recurring/{id}/trigger", _KEYED)

CREATE_WEBHOOK = Operation("create_webhook", "POST", "/webhooks", _KEYED)
GET_WEBHOOK = Operation("get_webhook", "GET", "/webhooks/{id}", _SAFE)
LIST_WEBHOOKS = Operation("list_webhooks", "GET", "/webhooks", _SAFE)
UPDATE_WEBHOOK = Operation("update_webhook", "PUT", "/webhooks/{id}", _KEYED)
DELETE_WEBHOOK = Operation("delete_webhook", "DELETE", "/webhooks/{id}", _KEYED)
ROTATE_WEBHOOK_SECRET = Operation(
    "rotate_webhook_secret", "POST", "/webhooks/{id}/rotate-secret", _KEYED
)
TEST_WEBHOOK = Operation("test_webhook", "POST", "/webhooks/{id}/test", _KEYED)
LIST_WEBHOOK_DELIVERIES = Operation(
    "list_webhook_deliveries", "GET", "/webhooks/{id}/deliveries", _SAFE
)

METRICS_SUMMARY = Operation("metrics_summary", "GET", "/metrics/summary", _SAFE)
METRICS_THROUGHPUT = Operation("metrics_throughput", "GET", "/metrics/throughput", _SAFE)
METRICS_QUEUES = Operation("metrics_queues", "GET", "/metrics/queues", _SAFE)
METRICS_JOB_TYPES = Operation("metrics_job_types", "GET", "/metrics/job-types", _SAFE)
LIST_ACTIVITY = Operation("list_activity", "GET", "/activity", _SAFE)

LIST_ALERTS = Operation("list_alerts", "GET", "/alerts", _SAFE)
CREATE_ALERT = Operation("create_alert", "POST", "/alerts", _KEYED)
GET_ALERT = Operation("get_alert", "GET", "/alerts/{id}", _SAFE)
UPDATE_ALERT = Operation("update_alert", "PUT", "/alerts/{id}", _KEYED)
DELETE_ALERT = Operation("delete_alert", "DELETE", "/alerts/{id}", _KEYED)
