# Generated from tests/e2e/flare/_async/test_jobs.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The client's other methods against the real service."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.server import ServerProcess
from zeridion_flare import ConflictError, FlareClient, InvalidRequestError, NotFoundError

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("flare")]


def test_iter_jobs_walks_pages_while_others_create_jobs(server: ServerProcess) -> None:
    queue = uuid.uuid4().hex
    with FlareClient() as flare:
        made = [flare.create_job(job_type="T", queue=queue)["id"] for _ in range(7)]
        seen = []
        for job in flare.iter_jobs(queue=queue, page_size=2):
            seen.append(job["id"])
            if len(seen) == 3:
                flare.create_job(job_type="T", queue=queue)
        assert seen == made[::-1]
        first = [job["id"] for job in flare.iter_jobs(queue=queue, page_size=2, max_items=3)]
        assert len(first) == 3


def test_jobs_are_filtered_by_tags_and_times(server: ServerProcess) -> None:
    run = uuid.uuid4().hex
    before = datetime.now(UTC) - timedelta(seconds=5)
    with FlareClient() as flare:
        job = flare.create_job(job_type="T", tags={"run": run, "env": "dev:eu"})
        flare.create_job(job_type="T", tags={"run": run})
        page = flare.list_jobs(tags={"run": run, "env": "dev:eu"})
        assert [found["id"] for found in page["jobs"]] == [job["id"]]
        assert page["jobs"][0]["tags"] == {"run": run, "env": "dev:eu"}
        later = flare.list_jobs(tags={"run": run}, created_after=before)
        assert len(later["jobs"]) == 2
        earlier = flare.list_jobs(tags={"run": run}, created_before=before)
        assert earlier["jobs"] == []


def test_scheduled_jobs_and_children_wait(server: ServerProcess) -> None:
    with FlareClient() as flare:
        later = datetime.now(UTC) + timedelta(hours=1)
        parent = flare.create_job(job_type="T", run_at=later)
        assert parent["state"] == "scheduled"
        child = flare.create_job(job_type="T", parent_job_id=parent["id"])
        assert (child["state"], child["parent_job_id"]) == ("scheduled", parent["id"])
        flare.cancel_job(parent["id"])
        found = flare.get_job(child["id"])
        assert found is not None
        assert found["state"] == "cancelled"
        with pytest.raises(ConflictError) as caught:
            flare.create_job(job_type="T", parent_job_id=parent["id"])
        assert caught.value.code == "parent_terminal"
        with pytest.raises(NotFoundError):
            flare.create_job(job_type="T", parent_job_id="job_nobody")


def test_invalid_fields_are_named(server: ServerProcess) -> None:
    with FlareClient() as flare:
        with pytest.raises(InvalidRequestError) as caught:
            flare.create_job(job_type="T", max_attempts=101)
        assert caught.value.code == "invalid_request"
        assert caught.value.details[0]["field"] == "max_attempts"
        with pytest.raises(InvalidRequestError):
            flare.list_jobs(state="nonsense")
        with pytest.raises(InvalidRequestError) as large:
            flare.create_job(job_type="T", payload={"x": "y" * 2_000_000})
        assert large.value.status_code == 413


def test_answers_carry_limits_and_quota(server: ServerProcess) -> None:
    with FlareClient() as flare:
        job = flare.create_job(job_type="T")
        seen = flare.last_response
        assert seen is not None
        assert seen.rate_limit is not None
        assert seen.rate_limit.limit
        assert seen.quota is not None
        assert seen.location == f"/flare/v1/jobs/{job['id']}"


def test_recurring_schedules_are_put_found_triggered_and_deleted(
    server: ServerProcess,
) -> None:
    name = f"R{uuid.uuid4().hex[:8]}"
    with FlareClient() as flare:
        made = flare.put_recurring(
            name,
            job_type=name,
            cron_expression="0 3 * * MON-FRI",
            timezone="Europe/Berlin",
            payload={"fixed": True},
        )
        assert (made["id"], made["enabled"], made["timezone"]) == (name, True, "Europe/Berlin")
        assert made["next_run_at"]
        changed = flare.put_recurring(
            name, job_type=name, cron_expression="0 4 * * *", enabled=False
        )
        assert changed["next_run_at"] is None
        assert flare.get_recurring(name)["cron_expression"] == "0 4 * * *"
        listed = [one["id"] for one in flare.list_recurring(limit=100)["recurring"]]
        assert name in listed
        job = flare.trigger_recurring(name)
        assert (job["job_type"], job["recurring_job_id"]) == (name, name)
        with pytest.raises(ConflictError) as caught:
            flare.put_recurring("other", job_type=name, cron_expression="* * * * *")
        assert caught.value.code == "recurring_job_type_conflict"
        flare.delete_recurring(name)
        with pytest.raises(NotFoundError):
            flare.get_recurring(name)


def test_metrics_activity_and_alerts_are_read(server: ServerProcess) -> None:
    queue = uuid.uuid4().hex
    with FlareClient() as flare:
        flare.create_job(job_type="Metered", queue=queue)
        summary = flare.metrics_summary(period="1h")
        assert summary["period"] == "1h"
        assert summary["total"] >= 1
        throughput = flare.metrics_throughput(period="24h", granularity="hour")
        assert throughput["buckets"]
        queues = {one["queue"]: one for one in flare.metrics_queues()["queues"]}
        assert queues[queue]["pending"] == 1
        types = [one["job_type"] for one in flare.metrics_job_types()["job_types"]]
        assert types
        lines = [line for line in flare.iter_activity(page_size=5, max_items=7)]
        assert lines
        assert all(line["id"] for line in lines)
        alert = flare.create_alert(
            alert_type="dead_letter", channel="email", destination="ops@example.com"
        )
        assert alert["id"] in [one["id"] for one in flare.list_alerts()["data"]]
        assert not flare.update_alert(alert["id"], enabled=False)["enabled"]
        assert flare.get_alert(alert["id"])["destination"] == "ops@example.com"
        flare.delete_alert(alert["id"])
        with pytest.raises(NotFoundError):
            flare.get_alert(alert["id"])


def test_export_streams_the_jobs_of_a_queue(server: ServerProcess) -> None:
    queue = uuid.uuid4().hex
    now = datetime.now(UTC)
    with FlareClient(max_response_bytes=10) as tight:
        with FlareClient() as flare:
            made = {flare.create_job(job_type="T", queue=queue)["id"] for _ in range(5)}
        stream = tight.export_jobs(
            format="ndjson",
            since=now - timedelta(hours=1),
            until=now + timedelta(hours=1),
            queue=queue,
        )
        with stream as pieces:
            text = b"".join([piece for piece in pieces])
    assert {json.loads(line)["id"] for line in text.splitlines()} == made
