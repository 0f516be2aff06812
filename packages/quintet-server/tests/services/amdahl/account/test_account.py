"""Who is calling: `/me`, keys of a business, the audit log."""

from __future__ import annotations

from ..conftest import Api


async def test_me_tells_business_scopes_and_expiry(api: Api) -> None:
    found = await api.ask("GET", "/me")
    assert found["business_id"] == api.project_id
    assert "data:read" in found["scopes"]
    assert found["expires_at"] is None


async def test_context_tells_user_workspace_and_role(api: Api) -> None:
    viewer = await api.with_role("viewer", "data:read")
    found = await viewer.ask("GET", "/me/context")
    assert found["role"] == "viewer"
    assert found["user_id"] == "usr_viewer"
    assert found["auth_method"] == "api_key"
    assert found["scopes"] == ["data:read"]
    assert found["workspace"] == {
        "id": api.project_id,
        "name": api.project,
        "slug": api.project,
    }
    assert (await api.ask("GET", "/me/context"))["role"] == "owner"


async def test_key_is_shown_once_and_works_until_it_is_revoked(api: Api) -> None:
    body = {"name": "reports", "scopes": ["pages:read"], "role": "viewer", "expires_in_days": 1}
    made = await api.ask("POST", "/api_keys", body, 201)
    assert made["key"].startswith("amdhl_")
    assert len(made["key"]) == 54
    assert made["prefix"] == made["key"][:14]
    headers = {"Authorization": f"Bearer {made['key']}"}
    found = await api.ask("GET", "/me", headers=headers)
    assert found["scopes"] == ["pages:read"]
    assert found["expires_at"] is not None
    listed = await api.ask("GET", "/api_keys")
    assert listed["items"][0]["id"] == made["id"]
    assert all("key" not in key for key in listed["items"])
    await api.ask("DELETE", f"/api_keys/{made['id']}", status=204)
    assert (await api.get("/me", headers=headers)).status_code == 401
    await api.refused("DELETE", f"/api_keys/{made['id']}", None, 404, "not_found")


async def test_bundles_and_the_other_name_of_artifacts_stand_for_scopes(api: Api) -> None:
    made = await api.ask("POST", "/api_keys", {"name": "a", "scopes": ["assets:read"]}, 201)
    assert made["scopes"] == ["artifacts:read"]
    made = await api.ask("POST", "/api_keys", {"name": "b", "scopes": ["mcp_read_only"]}, 201)
    assert "data:read" in made["scopes"]
    assert all(scope.endswith(":read") for scope in made["scopes"])


async def test_key_can_give_no_more_than_it_has(api: Api) -> None:
    error = await api.refused(
        "POST", "/api_keys", {"name": "x", "scopes": ["no:such"]}, 400, "invalid_argument"
    )
    assert "data:read" in error["details"]["allowed"]
    clerk = await api.with_role("admin", "keys:manage", "data:read")
    body = {"name": "x", "scopes": ["pages:write"]}
    error = await clerk.refused("POST", "/api_keys", body, 403, "missing_scope")
    assert error["details"]["required_scopes"] == ["pages:write"]
    body = {"name": "x", "scopes": ["data:read"], "role": "owner"}
    await clerk.refused("POST", "/api_keys", body, 403, "role_too_low")
    editor = await api.with_role("editor", "keys:manage")
    body = {"name": "x", "scopes": ["keys:manage"]}
    error = await editor.refused("POST", "/api_keys", body, 403, "role_too_low")
    assert error["details"] == {"required_role": "admin", "role": "editor"}


async def test_keys_of_another_business_do_not_exist(api: Api) -> None:
    other = await api.other_project()
    made = await other.ask("POST", "/api_keys", {"name": "x", "scopes": ["data:read"]}, 201)
    await api.refused("DELETE", f"/api_keys/{made['id']}", None, 404, "not_found")


async def test_audit_log_has_one_row_per_operation(api: Api) -> None:
    await api.ask("GET", "/me")
    await api.refused("POST", "/api_keys", {"name": "x"}, 400, "invalid_argument")
    log = await api.ask("GET", "/audit_log")
    rows = [(row["operation"], row["status"]) for row in log["items"]]
    assert rows == [("api_keys.create", 400), ("me.get", 200)]
    found = await api.ask("GET", "/audit_log?q=api_keys.c&limit=1")
    assert found["total"] == 1
    assert found["items"][0]["user_id"].startswith("usr_")
    assert (await api.ask("GET", "/audit_log?q=100%25"))["total"] == 0


async def test_audit_log_is_paged_by_cursor_and_by_offset(api: Api) -> None:
    for _ in range(5):
        await api.ask("GET", "/me")
    by_offset = [
        (await api.ask("GET", f"/audit_log?q=me.get&limit=2&offset={offset}"))["items"]
        for offset in (0, 2, 4)
    ]
    by_cursor, cursor = [], ""
    while True:
        page = await api.ask("GET", f"/audit_log?q=me.get&limit=2{cursor}")
        assert page["total"] == 5
        by_cursor.append(page["items"])
        if page["next_cursor"] is None:
            assert not page["has_more"]
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert by_cursor == by_offset
    assert [len(page) for page in by_cursor] == [2, 2, 1]


async def test_cursor_of_other_filters_or_of_nobody_is_refused(api: Api) -> None:
    for _ in range(3):
        await api.ask("GET", "/me")
    cursor = (await api.ask("GET", "/audit_log?q=me&limit=1"))["next_cursor"]
    path = "/audit_log?limit=1&q={}&cursor={}"
    await api.ask("GET", path.format("me", cursor))
    for q, given in (("you", cursor), ("me", cursor[:-3] + "abc"), ("me", "é"), ("me", "")):
        error = await api.refused("GET", path.format(q, given), None, 400, "invalid_argument")
        assert error["details"]["field"] == "cursor"
    bad = f"/audit_log?cursor={cursor}&offset=0"
    await api.refused("GET", bad, None, 400, "invalid_argument")
    for limit in ("0", "-1", "x", "1.5", "٣"):
        await api.refused("GET", f"/audit_log?limit={limit}", None, 400, "invalid_argument")
    assert (await api.ask("GET", "/audit_log?limit=5000"))["limit"] == 200


async def test_refused_calls_are_in_the_audit_log_too(api: Api) -> None:
    clerk = await api.with_role("viewer", "data:read")
    await clerk.refused("GET", "/api_keys", None, 403, "missing_scope")
    await clerk.refused("GET", "/agents/as_none/stream", None, 403, "missing_scope")
    rows = (await api.ask("GET", "/audit_log?status=403"))["items"]
    assert [row["operation"] for row in rows] == ["agents.stream", "api_keys.list"]
    assert {row["user_id"] for row in rows} == {"usr_viewer"}
