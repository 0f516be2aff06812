"""What a key's audit log says."""

from __future__ import annotations

from typing import Any

from ..conftest import Api
from .conftest import People
from .test_api_keys import make

FIELDS = {
    *("id", "keyId", "action", "at", "actor", "ip", "userAgent", "method", "path", "status"),
    "count",
}


async def log(api: Api, key: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await api.ask(
        "GET", f"/auth/api-keys/{key['id']}/audit-log{query}"
    )
    return found


def use(key: dict[str, Any], **headers: str) -> dict[str, Any]:
    return {
        "headers": {"Authorization": f"Bearer {key['key']}", "User-Agent": "tests/1", **headers}
    }


async def test_life_of_a_key_is_written_down_newest_first(api: Api, people: People) -> None:
    user = await people.signed_in("owner")
    email = (await user.ask("GET", "/auth/me"))["user"]["email"]
    made = await make(user)
    again = await user.ask("POST", f"/auth/api-keys/{made['id']}/regenerate")
    for _ in range(2):
        await api.ask("PUT", f"/auth/api-keys/{made['id']}/revoke")
    await api.get("/auth/me", **use(again))
    await api.ask("DELETE", f"/auth/api-keys/{made['id']}")
    rows = await log(api, made)
    assert [row["action"] for row in rows] == [
        *("deleted", "denied", "revoked", "regenerated", "created")
    ]
    assert all(set(row) == FIELDS for row in rows)
    assert {row["keyId"] for row in rows} == {made["id"]}
    me = (await api.ask("GET", "/auth/me"))["apiKey"]["id"]
    assert [row["actor"] for row in rows] == [
        *(f"key:{me}", f"key:{made['id']}", f"key:{me}", email, email)
    ]
    assert [row["status"] for row in rows] == [200, 401, 200, 200, 201]
    assert rows[-1]["method"] == "POST"
    assert rows[-1]["path"].endswith("/auth/api-keys")
    assert rows[1]["userAgent"] == "tests/1"
    assert rows[1]["ip"] == "127.0.0.1"
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)


async def test_uses_are_one_row_per_path_and_minute(clocked: Api) -> None:
    made = await make(clocked, "read")
    # No second minute may begin in between.
    [[rest]] = await clocked.sql("SELECT 60 - extract(second FROM quintet_now())::float8")
    await clocked.advance(seconds=rest + 1)
    for _ in range(3):
        await clocked.get("/auth/me", **use(made))
    await clocked.get("/teams", **use(made))
    uses = await log(clocked, made, "?action=used")
    assert [(row["path"].rpartition("/v1")[2], row["count"]) for row in uses] == [
        *(("/teams", 1), ("/auth/me", 3))
    ]
    # Written already: the next ones are added to it.
    await clocked.get("/auth/me", **use(made))
    assert [row["count"] for row in await log(clocked, made, "?action=used")] == [1, 4]
    await clocked.advance(minutes=1)
    await clocked.get("/auth/me", **use(made))
    assert [row["count"] for row in await log(clocked, made, "?action=used")] == [1, 1, 4]


async def test_denials_are_noted(api: Api) -> None:
    made = await make(api, "read:campaigns")
    await api.get("/billing/subscription", **use(made))
    team = "00000000-0000-7000-8000-000000000000"
    await api.get("/auth/me", **use(made, **{"X-Team-Id": team}))
    rows = await log(api, made, "?action=denied")
    assert [(row["path"].rpartition("/v1")[2], row["status"]) for row in rows] == [
        *(("/auth/me", 403), ("/billing/subscription", 403))
    ]


async def test_odd_text_of_a_client_is_kept_as_far_as_it_can_be(api: Api) -> None:
    made = await make(api)
    agent = b"\xff\xe9" * 400
    headers = {"Authorization": f"Bearer {made['key']}".encode(), "User-Agent": agent}
    await api.get("/auth/me", headers=headers)
    await api.get("/nothing/%00/here", **use(made))
    [row] = await log(api, made, "?action=used")
    assert row["userAgent"] == (agent.decode("latin-1"))[:500]


async def test_users_leave_no_uses(api: Api, people: People) -> None:
    user = await people.signed_in()
    made = await make(user)
    await user.ask("GET", "/auth/me")
    assert [row["action"] for row in await log(api, made)] == ["created"]


async def test_log_is_paged_in_either_order(api: Api) -> None:
    made = await make(api)
    for _ in range(4):
        await api.ask("POST", f"/auth/api-keys/{made['id']}/regenerate")
    whole = await log(api, made)
    pages, query = [], "?limit=2"
    while True:
        answer = await api.get(f"/auth/api-keys/{made['id']}/audit-log{query}")
        pages.extend(answer.json())
        assert answer.headers["x-total-count"] == "5"
        cursor = answer.headers.get("x-next-cursor")
        if cursor is None:
            break
        query = f"?limit=2&cursor={cursor}"
    assert pages == whole
    assert await log(api, made, "?sort=at") == whole[::-1]
    url = f"/auth/api-keys/{made['id']}/audit-log"
    await api.refused("GET", f"{url}?action=flew", None, 400, "VALIDATION_ERROR")
    await api.refused("GET", f"{url}?sort=name", None, 400, "VALIDATION_ERROR")


async def test_database_that_was_away_loses_no_count(api: Api) -> None:
    from quintet_server.services.ghostflow.account.auditing import Audit

    made = await make(api)
    [ghostflow] = [each for each in api.runtime.services if each.name == "ghostflow"]
    audit = ghostflow.auth.parts.room(Audit)  # type: ignore[attr-defined]
    await audit.flush()
    await api.get("/auth/me", **use(made))
    uses = dict(audit._uses)
    audit._uses = {}
    await api.get("/auth/me", **use(made))
    audit._put_back(uses)
    counts = [row["count"] for row in await log(api, made, "?action=used")]
    assert sum(counts) == 2
