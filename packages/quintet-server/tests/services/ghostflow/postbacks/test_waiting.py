"""Postbacks that come before their clicks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quintet_server.services.ghostflow.postbacks.waiting import pause_seconds
from quintet_server.store.ids import new_uuid7

from ..objects import Objects

DONE = "SELECT outcome FROM ghostflow_postbacks WHERE team_id = %s AND waiting_until IS NULL"


async def overtaking(objects: Objects, **params: Any) -> str:
    click = str(new_uuid7())
    answer = await objects.postback(click_id=click, **params)
    assert (answer.status_code, answer.json()["code"]) == (404, "CLICK_NOT_FOUND")
    [row] = await objects.log(clickId=click)
    assert (row["outcome"], row["httpStatus"]) == ("click_not_found", 404)
    assert row["waitingUntil"] > row["at"]
    return click


async def test_postback_before_its_click_converts_when_the_click_is_there(
    objects: Objects,
) -> None:
    click = await overtaking(objects, status="lead", payout="2.25", tx_id="T", currency="eur")
    await objects.click(id=click)
    assert await objects.api.eventually(DONE, objects.team_id) == [("created",)]
    [conversion] = await objects.conversions()
    [row] = await objects.log()
    assert (row["conversionId"], row["waitingUntil"]) == (conversion["id"], None)
    assert (row["httpStatus"], row["completedAt"] is None) == (404, False)
    assert conversion["receivedAt"] == row["at"] < row["completedAt"]
    assert (conversion["status"], conversion["originalStatus"]) == ("pending", "lead")
    assert (conversion["payout"], conversion["payoutCurrency"]) == (2.25, "EUR")
    assert conversion["txId"] == "T"


async def test_postback_before_its_click_and_again_after_it_counts_once(
    objects: Objects,
) -> None:
    click = await overtaking(objects)
    await objects.click(id=click)
    await objects.told(click_id=click)
    await objects.api.eventually(f"{DONE} AND http_status = 404", objects.team_id)
    outcomes = sorted(row["outcome"] for row in await objects.log())
    assert outcomes == ["created", "duplicate"]


async def test_postback_before_another_networks_click_is_forbidden_in_the_end(
    objects: Objects,
) -> None:
    click = await overtaking(objects)
    await objects.click(id=click, network_id=new_uuid7(), offer_id=None)
    assert await objects.api.eventually(DONE, objects.team_id) == [("forbidden",)]


async def test_postback_with_an_id_that_is_none_is_not_kept(objects: Objects) -> None:
    answer = await objects.postback(click_id="none-of-ours")
    assert (answer.status_code, answer.json()["code"]) == (404, "CLICK_NOT_FOUND")
    [row] = await objects.log()
    assert (row["outcome"], row["waitingUntil"]) == ("click_not_found", None)


async def test_postback_whose_click_never_comes_is_given_up_when_its_time_is_over(
    objects: Objects,
) -> None:
    click = await overtaking(objects)
    [row] = await objects.log()
    waits = datetime.fromisoformat(row["waitingUntil"]) - datetime.fromisoformat(row["at"])
    assert waits == timedelta(minutes=10)
    await objects.api.sql(
        "UPDATE ghostflow_postbacks SET waiting_until = quintet_now() WHERE team_id = %s",
        objects.team_id,
    )
    assert await objects.api.eventually(DONE, objects.team_id) == [("click_not_found",)]
    await objects.click(id=click)
    assert await objects.conversions() == []


@pytest.mark.parametrize(
    ("waited", "left", "pause"),
    [(0, 600, 0.5), (3, 597, 3), (200, 400, 60), (590, 10, 10), (599.9995, 0.0005, 0.001)],
)
def test_pause_between_looks_grows_with_the_wait_and_ends_with_it(
    waited: float, left: float, pause: float
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    since, until = now - timedelta(seconds=waited), now + timedelta(seconds=left)
    assert pause_seconds(since, until, now) == pytest.approx(pause)
