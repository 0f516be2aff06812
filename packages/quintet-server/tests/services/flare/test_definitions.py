"""`quintet apply` for Flare."""

from __future__ import annotations

import pytest

from quintet_server.definitions.apply import BadDefinitions, apply_definitions
from quintet_server.services.flare.definitions import KINDS

GOOD = """
service: flare
kind: recurring
name: nightly report
spec:
  job_type: report
  cron_expression: 0 3 * * *
  timezone: Europe/Berlin
  payload: {full: true}
---
service: flare
kind: webhook
name: audit
spec:
  url: https://example.com/hook
  events: ["job.dead_letter"]
---
service: flare
kind: alert
name: ops
spec:
  alert_type: dead_letter
  destination: ops@example.com
---
service: flare
kind: project
name: limits
spec:
  jobs_per_day: 2
  requests_per_hour: 100
"""


@pytest.fixture
def apply(api, tmp_path):
    async def write_and_apply(text):
        path = tmp_path / "flare.yaml"
        documents = [f"{one.rstrip()}\nproject: {api.project}\n" for one in text.split("---\n")]
        path.write_text("---\n".join(documents))
        applied = await apply_definitions(api.runtime.db, path, KINDS)
        return [one.outcome for one in applied]

    return write_and_apply


async def test_everything_is_created_once_then_unchanged_then_updated(api, apply):
    assert await apply(GOOD) == ["created", "created", "created", "updated"]
    before = (await api.get("/recurring")).json(), (await api.get("/webhooks")).json()
    assert await apply(GOOD) == ["unchanged"] * 4
    assert ((await api.get("/recurring")).json(), (await api.get("/webhooks")).json()) == before
    changed = GOOD.replace("0 3", "0 4").replace("job.dead_letter", "job.failed")
    changed = changed.replace("ops@example.com", "dev@example.com").replace("day: 2", "day: 3")
    assert await apply(changed) == ["updated"] * 4
    [schedule] = (await api.get("/recurring")).json()["recurring"]
    assert (schedule["id"], schedule["cron_expression"]) == ("rjob_nightly_report", "0 4 * * *")
    assert schedule["payload"] == {"full": True}
    [webhook] = (await api.get("/webhooks")).json()["webhooks"]
    assert webhook["events"] == ["job.failed"]
    [alert] = (await api.get("/alerts")).json()["data"]
    assert alert["destination"] == "dev@example.com"


async def test_limits_of_a_project_hold_at_once(api, apply):
    await apply(GOOD)
    for _ in range(3):
        answer = await api.post("/jobs", {"job_type": "t"})
    assert answer.status_code == 402
    assert answer.headers["x-ratelimit-limit"] == "100"


async def test_what_was_deleted_over_the_api_is_created_again(api, apply):
    await apply(GOOD)
    [webhook] = (await api.get("/webhooks")).json()["webhooks"]
    [alert] = (await api.get("/alerts")).json()["data"]
    await api.delete(f"/webhooks/{webhook['id']}")
    await api.delete(f"/alerts/{alert['id']}")
    await api.delete("/recurring/rjob_nightly_report")
    assert await apply(GOOD) == ["created", "created", "created", "unchanged"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0 3 * * *", "99 * * * *", "flare.yaml:7: spec.cron_expression: minute"),
        ("Europe/Berlin", "Nowhere", "flare.yaml:8: spec.timezone: 'Nowhere'"),
        ("timezone", "time_zone", "flare.yaml:8: spec.time_zone: there is no such field"),
        ("https://example.com/hook", "http://127.0.0.1/hook", "QUINTET_ALLOW_PRIVATE_TARGETS"),
        ("https://example.com/hook", "gopher://x", "url"),
        ("job.dead_letter", "job.nope", "events"),
        ("ops@example.com", "nobody", "destination"),
        ("jobs_per_day: 2", "jobs_per_day: -1", "jobs_per_day"),
        ("job_type: report", "job_type: 7", "job_type"),
    ],
)
async def test_a_mistake_names_its_place_and_nothing_is_applied(api, apply, old, new, said):
    with pytest.raises(BadDefinitions) as caught:
        await apply(GOOD.replace(old, new))
    assert said in str(caught.value)
    assert "flare.yaml:" in str(caught.value)
    assert (await api.get("/recurring")).json()["recurring"] == []
    assert (await api.get("/webhooks")).json()["webhooks"] == []
