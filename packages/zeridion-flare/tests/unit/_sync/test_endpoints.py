# Generated from tests/unit/_async/test_endpoints.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Every other endpoint, as the wire table says."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from quintet.testing import reply
from zeridion_flare import (
    FlareClient,
    FlareMisuseError,
)

from .rig import body, client, header


def test_c16_every_endpoint_is_called_as_the_wire_table_says() -> None:
    flare, transport = client(*[reply(200, json={"data": []})] * 40)
    calls: list[tuple[str, str, Any, Any]] = [
        ("POST", "/jobs/j/cancel", flare.cancel_job("j"), None),
        ("POST", "/jobs/j/retry", flare.retry_job("j"), None),
        (
            "PUT",
            "/recurring/r",
            flare.put_recurring("r", job_type="T", cron_expression="0 3 * * *", enabled=False),
            {"job_type": "T", "cron_expression": "0 3 * * *", "enabled": False},
        ),
        ("GET", "/recurring/r", flare.get_recurring("r"), None),
        ("GET", "/recurring?limit=5", flare.list_recurring(limit=5), None),
        ("DELETE", "/recurring/r", flare.delete_recurring("r"), None),
        ("POST", "/recurring/r/trigger", flare.trigger_recurring("r"), None),
        (
            "POST",
            "/webhooks",
            flare.create_webhook(url="https://x.example", events="*"),
            {"url": "https://x.example", "events": "*"},
        ),
        ("GET", "/webhooks/w", flare.get_webhook("w"), None),
        ("GET", "/webhooks", flare.list_webhooks(), None),
        (
            "PUT",
            "/webhooks/w",
            flare.update_webhook("w", events="job.failed", enabled=False),
            {"events": ["job.failed"], "enabled": False},
        ),
        ("DELETE", "/webhooks/w", flare.delete_webhook("w"), None),
        ("POST", "/webhooks/w/rotate-secret", flare.rotate_webhook_secret("w"), None),
        ("POST", "/webhooks/w/test", flare.test_webhook("w"), None),
        (
            "GET",
            "/webhooks/w/deliveries?limit=3",
            flare.list_webhook_deliveries("w", limit=3),
            None,
        ),
        ("GET", "/metrics/summary?period=7d", flare.metrics_summary(period="7d"), None),
        (
            "GET",
            "/metrics/throughput?period=1h&granularity=hour",
            flare.metrics_throughput(period="1h", granularity="hour"),
            None,
        ),
        ("GET", "/metrics/queues", flare.metrics_queues(), None),
        ("GET", "/metrics/job-types?limit=3", flare.metrics_job_types(limit=3), None),
        ("GET", "/activity?limit=2&cursor=c", flare.list_activity(limit=2, cursor="c"), None),
        ("GET", "/alerts", flare.list_alerts(), None),
        (
            "POST",
            "/alerts",
            flare.create_alert(alert_type="dead_letter", channel="email", destination="a@b.c"),
            {"alert_type": "dead_letter", "channel": "email", "destination": "a@b.c"},
        ),
        ("GET", "/alerts/a", flare.get_alert("a"), None),
        ("PUT", "/alerts/a", flare.update_alert("a", enabled=False), {"enabled": False}),
        ("DELETE", "/alerts/a", flare.delete_alert("a"), None),
        (
            "POST",
            "/workers/register",
            flare.register_worker(worker_id="w", queues=("q",), job_types=["T"]),
            {"worker_id": "w", "queues": ["q"], "job_types": ["T"]},
        ),
        (
            "POST",
            "/workers/poll",
            flare.poll_workers({"worker_id": "w", "queues": ["q"], "capacity": 2}),
            {"worker_id": "w", "queues": ["q"], "capacity": 2},
        ),
        (
            "POST",
            "/workers/heartbeat",
            flare.heartbeat_worker(job_id="j", worker_id="w", progress=0.5),
            {"job_id": "j", "worker_id": "w", "progress": 0.5},
        ),
        (
            "POST",
            "/workers/ack",
            flare.ack_worker(job_id="j", worker_id="w", status="succeeded"),
            {"job_id": "j", "worker_id": "w", "status": "succeeded"},
        ),
    ]
    for _, _, call, _ in calls:
        call
    for index, (method, path, _, expected) in enumerate(calls):
        request = transport.requests[index]
        assert (request.method, request.url) == (
            method,
            f"https://api.zeridion.com/flare/v1{path}",
        )
        if expected is not None:
            assert body(transport, index) == expected
        keyed = method in ("POST", "PUT", "DELETE") and "/workers/" not in path
        assert bool(header(transport, "Idempotency-Key", index)) is keyed


def test_empty_answer_to_a_deletion_is_fine() -> None:
    flare, _ = client(reply(204))
    flare.delete_recurring("r")


def test_wrong_cron_expression_is_refused_before_it_is_sent() -> None:
    flare, transport = client()
    with pytest.raises(FlareMisuseError):
        flare.put_recurring("r", job_type="T", cron_expression="61 * * * *")
    with pytest.raises(FlareMisuseError):
        flare.put_recurring("r", job_type="T", cron_expression="* * * * *", timezone="Mars/Olympus")
    assert not transport.requests


def test_iter_activity_walks_pages() -> None:
    flare, _ = client(
        reply(200, json={"data": [{"id": "1"}], "has_more": True, "next_cursor": "c"}),
        reply(200, json={"data": [{"id": "2"}], "has_more": False, "next_cursor": None}),
    )
    assert [line["id"] for line in flare.iter_activity()] == ["1", "2"]


def test_every_method_takes_request_id_and_idempotency_key() -> None:
    streams = {
        "job_events",
        "watch_job",
        "export_jobs",
        "wait_for_job",
        "iter_jobs",
        "iter_activity",
    }
    others = {"aclose", "close", "with_options", "with_own_connections"}
    for name, method in inspect.getmembers(FlareClient, inspect.isfunction):
        if name.startswith("_") or name in streams | others:
            continue
        assert {"request_id", "idempotency_key", "timeout"} <= set(
            inspect.signature(method).parameters
        ), name
