"""Creating, reading, listing, changing and archiving pages."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from ..conftest import Api
from .conftest import BY_CHANNEL, CUSTOM, GUIDE, Pages, text
from .nodes import MINIMAL


async def test_page_of_the_guide_is_created_in_canonical_form(api: Api, pages: Pages) -> None:
    answer = await api.post("/pages", GUIDE)

    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    page = answer.json()
    table = {"type": "Table", "props": {"data": {"$query": "by_channel"}}}
    assert page == {
        "id": str(uuid.UUID(page["id"])),
        "name": "Weekly sentiment",
        "description": None,
        "tags": ["weekly", "sentiment"],
        "spec": {"version": 1, "root": {"type": "Section", "children": [table]}},
        "declared_queries": [{**BY_CHANNEL, "source": "sql"}],
        "status": "draft",
        "version": 1,
        "layout": "dashboard",
        "uses_custom": False,
        "page_grants": [],
        "business_id": api.project_id,
        "created_by": page["created_by"],
        "updated_by": page["created_by"],
        "created_at": page["created_at"],
        "updated_at": page["created_at"],
        "archived_at": None,
        "url": f"http://test/api/platform/v1/pages/{page['id']}",
    }
    assert page["created_by"].startswith("usr_")
    assert await pages.get(page["id"]) == page
    told = {"id": page["id"], "name": "Weekly sentiment", "status": "draft", "version": 1}
    assert await pages.events() == [("page.created", {"page": told})]


async def test_page_of_every_component_is_created_over_real_queries(pages: Pages) -> None:
    query = {
        "name": "q",
        "sql": "SELECT channel, id, 1 AS amount, 'a' AS source, 'b' AS target, 2 AS value "
        "FROM interactions",
    }
    children = [{"type": name, **props} for name, props in MINIMAL.items()]

    page = await pages.create(
        spec={"type": "Section", "children": children}, declared_queries=[query]
    )

    assert page["uses_custom"] is True
    assert [child["type"] for child in page["spec"]["root"]["children"]] == list(MINIMAL)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"spec": text("x")}, "name"),
        ({"name": "  ", "spec": text("x")}, "name"),
        ({"name": "n" * 201, "spec": text("x")}, "name"),
        ({"name": "a\0b", "spec": text("x")}, "name"),
        ({"name": 3, "spec": text("x")}, "name"),
        ({"name": "n"}, "spec"),
        ({"name": "n", "spec": text("x"), "tags": ["t"] * 3 + [str(n) for n in range(20)]}, "tags"),
        ({"name": "n", "spec": text("x"), "tags": ["t" * 51]}, "tags"),
        ({"name": "n", "spec": text("x"), "tags": [" "]}, "tags"),
        ({"name": "n", "spec": text("x"), "page_grants": ["boss"]}, "page_grants"),
    ],
)
async def test_page_with_a_bad_field_is_refused(api: Api, body: Any, field: str) -> None:
    error = await api.refused("POST", "/pages", body, 400, "invalid_argument")
    assert error["details"]["field"].startswith(field)


@pytest.mark.parametrize(
    ("method", "path", "camel", "name"),
    [
        ("POST", "/pages", "declaredQueries", "declared_queries"),
        ("POST", "/pages/validate", "declaredQueries", "declared_queries"),
        ("PATCH", "/pages/pg_none", "expectedVersion", "expected_version"),
    ],
)
async def test_known_field_in_camel_case_is_refused_with_its_name(
    api: Api, method: str, path: str, camel: str, name: str
) -> None:
    body = {"name": "x", "spec": {"version": 1, "root": {"type": "Divider"}}, camel: []}
    error = await api.refused(method, path, body, 400, "invalid_argument")
    assert error["message"] == f"{camel} is called {name}"


async def test_unknown_field_of_a_page_is_ignored(api: Api) -> None:
    body = {"spec": {"version": 1, "root": {"type": "Divider"}}, "color": "red"}
    assert (await api.ask("POST", "/pages/validate", body))["valid"]


async def test_page_that_fails_the_verifier_is_refused_with_its_verdict(api: Api) -> None:
    body = {
        **GUIDE,
        "declared_queries": [{"name": "by_channel", "sql": "SELECT channel FROM accounts"}],
    }

    error = await api.refused("POST", "/pages", body, 400, "invalid_spec")

    verdict = error["details"]["verdict"]
    assert await api.ask("POST", "/pages/validate", body) == verdict
    assert verdict["valid"] is False
    [problem] = verdict["errors"]
    assert problem["kind"] == "invalid_sql"
    assert problem["path"] == "/declared_queries/0/sql"
    assert problem["reason"] == "unknown_table"
    assert "interactions" in problem["allowed"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT channel AS events, business_id FROM interactions", "tenant_column"),
        ("SELECT @since AS events", "parameter_missing"),
        ("DELETE FROM interactions", "not_select"),
        ("SELECT 1 AS events; SELECT 2 AS events", "multiple_statements"),
    ],
)
async def test_statement_that_would_be_refused_makes_no_page(
    api: Api, statement: str, reason: str
) -> None:
    body = {"spec": text("x"), "declared_queries": [{"name": "q", "sql": statement}]}
    verdict = await api.ask("POST", "/pages/validate", body)
    assert [error["reason"] for error in verdict["errors"]] == [reason]


async def test_validate_checks_columns_against_the_real_query(api: Api) -> None:
    spec = {"type": "BarChart", "data": {"$query": "by_channel"}, "x": "channel", "y": "evnts"}
    body = {"spec": spec, "declared_queries": [BY_CHANNEL]}

    verdict = await api.ask("POST", "/pages/validate", body)

    [error] = verdict["errors"]
    assert (error["stage"], error["path"]) == ("queries", "/root/props/y")
    assert error["allowed"] == ["channel", "events"]


async def test_validate_answers_200_for_anything(api: Api) -> None:
    for body in ({}, {"spec": 3, "declared_queries": "x"}, {"spec": [[]]}):
        assert (await api.ask("POST", "/pages/validate", body))["valid"] is False
    assert await api.sql("SELECT FROM amdahl_pages WHERE project_id = %s", api.project_id) == []


async def test_custom_without_its_scope_is_forbidden(api: Api) -> None:
    editor = await api.with_role("editor", "pages:read", "pages:write")
    body = {"name": "Mine", "spec": CUSTOM}

    error = await editor.refused("POST", "/pages", body, 403, "missing_scope")
    assert error["details"]["required_scopes"] == ["pages:admin"]
    verdict = await editor.ask("POST", "/pages/validate", body)
    assert verdict["uses_custom"] is True
    assert [error["kind"] for error in verdict["errors"]] == ["custom_forbidden"]

    made = await Pages(api).create("Mine", spec=CUSTOM)
    # Who only publishes or renames has not written that code.
    page = await Pages(editor).patch(made["id"], name="Ours", status="published")
    assert (page["name"], page["uses_custom"]) == ("Ours", True)
    await editor.refused("PATCH", f"/pages/{made['id']}", {"spec": CUSTOM}, 403, "missing_scope")
    restore = f"/pages/{made['id']}/restore"
    await editor.refused("POST", restore, {"version": 1}, 403, "missing_scope")


async def test_idempotency_key_makes_one_page(api: Api, pages: Pages) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await api.post("/pages", GUIDE, headers=key)
    again = await api.post("/pages", GUIDE, headers=key)

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert await pages.names() == ["Weekly sentiment"]


async def test_patch_changes_only_what_is_sent(api: Api, pages: Pages) -> None:
    made = await pages.create(description="first", tags=["a"], declared_queries=[BY_CHANNEL])

    page = await pages.patch(made["id"], description=None, tags=["b", "b"], status="published")

    assert (page["description"], page["tags"], page["status"]) == (None, ["b"], "published")
    assert page["version"] == 1
    assert page["declared_queries"] == made["declared_queries"]
    page = await pages.patch(made["id"], name=" New ", declared_queries=None)
    assert (page["name"], page["version"], page["declared_queries"]) == ("New", 2, [])
    assert (await pages.patch(made["id"]))["version"] == 2
    assert (await pages.patch(made["id"], name="New"))["version"] == 2
    changed = [data.get("changed") for _, data in await pages.events()]
    assert changed == [None, ["description", "status", "tags"], ["declared_queries", "name"]]


@pytest.mark.parametrize("name", ["name", "spec", "status"])
async def test_patch_with_a_null_that_cannot_be_is_refused(pages: Pages, name: str) -> None:
    made = await pages.create()
    error = (await pages.patch(made["id"], 400, **{name: None}))["error"]
    assert (error["code"], error["details"]["field"]) == ("invalid_argument", name)


async def test_patch_is_verified_as_a_whole(api: Api, pages: Pages) -> None:
    made = await api.ask("POST", "/pages", GUIDE, 201)

    error = (await pages.patch(made["id"], 400, declared_queries=[]))["error"]

    assert error["code"] == "invalid_spec"
    [problem] = error["details"]["verdict"]["errors"]
    assert (problem["kind"], problem["path"]) == (
        "unbound_query",
        "/root/children/0/props/data",
    )
    assert await pages.get(made["id"]) == made


async def test_patch_for_a_stale_version_conflicts(api: Api, pages: Pages) -> None:
    made = await pages.create()
    path = f"/pages/{made['id']}"
    await pages.patch(made["id"], name="Two", expected_version=1)

    error = await api.refused(
        "PATCH", path, {"name": "Three", "expected_version": 1}, 409, "version_conflict"
    )
    assert error["details"]["current_version"] == 2
    stale, fresh, odd = ({"If-Match": tag} for tag in ('"1"', '"2"', "2"))
    body = {"name": "Three"}
    await api.refused("PATCH", path, body, 409, "version_conflict", headers=stale)
    await api.refused("PATCH", path, body, 400, "invalid_argument", headers=odd)
    await api.refused("DELETE", path, None, 409, "version_conflict", headers=stale)
    answer = await api.patch(path, body, headers=fresh)
    assert (answer.json()["version"], answer.headers["etag"]) == (3, '"3"')


async def test_changes_at_the_same_time_all_count(pages: Pages) -> None:
    id = (await pages.create())["id"]
    specs = [text(str(n)) for n in range(3)]

    await asyncio.gather(
        *(pages.patch(id, spec=spec) for spec in specs),
        pages.patch(id, tags=["t"]),
        pages.patch(id, name="New"),
    )

    page = await pages.get(id)
    assert (page["version"], page["name"], page["tags"]) == (5, "New", ["t"])


async def test_archived_page_leaves_the_list_and_comes_back(api: Api, pages: Pages) -> None:
    id = (await pages.create("Old", status="published"))["id"]
    await pages.archive(id)

    assert await pages.names() == []
    assert await pages.names("?status=archived") == ["Old"]
    page = await pages.get(id)
    assert (page["status"], page["version"]) == ("archived", 1)
    assert page["archived_at"] is not None
    await api.refused("DELETE", f"/pages/{id}", None, 404, "not_found")
    await api.refused("PATCH", f"/pages/{id}", {"name": "x"}, 409, "invalid_state")
    await api.refused("POST", f"/pages/{id}/render", {}, 409, "invalid_state")
    await api.refused("POST", f"/pages/{id}/restore", {"version": 1}, 409, "invalid_state")

    page = await pages.patch(id, status="draft")
    assert (page["status"], page["archived_at"]) == ("draft", None)
    assert await pages.names() == ["Old"]
    archived = ("page.archived", {"page_id": id, "previous_status": "draft", "permanent": False})
    assert (await pages.events())[1] == archived
    assert [type for type, _ in await pages.events()] == [
        "page.created",
        "page.archived",
        "page.updated",
    ]


async def test_hard_delete_takes_the_history_along(api: Api, pages: Pages) -> None:
    id = (await pages.create())["id"]
    editor = await api.with_role("editor", "pages:read", "pages:write")
    await editor.refused("POST", f"/pages/{id}/hard-delete", None, 403, "missing_scope")

    answer = await api.ask("POST", f"/pages/{id}/hard-delete")

    assert answer == {"id": id, "deleted": True}
    await pages.get(id, 404)
    assert await api.sql("SELECT FROM amdahl_page_versions WHERE page_id = %s", id) == []
    assert [type for type, _ in await pages.events()] == ["page.created", "page.archived"]
    await api.refused("POST", f"/pages/{id}/hard-delete", None, 404, "not_found")


async def test_pages_of_others_do_not_exist(api: Api, pages: Pages) -> None:
    id = (await pages.create())["id"]
    other = await api.other_project()

    for method, path, body in (
        ("GET", f"/pages/{id}", None),
        ("PATCH", f"/pages/{id}", {"name": "x"}),
        ("DELETE", f"/pages/{id}", None),
        ("GET", f"/pages/{id}/versions", None),
        ("POST", f"/pages/{id}/restore", {"version": 1}),
        ("POST", f"/pages/{id}/embed-token", {"audience": "self"}),
        ("POST", f"/pages/{id}/hard-delete", None),
        ("GET", "/pages/nothing", None),
        ("GET", f"/pages/{uuid.uuid4()}", None),
    ):
        await other.refused(method, path, body, 404, "not_found")
    assert (await other.ask("GET", "/pages"))["total"] == 0
    assert await pages.names() == ["Page"]


async def test_viewers_read_and_editors_write(api: Api, pages: Pages) -> None:
    id = (await pages.create())["id"]
    viewer = await api.with_role("viewer")

    assert (await viewer.ask("GET", f"/pages/{id}"))["id"] == id
    for method, path, body in (
        ("POST", "/pages", GUIDE),
        ("PATCH", f"/pages/{id}", {"name": "x"}),
        ("DELETE", f"/pages/{id}", None),
        ("POST", f"/pages/{id}/restore", {"version": 1}),
        ("POST", f"/pages/{id}/hard-delete", None),
    ):
        await viewer.refused(method, path, body, 403, "role_too_low")


async def test_granted_page_exists_for_its_roles_only(api: Api, pages: Pages) -> None:
    editor, viewer = await api.with_role("editor"), await api.with_role("viewer")
    id = (await Pages(editor).create(page_grants=["editor", "editor"]))["id"]

    assert (await pages.get(id))["page_grants"] == ["editor"]  # owners see every page
    assert await Pages(editor).names() == ["Page"]
    assert await Pages(viewer).names() == []
    await viewer.refused("GET", f"/pages/{id}", None, 404, "not_found")
    await viewer.refused("POST", f"/pages/{id}/render", {}, 404, "not_found")
    body = {"page_grants": ["admin"]}
    await editor.refused("PATCH", f"/pages/{id}", body, 400, "invalid_argument")
    await pages.patch(id, **body)
    await editor.refused("PATCH", f"/pages/{id}", {"page_grants": []}, 404, "not_found")
    await pages.patch(id, page_grants=None)
    assert (await viewer.ask("GET", f"/pages/{id}"))["page_grants"] == []


async def test_list_pages_through_by_cursor_and_by_offset(api: Api, pages: Pages) -> None:
    for name in "abcde":
        await pages.create(name)

    first = await api.ask("GET", "/pages?limit=2")
    assert [page["name"] for page in first["items"]] == ["e", "d"]
    assert (first["total"], first["has_more"], first["offset"]) == (5, True, 0)
    assert "spec" not in first["items"][0]
    assert first["items"][0]["query_count"] == 0
    await pages.create("f")
    cursor = first["next_cursor"]
    assert await pages.names(f"?limit=2&cursor={cursor}") == ["c", "b"]
    assert await pages.names("?limit=2&offset=4") == ["b", "a"]
    assert await pages.names("?limit=2&offset=6") == []
    await api.refused("GET", f"/pages?q=x&cursor={cursor}", None, 400, "invalid_argument")
    await api.refused("GET", "/pages?status=new", None, 400, "invalid_argument")


@pytest.mark.parametrize("given", ["", "x", "-1", "1.5", "\u0663", "9" * 5000])
@pytest.mark.parametrize("name", ["limit", "offset"])
async def test_list_with_a_number_that_is_none_is_400(api: Api, name: str, given: str) -> None:
    path = f"/pages?{name}={given}"
    error = await api.refused("GET", path, None, 400, "invalid_argument")
    assert error["details"]["field"] == name


async def test_list_filters_by_words_tags_status_and_time(pages: Pages) -> None:
    await pages.create("Win rate", tags=["sales", "weekly"], description="gauge")
    await pages.create("100% churn", tags=["weekly"])
    draft = await pages.create("Funnel", tags=["sales_ops"])
    await pages.patch(draft["id"], status="published")

    assert await pages.names("?q=WIN") == ["Win rate"]
    assert await pages.names("?q=gaug") == ["Win rate"]
    assert await pages.names("?q=sales_") == ["Funnel"]
    assert await pages.names("?q=0%25") == ["100% churn"]
    assert await pages.names("?q=%00") == []
    assert await pages.names("?tags=weekly") == ["100% churn", "Win rate"]
    assert await pages.names("?tags=weekly,sales") == ["Win rate"]
    assert await pages.names("?tags=weekly&tags=sales") == ["Win rate"]
    assert await pages.names("?status=published") == ["Funnel"]
    assert await pages.names(f"?created_at_gte={draft['created_at']}&q=funnel") == ["Funnel"]
    assert await pages.names("?updated_at_lte=2020-01-01") == []
