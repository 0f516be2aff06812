"""`POST /conversions`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ..conftest import Api, Started
from ..objects import Objects

EARLIER = datetime(2026, 1, 5, 12, tzinfo=UTC)


async def test_create_with_a_click_alone_takes_everything_from_it(objects: Objects) -> None:
    click = await objects.click(at=datetime.now(UTC) - timedelta(hours=3))
    made = await objects.report(click)
    assert made["clickId"] == click
    ids = {name: made[name] for name in ("campaignId", "offerId", "sourceId", "networkId")}
    assert ids == {
        "campaignId": str(objects.campaign_id),
        "offerId": str(objects.offer_id),
        "sourceId": str(objects.source_id),
        "networkId": str(objects.network_id),
    }
    assert (made["event"], made["txId"], made["status"]) == ("conversion", None, "approved")
    assert (made["payout"], made["payoutCurrency"]) == (3, "USD")
    assert (made["revenue"], made["currency"], made["cost"]) == (3, "USD", 0)
    assert made["at"] == made["receivedAt"] > made["clickAt"]
    assert made["history"] == [{"status": "approved", "at": made["updatedAt"]}]
    assert (made["duplicateCount"], made["version"]) == (0, 1)
    assert await objects.api.ask("GET", f"/conversions/{made['id']}") == made


async def test_create_the_same_again_is_a_duplicate(objects: Objects) -> None:
    click = await objects.click()
    made = await objects.report(click, txId="T1", payout=12.5)
    body = {"clickId": click, "txId": "T1", "payout": 12.5}
    again = await objects.api.post("/conversions", body)
    assert again.status_code == 200
    assert again.headers["x-duplicate"] == "true"
    assert again.json() == {**made, "duplicateCount": 1}
    assert [type for type, _ in await objects.events(made["id"])] == ["conversion.created"]


async def test_create_without_a_transaction_is_one_conversion_a_click_and_event(
    objects: Objects,
) -> None:
    click = await objects.click()
    first = await objects.report(click)
    assert (await objects.report(click, 200, txId=""))["id"] == first["id"]
    other = await objects.report(click, event="deposit")
    third = await objects.report(click, txId="T1")
    assert len({first["id"], other["id"], third["id"]}) == 3


async def test_create_with_another_status_updates_and_an_illegal_one_is_a_conflict(
    objects: Objects,
) -> None:
    click = await objects.click()
    made = await objects.report(click, status="pending", payout=10)
    updated = await objects.report(click, 200, status="approved", payout=11)
    assert (updated["id"], updated["status"], updated["payout"]) == (made["id"], "approved", 11)
    assert (updated["revenue"], updated["version"]) == (11, 2)
    assert [one["status"] for one in updated["history"]] == ["pending", "approved"]
    body = {"clickId": click, "status": "pending", "payout": 99}
    error = await objects.api.refused("POST", "/conversions", body, 409, "CONFLICT")
    assert error["details"][0]["field"] == "status"
    assert await objects.conversions() == [updated]
    events = await objects.events(made["id"])
    assert events == [("conversion.created", made), ("conversion.updated", updated)]


async def test_create_with_the_same_status_and_another_payout_updates(objects: Objects) -> None:
    click = await objects.click()
    await objects.report(click, payout=1)
    updated = await objects.report(click, 200, payout=2)
    assert (updated["payout"], len(updated["history"])) == (2, 1)


@pytest.mark.parametrize(
    ("fields", "column", "expected"),
    [
        ({"payout": 7}, {}, (7, "USD")),
        ({"payout": 7, "currency": "CHF"}, {}, (7, "CHF")),
        ({"payout": 7}, {"network": {"currency": "SEK"}}, (7, "SEK")),
        ({"payout": 7}, {"offer": {"payout_currency": "EUR"}}, (7, "EUR")),
        ({"currency": "CHF"}, {"offer": {"payout_currency": "EUR"}}, (3, "EUR")),
        ({"payout": 0}, {}, (0, "USD")),
        ({}, {"offer": {"payout": 0}}, (0, "USD")),
    ],
)
async def test_create_takes_the_payout_of_the_report_else_of_the_offer(
    objects: Objects, fields: Any, column: Any, expected: Any
) -> None:
    for table, columns in column.items():
        await objects.change(table, **columns)
    made = await objects.report(await objects.click(), **fields)
    assert (made["payout"], made["payoutCurrency"]) == expected
    assert made["revenue"] == (made["payout"] if expected[1] == "USD" else None)


async def test_create_for_a_click_without_an_offer_pays_nothing(objects: Objects) -> None:
    click = await objects.click(offer_id=None, network_id=None)
    made = await objects.report(click)
    assert (made["payout"], made["offerId"], made["networkId"]) == (0, None, None)


async def test_create_converts_by_the_configured_rates(started: Started) -> None:
    rates = {"EUR": "1.1", "GBP": "1.25"}
    async with started(rates=rates) as api:
        objects = await Objects.of(api)
        await objects.change("campaign", currency="GBP")
        made = await objects.report(await objects.click(), payout=2.5, currency="EUR")
        assert (made["revenue"], made["currency"]) == (2.2, "GBP")
        other = await objects.report(await objects.click(), payout=2.5, currency="JPY")
        assert other["revenue"] is None


@pytest.mark.parametrize("click", ["nothing", "01890a5d-ac96-774b-bcce-b302099a8057"])
async def test_create_for_an_unknown_click_is_not_found(objects: Objects, click: str) -> None:
    await objects.api.refused("POST", "/conversions", {"clickId": click}, 404, "CLICK_NOT_FOUND")


async def test_create_for_a_click_of_another_team_is_not_found(objects: Objects) -> None:
    click = await objects.click()
    other = await objects.api.other_project()
    await other.refused("POST", "/conversions", {"clickId": click}, 404, "CLICK_NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"payout": -1}, "payout"),
        ({"payout": 1_000_000_001}, "payout"),
        ({"payout": "5"}, "payout"),
        ({"status": "paid"}, "status"),
        ({"currency": "usd"}, "currency"),
        ({"txId": "x" * 256}, "txId"),
        ({"event": ""}, "event"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-04-14T10:00:00"}, "at"),
        ({"revenue": 1}, "revenue"),
    ],
)
async def test_create_with_a_field_that_is_wrong_names_it(
    objects: Objects, fields: Any, field: str
) -> None:
    body = {"clickId": await objects.click(), **fields}
    error = await objects.api.refused("POST", "/conversions", body, 400, "VALIDATION_ERROR")
    assert [one["field"] for one in error["details"]] == [field]
    assert await objects.conversions() == []


async def test_create_at_a_time_lies_between_the_click_and_now(objects: Objects) -> None:
    click = await objects.click(at=EARLIER)
    said = (EARLIER + timedelta(days=2)).isoformat()
    made = await objects.report(click, at=said)
    assert made["at"] == "2026-01-07T12:00:00.000Z" < made["receivedAt"]
    for offset in (EARLIER - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)):
        body = {"clickId": click, "txId": "T2", "at": offset.isoformat()}
        error = await objects.api.refused("POST", "/conversions", body, 400, "VALIDATION_ERROR")
        assert error["details"][0]["field"] == "at"


async def test_create_with_an_idempotency_key_answers_the_first_time_again(
    objects: Objects,
) -> None:
    body = {"clickId": await objects.click()}
    headers = {"Idempotency-Key": "once"}
    first = await objects.api.post("/conversions", body, headers=headers)
    again = await objects.api.post("/conversions", body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    [conversion] = await objects.conversions()
    assert conversion["duplicateCount"] == 0


async def test_create_fifty_times_at_once_makes_one_and_counts_the_rest(objects: Objects) -> None:
    body = {"clickId": await objects.click(), "txId": "T"}
    answers = await asyncio.gather(*(objects.api.post("/conversions", body) for _ in range(50)))
    assert sorted(one.status_code for one in answers) == [200] * 49 + [201]
    [conversion] = await objects.conversions()
    assert conversion["duplicateCount"] == 49


async def test_create_for_a_deleted_campaign_still_counts(objects: Objects) -> None:
    click = await objects.click()
    await objects.change("campaign", deleted_at=datetime.now(UTC))
    assert (await objects.report(click))["campaignId"] == str(objects.campaign_id)


async def test_create_needs_the_scope(api: Api) -> None:
    reader = await api.with_scopes("read:stats")
    await reader.refused("POST", "/conversions", {"clickId": "x"}, 403, "AUTH_INSUFFICIENT_SCOPE")
    writer = await api.with_scopes("write:campaigns")
    await writer.refused("GET", "/conversions", None, 403, "AUTH_INSUFFICIENT_SCOPE")
