"""`/teams`."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api
from .conftest import People


async def test_key_sees_its_team_alone(api: Api) -> None:
    id = str(await api.team_id())
    answer = await api.get("/teams")
    [team] = answer.json()
    assert answer.headers["x-total-count"] == "1"
    assert set(team) == {
        *("id", "teamId", "name", "version", "createdAt", "updatedAt", "timezone", "currency")
    }
    assert (team["id"], team["name"], team["timezone"]) == (id, api.project, "UTC")
    assert team["currency"] == "USD"
    answer = await api.get(f"/teams/{id}")
    assert answer.json() == team
    assert answer.headers["etag"] == '"1"'
    other = await api.other_project()
    await other.refused("GET", f"/teams/{id}", None, 404, "NOT_FOUND")
    await other.refused("PATCH", f"/teams/{id}", {"name": "x"}, 404, "NOT_FOUND")
    await api.refused("GET", "/teams/mine", None, 404, "NOT_FOUND")


async def test_user_lists_all_their_teams(api: Api, people: People) -> None:
    second = await api.other_project()
    email = await people.make("viewer", api, second)
    user = people.with_token((await people.login(email))["accessToken"])
    teams = await user.ask("GET", "/teams?sort=name")
    assert [team["name"] for team in teams] == sorted([api.project, second.project])
    assert len(await user.ask("GET", f"/teams?search={second.project[3:20].upper()}")) == 1
    answer = await user.get("/teams?sort=name&limit=1")
    cursor = answer.headers["x-next-cursor"]
    [last] = await user.ask("GET", f"/teams?sort=name&limit=1&cursor={cursor}")
    assert last == teams[1]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_change_counts_versions_and_is_seen_at_once(api: Api, method: str) -> None:
    url = f"/teams/{await api.team_id()}"
    before = await api.ask("GET", url)
    body = {"name": " North ", "timezone": "Asia/Kolkata", "currency": "EUR"}
    answer = await api.call(method, url, json=body, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    changed = answer.json()
    assert {name: changed[name] for name in body} == {**body, "name": "North"}
    assert changed["version"] == 2
    assert changed["createdAt"] == before["createdAt"]
    await api.refused(
        method, url, {"name": "x"}, 412, "PRECONDITION_FAILED", headers={"If-Match": '"1"'}
    )
    # What is so already is no change; absent fields stay.
    again = await api.ask(method, url, {"currency": "EUR", "id": changed["id"], "version": 2})
    assert again == changed
    assert (await api.ask(method, url, {"name": "South"}))["timezone"] == "Asia/Kolkata"
    assert (await api.ask("GET", "/auth/me"))["teams"][0]["name"] == "South"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": None}, "timezone"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "DOLLAR"}, "currency"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"plan": "gold"}, "plan"),
        ({"version": 7}, "version"),
        ({"id": "00000000-0000-7000-8000-000000000000"}, "id"),
        ({"secret": "x"}, "secret"),
    ],
)
async def test_change_that_cannot_be_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    url = f"/teams/{await api.team_id()}"
    error = await api.refused("PATCH", url, body, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"] == field
    assert (await api.ask("GET", url))["version"] == 1


async def test_only_who_may_administer_a_team_changes_it(api: Api, people: People) -> None:
    mine, second = await api.team_id(), await api.other_project()
    url = f"/teams/{mine}"
    clerk = await api.with_scopes("write")
    await clerk.refused("PATCH", url, {"name": "x"}, 403, "AUTH_INSUFFICIENT_SCOPE")
    email = await people.make("viewer", api)
    await people.make("admin", second, email=email)
    token = (await people.login(email))["accessToken"]
    user = people.with_token(token)
    [other] = [team["id"] for team in await user.ask("GET", "/teams") if team["id"] != str(mine)]
    for client in (user, people.with_token(token, mine), people.with_token(token, other)):
        await client.refused("PATCH", url, {"name": "x"}, 403, "AUTH_INSUFFICIENT_SCOPE")
        await client.ask("PATCH", f"/teams/{other}", {"name": "theirs"})


async def test_subscription_needs_its_scope(api: Api) -> None:
    reader = await api.with_scopes("read:billing")
    assert (await reader.ask("GET", "/billing/subscription"))["plan"] == "self-hosted"
    other = await api.with_scopes("read:stats")
    error = await other.refused(
        "GET", "/billing/subscription", None, 403, "AUTH_INSUFFICIENT_SCOPE"
    )
    assert error["details"] == [{"field": "scope", "reason": "read:billing"}]
