"""Looking at clicks."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quintet_server.services.ghostflow.clicks import store

from ..conftest import Api
from ..objects import Objects

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def many(objects: Objects, count: int) -> list[str]:
    """So many clicks an hour apart, the oldest first."""
    return [
        await objects.click(
            at=START + timedelta(hours=number),
            country="US" if number % 2 else None,
            sub1=str(number),
            is_bot=number % 3 == 2,
        )
        for number in range(count)
    ]


async def subs(api: Api, **params: Any) -> list[str]:
    found = await api.ask("GET", "/clicks", params=params)
    return [click["sub1"] for click in found]


async def test_clicks_are_listed_newest_first(api: Api) -> None:
    objects = await Objects.of(api)
    await many(objects, 5)
    answer = await api.get("/clicks")
    assert [click["sub1"] for click in answer.json()] == ["4", "3", "2", "1", "0"]
    assert answer.headers["X-Total-Count"] == "5"
    assert "X-Next-Cursor" not in answer.headers
    assert await subs(api, sort="at") == ["0", "1", "2", "3", "4"]


async def test_clicks_are_read_page_by_page(api: Api) -> None:
    objects = await Objects.of(api)
    await many(objects, 7)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    for expected in (3, 3, 1):
        answer = await api.get("/clicks", params=params)
        seen += [click["sub1"] for click in answer.json()]
        assert len(answer.json()) == expected
        assert answer.headers["X-Total-Count"] == "7"
        params["cursor"] = answer.headers.get("X-Next-Cursor")
        # What comes in meanwhile is newer: it is on no later page.
        await objects.click(at=START + timedelta(days=1), country="FR", is_bot=True, sub1="new")
        await api.sql("DELETE FROM ghostflow_clicks WHERE sub1 = 'new'")
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert params["cursor"] is None


async def test_cursor_of_other_filters_is_refused(api: Api) -> None:
    objects = await Objects.of(api)
    await many(objects, 3)
    answer = await api.get("/clicks", params={"limit": 1})
    cursor = answer.headers["X-Next-Cursor"]
    for other in ({"country": "US"}, {"bots": "only"}, {"from": "2026-01-01", "to": "2026-04-01"}):
        params = {"limit": 1, "cursor": cursor, **other}
        await api.refused("GET", "/clicks", None, 400, "VALIDATION_ERROR", params=params)


async def test_clicks_are_filtered(api: Api) -> None:
    objects = await Objects.of(api)
    await many(objects, 6)
    assert await subs(api, country="us") == ["5", "3", "1"]
    assert await subs(api, country="unknown") == ["4", "2", "0"]
    assert await subs(api, country="!US", sub1="!0") == ["4", "2"]
    assert await subs(api, sub1="0,3,x") == ["3", "0"]
    assert await subs(api, campaignId=str(uuid.uuid4())) == []
    assert await subs(api, campaignId=str(objects.campaign_id), bots="only") == ["5", "2"]
    assert await subs(api, bots="exclude") == ["4", "3", "1", "0"]
    assert await subs(api, bots="include") == ["5", "4", "3", "2", "1", "0"]


async def test_clicks_whose_sender_wrote_unknown_are_unknown_as_in_reports(api: Api) -> None:
    objects = await Objects.of(api)
    for text in ("unknown", "Unknown", None, "a"):
        await objects.click(sub1=text, sub2=text or "nothing")

    async def found(text: str) -> set[str]:
        clicks = await api.ask("GET", "/clicks", params={"sub1": text})
        return {click["sub2"] for click in clicks}

    assert await found("unknown") == {"unknown", "nothing"}
    assert await found("!unknown") == {"Unknown", "a"}
    assert await found("Unknown") == {"Unknown"}


async def test_clicks_are_bounded_in_time(api: Api) -> None:
    objects = await Objects.of(api)
    await many(objects, 30)  # from noon of the first to the evening of the second
    instants = {"from": "2026-03-01T13:00:00Z", "to": "2026-03-01T15:00:00Z"}
    assert await subs(api, **instants) == ["2", "1"]
    days = {"from": "2026-03-02", "to": "2026-03-02"}
    assert await subs(api, **days) == [str(number) for number in range(29, 11, -1)]
    # Midnight in New York is five o'clock here.
    first = {"from": "2026-03-01", "to": "2026-03-01", "timezone": "America/New_York"}
    assert await subs(api, **first) == [str(number) for number in range(16, -1, -1)]


@pytest.mark.parametrize(
    "params",
    [
        {"bots": "maybe"},
        {"from": "2026-01-01"},
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"from": "x", "to": "y"},
        {"from": "2026-01-01", "to": "2026-01-02", "timezone": "Mars/Olympus"},
        {"campaignId": "x"},
        {"limit": "0"},
        {"sort": "name"},
        {"cursor": "x"},
    ],
)
async def test_clicks_asked_for_wrongly_are_refused(api: Api, params: dict[str, str]) -> None:
    await api.refused("GET", "/clicks", None, 400, "VALIDATION_ERROR", params=params)


async def test_clicks_beyond_the_countable_have_no_total(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_COUNTED", 2)
    objects = await Objects.of(api)
    await many(objects, 2)
    assert (await api.get("/clicks")).headers["X-Total-Count"] == "2"
    await objects.click()
    assert "X-Total-Count" not in (await api.get("/clicks")).headers


async def test_clicks_of_other_teams_are_not_seen(api: Api) -> None:
    theirs = await Objects.of(await api.other_project())
    click = await theirs.click()
    assert await api.ask("GET", "/clicks") == []
    for id in (click, str(uuid.uuid4()), "nonsense"):
        await api.refused("GET", f"/clicks/{id}", None, 404, "NOT_FOUND")
