"""Telling the source."""

from __future__ import annotations

from datetime import datetime

import pytest

from quintet_server.services.ghostflow.clicks.macros import KNOWN
from quintet_server.services.ghostflow.postbacks.running import tidy

from ..conftest import Api, Started
from ..objects import Objects
from .conftest import Source

ENDED = "SELECT outcome FROM ghostflow_postbacks WHERE team_id = %s AND outcome <> 'pending'"
SENT = f"{ENDED} AND direction = 'out'"


async def listening(objects: Objects, source: Source, query: str, *statuses: str) -> None:
    on = list(statuses or ("approved",))
    await objects.change("source", postback_url=source.url(query), postback_on=on)


async def test_source_is_told_with_every_macro(objects: Objects, source: Source) -> None:
    subs = {f"sub{n}": f"value {n}&" for n in range(1, 11)}
    query = "&".join(f"{name}={{{name}}}" for name in sorted(KNOWN))
    await listening(objects, source, query)
    click = await objects.click(
        external_id="their/id", country="DE", os="iOS", browser="Safari", cost=250_000, **subs
    )
    await objects.told(click_id=click, payout="12.50", tx_id="T 1", currency="EUR")
    assert await objects.api.eventually(SENT, objects.team_id) == [("delivered",)]
    [conversion] = await objects.conversions()
    [told] = source.queries
    expected = {
        "click_id": click,
        "payout": "12.5",
        "external_id": "their/id",
        "campaign_id": str(objects.campaign_id),
        "offer_id": str(objects.offer_id),
        "source_id": str(objects.source_id),
        "network_id": str(objects.network_id),
        "country": "DE",
        "device": "desktop",
        "os": "iOS",
        "browser": "Safari",
        **subs,
        "cost": "0.25",
        "currency": "EUR",
        "status": "approved",
        "event": "conversion",
        "tx_id": "T 1",
    }
    assert abs(int(told.pop("timestamp")[0]) - _seconds(conversion["at"])) <= 1
    assert told == {name: [value] for name, value in expected.items()}
    assert source.lines[0].startswith("GET /told?")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_source_is_told_once_of_each_status_it_asked_for(
    objects: Objects, source: Source
) -> None:
    await listening(objects, source, "s={status}&p={payout}", "approved", "reversed")
    made = await objects.report(await objects.click(), status="pending")
    path = f"/conversions/{made['id']}"
    await objects.api.ask("PATCH", path, {"status": "approved"})
    await objects.api.ask("PATCH", path, {"status": "approved", "payout": 9})
    await objects.told(click_id=made["clickId"], status="approved", payout="9")
    await objects.api.ask("PATCH", path, {"status": "reversed"})
    await objects.api.eventually(f"{SENT} OFFSET 1", objects.team_id)
    told = sorted((one["s"], one["p"]) for one in source.queries)
    assert told == [(["approved"], ["3"]), (["reversed"], ["9"])]
    log = await objects.log(direction="out", sort="at")
    assert [row["status"] for row in log] == ["approved", "reversed"]


async def test_log_of_what_was_sent_says_where_and_how_often_without_secrets(
    objects: Objects, source: Source
) -> None:
    await listening(objects, source, "id={click_id}&token=s3cret")
    made = await objects.report(await objects.click(), txId="T")
    await objects.api.eventually(SENT, objects.team_id)
    [row] = await objects.log(direction="out", sourceId=str(objects.source_id))
    assert row["url"] == source.url(f"id={made['clickId']}&token=[removed]")
    assert (row["outcome"], row["httpStatus"], row["reason"]) == ("delivered", 200, None)
    assert (row["conversionId"], row["status"], row["txId"]) == (made["id"], "approved", "T")
    [attempt] = row["attempts"]
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, 200, None)
    assert attempt["durationMs"] >= 0
    assert row["completedAt"] >= row["at"]
    statement = "SELECT p::text FROM ghostflow_postbacks p WHERE team_id = %s"
    [[stored]] = await objects.api.sql(statement, objects.team_id)
    assert "s3cret" not in stored


@pytest.mark.parametrize("how", ["deleted", "unwanted", "none"])
async def test_source_that_wants_nothing_is_told_nothing(
    objects: Objects, source: Source, how: str
) -> None:
    if how != "none":
        await listening(objects, source, "x=1", "approved" if how == "deleted" else "reversed")
    if how == "deleted":
        await objects.api.sql(
            "UPDATE ghostflow_sources SET deleted_at = quintet_now() WHERE id = %s",
            objects.source_id,
        )
    await objects.report(await objects.click())
    assert await objects.log(direction="out") == []


async def test_source_that_fails_is_asked_again_five_times_in_all(
    alone: Api, source: Source
) -> None:
    objects = await Objects.of(alone)
    source.statuses = [500, 302, 404, 503]
    await listening(objects, source, "x=1")
    await objects.report(await objects.click())
    attempted = (
        "SELECT 1 FROM ghostflow_postbacks p JOIN work_jobs j ON j.id = 'gfpb_' || p.id "
        "WHERE jsonb_array_length(p.attempts) = %s AND j.state = 'pending'"
    )
    wait = (  # from when the attempt was noted, however late we look
        "SELECT extract(epoch FROM j.due_at - (p.attempts->-1->>'at')::timestamptz)::float8 "
        "FROM ghostflow_postbacks p JOIN work_jobs j ON j.id = 'gfpb_' || p.id"
    )
    for number, seconds in enumerate((10, 60, 600, 3600), 1):
        await alone.eventually(attempted, number)
        [[waited]] = await alone.sql(wait)
        assert seconds - 1 < waited < seconds * 2 + 5
        await alone.advance(seconds=seconds)
    assert await alone.eventually(SENT, objects.team_id) == [("failed",)]
    [row] = await objects.log(direction="out")
    statuses = [500, 302, 404, 503, 503]
    assert [(one["number"], one["status"]) for one in row["attempts"]] == list(
        enumerate(statuses, 1)
    )
    assert (row["reason"], row["httpStatus"]) == ("answered 503", 503)
    assert len(source.lines) == 5  # and none of them where the redirect led
    assert await alone.sql("SELECT target FROM ghostflow_postbacks") == [(None,)]


async def test_source_whose_url_is_none_does_not_cost_the_conversion(objects: Objects) -> None:
    await objects.change("source", postback_url="https://{sub1}/")
    await objects.report(await objects.click())
    [row] = await objects.log(direction="out")
    assert (row["outcome"], row["url"]) == ("failed", None)
    assert row["reason"] == "The postback URL must name its host without macros."


async def test_source_on_a_private_address_is_refused_at_once(started: Started) -> None:
    async with started(allow_private_targets=False) as api:
        objects = await Objects.of(api)
        await objects.change("source", postback_url="http://localhost:9/?x={click_id}")
        await objects.report(await objects.click())
        assert await api.eventually(SENT, objects.team_id) == [("failed",)]
        [row] = await objects.log(direction="out")
        assert "not a public address" in row["reason"]
        assert len(row["attempts"]) == 1


async def test_tidying_closes_what_was_interrupted_and_forgets_what_is_old(
    objects: Objects,
) -> None:
    add = (
        "INSERT INTO ghostflow_postbacks (id, team_id, direction, outcome, method, at, target) "
        "VALUES (gen_random_uuid(), %s, %s, %s, 'GET', quintet_now() - make_interval(days => %s), "
        "'x')"
    )
    for direction, outcome, days in (("out", "pending", 0), ("in", "created", 91)):
        await objects.api.sql(add, objects.team_id, direction, outcome, days)
    await objects.api.sql(add, objects.team_id, "in", "created", 89)
    await tidy(objects.api.runtime.db, 90)
    rows = await objects.log(sort="at")
    assert [(row["direction"], row["outcome"]) for row in rows] == [
        ("in", "created"),
        ("out", "failed"),
    ]
