"""Workspaces of the platform."""

from __future__ import annotations

import pytest


async def test_a_workspace_is_opened_read_listed_and_deleted(api):
    made = await api.ask("POST", "/sessions", {"title": "Q2", "metadata": {"a": [1]}}, 201)
    assert made["id"].startswith("plat_")
    assert made == {
        "id": made["id"],
        "business_id": api.project_id,
        "user_id": made["user_id"],
        "title": "Q2",
        "metadata": {"a": [1]},
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    path = f"/sessions/{made['id']}"
    assert await api.ask("GET", path) == made
    assert (await api.ask("GET", "/sessions?q=q2"))["items"] == [made]
    assert (await api.ask("GET", "/sessions?q=q3"))["items"] == []
    other = await api.other_project()
    for method in ("GET", "DELETE"):
        await other.refused(method, path, None, 404, "not_found")
    assert await api.ask("DELETE", path) == {"deleted": True}
    await api.refused("DELETE", path, None, 404, "not_found")


async def test_a_workspace_needs_no_body_and_no_name(api):
    made = await api.ask("POST", "/sessions", None, 201)
    assert (made["title"], made["metadata"]) == (None, {})


async def test_workspaces_are_paged(api):
    ids = [(await api.ask("POST", "/sessions", {}, 201))["id"] for _ in range(5)]
    first = await api.ask("GET", "/sessions?limit=3")
    rest = await api.ask("GET", f"/sessions?limit=3&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]
    assert (first["total"], rest["next_cursor"]) == (5, None)


@pytest.mark.parametrize("body", [{"title": 1}, {"metadata": []}, {"title": "x" * 301}])
async def test_what_is_no_workspace_is_refused(api, body):
    await api.refused("POST", "/sessions", body, 400, "invalid_argument")


async def test_scopes_and_roles_are_asked_for(api):
    reader = await api.with_scopes("workflows:read")
    await reader.ask("GET", "/sessions")
    await reader.refused("POST", "/sessions", {}, 403, "missing_scope")
    viewer = await api.with_role("viewer")
    await viewer.refused("POST", "/sessions", {}, 403, "role_too_low")
