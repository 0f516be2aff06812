"""`PATCH /conversions/{id}`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ..objects import Objects


async def pending(objects: Objects) -> dict[str, Any]:
    return await objects.report(await objects.click(), status="pending", payout=5)


async def test_change_status_and_payout_writes_history_and_event(objects: Objects) -> None:
    made = await pending(objects)
    body = {"status": "approved", "payout": 6.25}
    answer = await objects.api.patch(f"/conversions/{made['id']}", body)
    changed = answer.json()
    assert answer.headers["etag"] == '"2"'
    assert (changed["status"], changed["payout"], changed["revenue"]) == ("approved", 6.25, 6.25)
    assert [one["status"] for one in changed["history"]] == ["pending", "approved"]
    assert (await objects.events(made["id"]))[1:] == [("conversion.updated", changed)]


async def test_change_to_what_it_is_changes_nothing(objects: Objects) -> None:
    made = await pending(objects)
    path = f"/conversions/{made['id']}"
    answer = await objects.api.patch(path, {"status": "pending", "payout": 5})
    assert "x-duplicate" not in answer.headers
    assert answer.json() == made
    assert await objects.api.ask("PUT", path, {}) == made
    assert len(await objects.events(made["id"])) == 1


async def test_change_of_the_payout_keeps_the_currency(objects: Objects) -> None:
    made = await objects.report(await objects.click(), payout=5, currency="SEK")
    changed = await objects.api.ask("PATCH", f"/conversions/{made['id']}", {"payout": 6})
    assert (changed["payout"], changed["payoutCurrency"]) == (6, "SEK")


@pytest.mark.parametrize("status", ["reversed"])
async def test_change_that_is_illegal_is_a_conflict(objects: Objects, status: str) -> None:
    made = await pending(objects)
    path = f"/conversions/{made['id']}"
    await objects.api.refused("PATCH", path, {"status": status, "payout": 9}, 409, "CONFLICT")
    assert await objects.api.ask("GET", path) == made


async def test_change_with_a_version_that_has_passed_fails(objects: Objects) -> None:
    path = f"/conversions/{(await pending(objects))['id']}"
    headers = {"If-Match": '"1"'}
    await objects.api.ask("PATCH", path, {"payout": 1}, headers=headers)
    code = "PRECONDITION_FAILED"
    await objects.api.refused("PATCH", path, {"payout": 2}, 412, code, headers=headers)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"payout": None}, "payout"), ({"payout": -1}, "payout"), ({"txId": "x"}, "txId")],
)
async def test_change_that_makes_no_sense_names_the_field(
    objects: Objects, body: Any, field: str
) -> None:
    path = f"/conversions/{(await pending(objects))['id']}"
    error = await objects.api.refused("PATCH", path, body, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"] == field


async def test_change_of_another_teams_conversion_is_not_found(objects: Objects) -> None:
    path = f"/conversions/{(await pending(objects))['id']}"
    other = await objects.api.other_project()
    await other.refused("PATCH", path, {"payout": 1}, 404, "NOT_FOUND")
    await other.refused("GET", path, None, 404, "NOT_FOUND")
    await objects.api.refused("GET", "/conversions/nothing", None, 404, "NOT_FOUND")


async def test_approve_and_reject_at_once_leave_one_legal_history(objects: Objects) -> None:
    for _ in range(5):
        path = f"/conversions/{(await pending(objects))['id']}"
        answers = await asyncio.gather(
            *(objects.api.patch(path, {"status": one}) for one in ("approved", "rejected"))
        )
        found = await objects.api.ask("GET", path)
        history = [one["status"] for one in found["history"]]
        refused = [one.status_code for one in answers].count(409)
        assert (history, refused) in [
            (["pending", "approved", "rejected"], 0),
            (["pending", "rejected"], 1),
        ]
        assert found["status"] == history[-1]
