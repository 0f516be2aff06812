"""Keys of a team: made, listed, revoked, given another secret, deleted."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from quintet_server.store.key_formats import KEY_FORMATS

from ..conftest import Api
from .conftest import People

FIELDS = {
    *("id", "name", "prefix", "permissions", "status", "createdAt", "lastUsedAt", "expiresAt"),
    "revokedAt",
}
SCOPES = KEY_FORMATS["ghostflow"].scopes


async def make(api: Api, *permissions: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "a key", "permissions": list(permissions or ("read",)), **fields}
    made: dict[str, Any] = await api.ask("POST", "/auth/api-keys", body, 201)
    return made


async def works(api: Api, secret: str) -> bool:
    answer = await api.get("/auth/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def test_secret_of_a_new_key_is_shown_this_once(api: Api) -> None:
    made = await make(api, "read:campaigns", name="  reports ")
    assert set(made) == {*FIELDS, "key"}
    assert re.fullmatch(r"gf_[0-9A-Za-z]{43}", made["key"])
    assert made["prefix"] == made["key"][:10]
    assert UUID(made["id"]).version == 7
    assert (made["name"], made["status"]) == ("reports", "active")
    assert (made["lastUsedAt"], made["expiresAt"], made["revokedAt"]) == (None, None, None)
    [shown] = [key for key in await api.ask("GET", "/auth/api-keys") if key["id"] == made["id"]]
    assert set(shown) == FIELDS
    assert await works(api, made["key"])
    stored = await api.sql("SELECT k::text FROM api_keys k WHERE id = %s", made["id"])
    assert made["key"][10:] not in stored[0][0]


@pytest.mark.parametrize(
    ("given", "expanded"),
    [
        (["read:campaigns"], {"read:campaigns"}),
        (["write:offers"], {"write:offers"}),
        (["read"], {scope for scope in SCOPES if scope.startswith("read:")}),
        (["write"], {scope for scope in SCOPES if scope != "admin"}),
        (["admin"], set(SCOPES)),
        (["read", "admin", "read"], set(SCOPES)),
    ],
)
async def test_permissions_are_shown_as_given_and_mean_what_they_stand_for(
    api: Api, given: list[str], expanded: set[str]
) -> None:
    made = await make(api, *given)
    assert made["permissions"] == given
    me = await api.ask("GET", "/auth/me", headers={"Authorization": f"Bearer {made['key']}"})
    assert set(me["scopes"]) == expanded
    assert me["apiKey"]["permissions"] == given
    assert me["apiKey"]["id"] == made["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"permissions": ["read"]}, "name"),
        ({"name": "", "permissions": ["read"]}, "name"),
        ({"name": " ", "permissions": ["read"]}, "name"),
        ({"name": "x" * 101, "permissions": ["read"]}, "name"),
        ({"name": "a\x00b", "permissions": ["read"]}, "name"),
        ({"name": "x"}, "permissions"),
        ({"name": "x", "permissions": []}, "permissions"),
        ({"name": "x", "permissions": "read"}, "permissions"),
        ({"name": "x", "permissions": ["fly"]}, "permissions"),
        ({"name": "x", "permissions": ["read:Campaigns"]}, "permissions"),
        ({"name": "x", "permissions": ["read"], "expiresAt": "tomorrow"}, "expiresAt"),
        ({"name": "x", "permissions": ["read"], "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"name": "x", "permissions": ["read"], "expiresAt": "2999-01-01T00:00:00"}, "expiresAt"),
        ({"name": "x", "permissions": ["read"], "key": "gf_mine"}, "key"),
    ],
)
async def test_key_that_cannot_be_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    error = await api.refused("POST", "/auth/api-keys", body, 400, "VALIDATION_ERROR")
    assert error["details"][0]["field"].startswith(field)


async def test_key_ends_when_it_was_said_to(clocked: Api) -> None:
    now = datetime.fromtimestamp(clocked.runtime.clock.now(), UTC)
    ends = now.replace(microsecond=0) + timedelta(hours=1)
    made = await make(clocked, expiresAt=ends.isoformat())
    assert made["expiresAt"] == f"{ends:%Y-%m-%dT%H:%M:%S}.000Z"
    assert await works(clocked, made["key"])
    await clocked.advance(hours=2)
    assert not await works(clocked, made["key"])


async def test_only_users_and_administering_keys_have_to_do_with_keys(api: Api) -> None:
    clerk = await api.with_scopes("write")
    made = await make(api)
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("DELETE", f"/{made['id']}"),
        ("PUT", f"/{made['id']}/revoke"),
        ("POST", f"/{made['id']}/regenerate"),
        ("GET", f"/{made['id']}/audit-log"),
    ):
        body = {"name": "x", "permissions": ["read"]} if (method, path) == ("POST", "") else None
        error = await clerk.refused(
            method, f"/auth/api-keys{path}", body, 403, "AUTH_INSUFFICIENT_SCOPE"
        )
        assert error["details"] == [{"field": "scope", "reason": "admin"}]
    assert await works(api, made["key"])


async def test_who_may_not_manage_keys_learns_nothing_about_bodies_and_queries(api: Api) -> None:
    secret = (await make(api, "write"))["key"]
    weak = {"headers": {"Authorization": f"Bearer {secret}"}}
    id = "00000000-0000-7000-8000-000000000000"
    for method, path, body in (
        ("POST", "/auth/api-keys", {"nonsense": 1}),
        ("GET", "/auth/api-keys?nonsense=1", None),
        ("GET", f"/auth/api-keys/{id}/audit-log?nonsense=1", None),
        ("DELETE", f"/auth/api-keys/{id}", None),
        ("PUT", f"/auth/api-keys/{id}/revoke", None),
        ("POST", f"/auth/api-keys/{id}/regenerate", None),
        ("PATCH", f"/teams/{await api.team_id()}", {"nonsense": 1}),
    ):
        error = await api.refused(method, path, body, 403, "AUTH_INSUFFICIENT_SCOPE", **weak)
        assert error["details"] == [{"field": "scope", "reason": "admin"}]


async def test_nobody_gives_what_they_do_not_have(people: People) -> None:
    viewer, editor = await people.signed_in("viewer"), await people.signed_in("editor")
    await make(viewer, "read")
    await make(editor, "write")
    for user, permission, lacks in (
        (viewer, "write", "write:campaigns"),
        (viewer, "write:offers", "write:offers"),
        (editor, "admin", "admin"),
    ):
        body = {"name": "x", "permissions": [permission]}
        error = await user.refused("POST", "/auth/api-keys", body, 403, "AUTH_INSUFFICIENT_SCOPE")
        assert error["details"] == [{"field": "scope", "reason": lacks}]


async def test_user_who_may_not_administer_sees_their_own_keys_alone(
    api: Api, people: People
) -> None:
    editor = await people.signed_in("editor")
    mine, others = await make(editor), await make(api)
    assert [key["id"] for key in await editor.ask("GET", "/auth/api-keys")] == [mine["id"]]
    for method, path in (
        ("DELETE", ""),
        ("PUT", "/revoke"),
        ("POST", "/regenerate"),
        ("GET", "/audit-log"),
    ):
        url = f"/auth/api-keys/{others['id']}{path}"
        await editor.refused(method, url, None, 404, "NOT_FOUND")
    await editor.ask("GET", f"/auth/api-keys/{mine['id']}/audit-log")
    await editor.ask("PUT", f"/auth/api-keys/{mine['id']}/revoke")
    listed = await api.ask("GET", "/auth/api-keys")
    assert {mine["id"], others["id"]} <= {key["id"] for key in listed}


async def test_user_with_a_lower_role_gets_no_new_secret_of_a_mightier_key(
    api: Api, people: People
) -> None:
    email = await people.make("editor")
    user = people.with_token((await people.login(email))["accessToken"])
    made = await make(user, "write")
    await people.make("viewer", email=email)
    url = f"/auth/api-keys/{made['id']}/regenerate"
    await user.refused("POST", url, None, 403, "AUTH_INSUFFICIENT_SCOPE")
    assert await works(api, made["key"])


async def test_regenerated_key_is_the_same_but_for_its_secret(api: Api) -> None:
    made = await make(api, "read", name="same")
    assert await works(api, made["key"])
    again = await api.ask("POST", f"/auth/api-keys/{made['id']}/regenerate")
    assert again["key"] != made["key"]
    assert again["prefix"] == again["key"][:10]
    assert {again[name] for name in ("id", "name")} == {made[name] for name in ("id", "name")}
    assert again["permissions"] == made["permissions"]
    assert not await works(api, made["key"])
    assert await works(api, again["key"])


async def test_revocation_holds_at_once_and_can_be_repeated(api: Api) -> None:
    made = await make(api)
    assert await works(api, made["key"])
    url = f"/auth/api-keys/{made['id']}"
    first = await api.ask("PUT", f"{url}/revoke")
    assert (first["status"], set(first)) == ("revoked", FIELDS)
    assert not await works(api, made["key"])
    second = await api.ask("PUT", f"{url}/revoke")
    assert second["revokedAt"] == first["revokedAt"] is not None
    await api.refused("POST", f"{url}/regenerate", None, 409, "CONFLICT")
    for status, found in (("revoked", True), ("active", False), ("all", True)):
        listed = await api.ask("GET", f"/auth/api-keys?status={status}")
        assert (made["id"] in [key["id"] for key in listed]) is found


async def test_deleted_key_is_gone(api: Api) -> None:
    made = await make(api)
    url = f"/auth/api-keys/{made['id']}"
    assert await api.ask("DELETE", url) == {"id": made["id"], "deleted": True}
    assert not await works(api, made["key"])
    await api.refused("DELETE", url, None, 404, "NOT_FOUND")
    await api.refused("PUT", f"{url}/revoke", None, 404, "NOT_FOUND")
    assert made["id"] not in [key["id"] for key in await api.ask("GET", "/auth/api-keys")]


@pytest.mark.parametrize("id", ["x", "key_01", "00000000-0000-7000-8000-000000000000"])
async def test_what_is_no_key_is_not_found(api: Api, id: str) -> None:
    for method, path in (("DELETE", ""), ("PUT", "/revoke"), ("POST", "/regenerate")):
        await api.refused(method, f"/auth/api-keys/{id}{path}", None, 404, "NOT_FOUND")
    await api.refused("GET", f"/auth/api-keys/{id}/audit-log", None, 404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("PUT", "/revoke")])
async def test_key_that_is_just_being_deleted_is_not_found(
    api: Api, method: str, path: str
) -> None:
    made = await make(api)
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    async with api.runtime.db.transaction() as conn:
        await conn.execute("DELETE FROM api_keys WHERE id = %s", (made["id"],))
        asking = asyncio.create_task(api.call(method, f"/auth/api-keys/{made['id']}{path}"))
        await api.eventually(waiting)
    answer = await asking
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    noted = "SELECT action FROM ghostflow_key_audit WHERE key_id = %s AND action <> 'created'"
    assert await api.sql(noted, made["id"]) == []


async def test_keys_of_another_team_do_not_exist(api: Api) -> None:
    other = await api.other_project()
    made = await make(other)
    url = f"/auth/api-keys/{made['id']}"
    for method, path in (("DELETE", ""), ("PUT", "/revoke"), ("POST", "/regenerate")):
        await api.refused(method, f"{url}{path}", None, 404, "NOT_FOUND")
    await api.refused("GET", f"{url}/audit-log", None, 404, "NOT_FOUND")
    assert await works(api, made["key"])


async def test_repetition_under_an_idempotency_key_makes_nothing_and_shows_nothing(
    api: Api,
) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"name": "once", "permissions": ["read"]}
    made = await api.ask("POST", "/auth/api-keys", body, 201, headers=headers)
    await api.refused("POST", "/auth/api-keys", body, 409, "CONFLICT", headers=headers)
    other = {**body, "name": "twice"}
    await api.refused(
        "POST", "/auth/api-keys", other, 422, "IDEMPOTENCY_KEY_REUSED", headers=headers
    )
    named = [key for key in await api.ask("GET", "/auth/api-keys") if key["name"] == "once"]
    assert len(named) == 1
    url = f"/auth/api-keys/{made['id']}/regenerate"
    again = await api.ask("POST", url, headers=headers)
    await api.refused("POST", url, None, 409, "CONFLICT", headers=headers)
    assert await works(api, again["key"])
    kept = await api.sql("SELECT body::text FROM idempotency WHERE project_id = %s", api.project_id)
    texts = [bytes.fromhex(row[0].removeprefix("\\x")).decode() for row in kept]
    assert len(texts) == 2
    for secret in (made["key"], again["key"]):
        assert not any(secret[3:] in text for text in texts)


async def test_refusal_is_kept_under_an_idempotency_key(api: Api) -> None:
    made = await make(api)
    await api.ask("PUT", f"/auth/api-keys/{made['id']}/revoke")
    for replayed in (None, "true"):
        answer = await api.post(
            f"/auth/api-keys/{made['id']}/regenerate", headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 409
        assert "revoked" in answer.json()["message"]
        assert answer.headers.get("idempotency-replayed") == replayed


async def test_list_is_sorted_searched_and_paged(api: Api) -> None:
    for name in ("beta", "Alpha", "gamma"):
        await make(api, name=name)
    await api.sql("DELETE FROM api_keys WHERE project_id = %s AND name = ''", api.project_id)
    api.runtime.keys.forget()
    [[secret]] = [[(await _remint(api))]]
    api.http.headers["Authorization"] = f"Bearer {secret}"
    names = [key["name"] for key in await api.ask("GET", "/auth/api-keys?sort=name")]
    assert names == ["Alpha", "beta", "dev", "gamma"]
    found = await api.ask("GET", "/auth/api-keys?search=ALPH")
    assert [key["name"] for key in found] == ["Alpha"]
    pages, url = [], "/auth/api-keys?sort=-createdAt&limit=3"
    while True:
        answer = await api.get(url)
        assert answer.headers["x-total-count"] == "4"
        pages.append([key["name"] for key in answer.json()])
        cursor = answer.headers.get("x-next-cursor")
        if cursor is None:
            break
        url = f"/auth/api-keys?sort=-createdAt&limit=3&cursor={cursor}"
    assert pages == [["dev", "gamma", "Alpha"], ["beta"]]


async def _remint(api: Api) -> str:
    from quintet_server.store.keys import create_key

    async with api.runtime.db.transaction() as conn:
        secret, _ = await create_key(conn, "ghostflow", project=api.project, name="dev")
    return secret


async def test_last_use_is_shown(api: Api) -> None:
    made = await make(api)
    await works(api, made["key"])
    [shown] = [key for key in await api.ask("GET", "/auth/api-keys") if key["id"] == made["id"]]
    assert shown["lastUsedAt"] is not None
