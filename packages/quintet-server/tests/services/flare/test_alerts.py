"""`/alerts`, what fires them, and workers that fall silent (contract §7.5, §11)."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis.strategies import from_regex

from quintet_server.services.flare.alert_mail import Firing, message
from quintet_server.services.flare.alerts import _ADDRESS
from quintet_server.services.flare.presence import Presence
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.tidying import Tidying

GOOD = {"alert_type": "dead_letter", "channel": "email", "destination": "ops@example.com"}


def spool(api) -> Path:
    return api.runtime.settings.server.data_dir / "mail" / "flare"


async def fired(api, alert_id):
    await api.eventually(
        "SELECT 1 FROM flare_alert_firings WHERE alert_id = %s AND fired_at IS NOT NULL", alert_id
    )
    [[number]] = await api.sql(
        "SELECT max(id) FROM flare_alert_firings WHERE alert_id = %s", alert_id
    )
    [path] = spool(api).glob(f"{number:012d}-*.eml")
    return message_from_bytes(path.read_bytes(), policy=policy.default)


async def test_an_alert_lives_from_post_to_delete(api):
    answer = await api.post("/alerts", GOOD)
    assert answer.status_code == 201
    alert = answer.json()
    assert set(alert) == {"id", "alert_type", "channel", "destination", "enabled", "created_at"}
    assert alert["id"].startswith("alert_")
    assert alert["enabled"] is True
    assert (await api.get("/alerts")).json() == {"data": [alert]}
    assert (await api.get(f"/alerts/{alert['id']}")).json() == alert
    changed = (await api.put(f"/alerts/{alert['id']}", {"enabled": False})).json()
    assert changed == {**alert, "enabled": False}
    assert (await api.delete(f"/alerts/{alert['id']}")).status_code == 204
    assert (await api.delete(f"/alerts/{alert['id']}")).status_code == 404
    assert (await api.get("/alerts")).json() == {"data": []}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alert_type", None),
        ("alert_type", "slow"),
        ("channel", "slack"),
        ("channel", "webhook"),
        ("channel", 1),
        ("destination", None),
        ("destination", ""),
        ("destination", "nobody"),
        ("destination", "a@b\ncc: x@y"),
        ("destination", "a\x00@b"),
        ("destination", "a@" + "b" * 320),
        ("enabled", "no"),
    ],
)
async def test_a_bad_alert_is_refused_by_field(api, field, value):
    answer = await api.post("/alerts", {**GOOD, field: value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"] == field
    alert = (await api.post("/alerts", GOOD)).json()
    if value is not None:
        assert (await api.put(f"/alerts/{alert['id']}", {field: value})).status_code == 400
    assert (await api.put(f"/alerts/{alert['id']}", {})).status_code == 400


@pytest.mark.parametrize("alert_id", ["alert_nobody", "%00", "foreign"])
async def test_unknown_and_foreign_alerts_are_404(api, alert_id):
    if alert_id == "foreign":
        other = await api.other_project()
        async with other.http:
            alert_id = (await other.post("/alerts", GOOD)).json()["id"]
    for method, body in (("GET", None), ("PUT", {"enabled": True}), ("DELETE", None)):
        answer = await api.call(method, f"/alerts/{alert_id}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "alert_not_found")


async def test_a_dead_letter_sends_a_mail_into_the_spool(api):
    alert = (await api.post("/alerts", GOOD)).json()
    job_id = await api.in_state("dead_letter")
    mail = await fired(api, alert["id"])
    assert mail["To"] == "ops@example.com"
    assert mail["Subject"] == "[flare] Job t is a dead letter"
    text = mail.get_content()
    assert job_id in text
    assert "it broke" in text
    kinds = [row["kind"] for row in (await api.get("/activity")).json()["data"]]
    assert kinds[0] == "alert_fired"


async def test_every_failed_attempt_fires_job_failed(api):
    alert = (await api.post("/alerts", {**GOOD, "alert_type": "job_failed"})).json()
    job_id = await api.running("a\nb", max_attempts=2)
    await api.ack(job_id, "failed")
    mail = await fired(api, alert["id"])
    assert mail["Subject"] == "[flare] Job a b failed"


async def test_disabled_alerts_and_those_of_others_do_not_fire(api):
    other = await api.other_project()
    async with other.http:
        await other.post("/alerts", GOOD)
        await api.post("/alerts", {**GOOD, "enabled": False})
        await api.post("/alerts", {**GOOD, "alert_type": "worker_offline"})
        await api.in_state("dead_letter")
    rows = await api.sql(
        "SELECT 1 FROM flare_alert_firings f JOIN flare_alerts a ON a.id = f.alert_id "
        "WHERE a.project_id IN (%s, %s)",
        api.project_id,
        other.project_id,
    )
    assert rows == []


async def test_a_firing_that_was_interrupted_gives_one_file(api):
    alert = (await api.post("/alerts", GOOD)).json()
    await api.in_state("dead_letter")
    await fired(api, alert["id"])
    # As if the process had died between writing the file and saying so.
    [[number]] = await api.sql(
        "UPDATE flare_alert_firings SET fired_at = NULL WHERE alert_id = %s RETURNING id",
        alert["id"],
    )
    files = len(list(spool(api).iterdir()))
    await api.sql("SELECT pg_notify('flare_alerts', '')")
    await fired(api, alert["id"])
    assert len(list(spool(api).glob(f"{number:012d}-*"))) == 1
    assert len(list(spool(api).iterdir())) == files


async def test_what_was_due_before_the_start_is_fired(started):
    async with started() as api:
        alert = (await api.post("/alerts", GOOD)).json()
        await api.in_state("dead_letter")
        await fired(api, alert["id"])
        await api.sql("UPDATE flare_alert_firings SET fired_at = NULL")
    for path in spool(api).iterdir():
        path.unlink()
    async with started() as api:
        await fired(api, alert["id"])


async def test_a_worker_silent_for_ninety_seconds_is_offline_once(alone, advance):
    alert = (await alone.post("/alerts", {**GOOD, "alert_type": "worker_offline"})).json()
    await alone.post("/workers/register", {"worker_id": "w1", "queues": ["q"], "job_types": []})
    await advance(45)
    assert await alone.sql("SELECT online FROM flare_workers") == [(True,)]
    await advance(50)
    mail = await fired(alone, alert["id"])
    assert mail["Subject"] == "[flare] Worker w1 is offline"
    await advance(600)
    assert len(await alone.sql("SELECT 1 FROM flare_alert_firings")) == 1
    await alone.poll("w1")
    await alone.eventually("SELECT 1 FROM flare_workers WHERE online")
    await advance(91)
    await alone.eventually("SELECT 1 FROM flare_alert_firings HAVING count(*) = 2")


@pytest.mark.parametrize("call", ["poll", "heartbeat", "ack"])
async def test_every_call_of_a_worker_is_a_sign_of_life(alone, advance, call):
    job_id = await alone.running()
    await alone.eventually("SELECT 1 FROM flare_workers WHERE worker_id = 'w1'")
    await advance(60)
    await alone.until(lambda: alone.runtime.clock.shift_seconds == 60)
    calls = {"poll": alone.poll, "heartbeat": alone.beat, "ack": alone.ack}
    await calls[call](*([] if call == "poll" else [job_id]))
    await alone.eventually(
        "SELECT 1 FROM flare_workers WHERE last_seen_at > quintet_now() - interval '60 s'"
    )
    await advance(60)
    presence = Presence(alone.runtime.db, FlareSettings())
    assert await presence.mark_offline() == 0
    assert await alone.sql("SELECT online FROM flare_workers") == [(True,)]


async def test_what_is_long_past_is_forgotten(alone, advance):
    await alone.post("/alerts", GOOD)
    await alone.in_state("dead_letter")
    await alone.eventually("SELECT 1 FROM flare_alert_firings WHERE fired_at IS NOT NULL")
    tidying = Tidying(alone.runtime.db, FlareSettings())
    await advance(29 * 86_400)
    await alone.eventually("SELECT 1 FROM flare_workers WHERE NOT online")
    await tidying.tidy()
    assert len(await alone.sql("SELECT 1 FROM flare_alert_firings")) == 1
    await advance(2 * 86_400)
    await tidying.tidy()
    assert await alone.sql("SELECT 1 FROM flare_workers") == []
    assert await alone.sql("SELECT 1 FROM flare_alert_firings") == []


@pytest.mark.parametrize(
    "address",
    [
        "a@[",
        '"@b',
        "(@b).>",
        "=@[",
        "a,b@c",
        "a@b;",
        "<a@b",
        "a@b>",
        "x:a@b",
        "\\\\@b",
        "a\u2028@b",
    ],
)
async def test_what_a_mail_header_would_read_as_something_else_is_refused(api, address):
    answer = await api.post("/alerts", {**GOOD, "destination": address})
    assert answer.status_code == 400


async def test_an_alert_that_cannot_be_written_does_not_stop_the_others(api):
    bad, good = [(await api.post("/alerts", GOOD)).json()["id"] for _ in "ab"]
    # Stored by a version that let it in.
    await api.sql("UPDATE flare_alerts SET destination = 'a@[' WHERE id = %s", bad)
    for _ in range(2):
        await api.in_state("dead_letter")
    await api.eventually(
        "SELECT 1 FROM flare_alert_firings"
        " WHERE alert_id IN (%s, %s) AND fired_at IS NOT NULL HAVING count(*) = 4",
        bad,
        good,
    )
    firings = await api.sql(
        "SELECT alert_id, id FROM flare_alert_firings WHERE alert_id IN (%s, %s)", bad, good
    )
    written = [of for of, number in firings if [*spool(api).glob(f"{number:012d}-*")]]
    assert written == [good, good]


@given(from_regex(_ADDRESS, fullmatch=True).filter(lambda text: len(text) <= 320))
@example("=?utf-8?q?x?=@y")
@example("..@..")
@settings(max_examples=2 * settings.default.max_examples, deadline=None)
def test_every_accepted_address_can_be_written_and_is_one(address):
    data = {"id": "job_1", "job_type": "t"}
    now = datetime.now(UTC)
    firing = Firing(1, "a", "dead_letter", address, "p", "n", "job.dead_letter", data, now)
    mail = message(firing, "flare@localhost")
    bytes(mail)
    assert len(mail["To"].addresses) == 1
