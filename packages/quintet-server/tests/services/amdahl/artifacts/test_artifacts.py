"""Artifacts: their life, their versions, and what they tell the world."""

from __future__ import annotations

import asyncio

import pytest


async def create(api, **fields):
    body = {"artifact_type": "note", "title": "A note", "content_json": {"text": "one"}, **fields}
    return await api.ask("POST", "/artifacts", body, 201)


async def told(api, artifact_id):
    """What the log has of an artifact."""
    return await api.sql(
        "SELECT type, data FROM events WHERE stream = %s ORDER BY seq", artifact_id
    )


async def test_an_artifact_is_created_read_and_told_of(api):
    made = await create(api)
    assert made["id"].startswith("art_")
    assert made == {
        "id": made["id"],
        "artifact_type": "note",
        "title": "A note",
        "status": "draft",
        "current_version": 1,
        "type": "note",
        "business_id": api.project_id,
        "session_id": None,
        "created_by": made["created_by"],
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "content_json": {"text": "one"},
    }
    assert await api.ask("GET", f"/artifacts/{made['id']}") == made
    short = {
        "id": made["id"],
        "artifact_type": "note",
        "title": "A note",
        "status": "draft",
        "current_version": 1,
    }
    assert await told(api, made["id"]) == [("artifact.created", {"artifact": short})]


async def test_answers_to_writes_tell_what_is_kept(api):
    made = await create(api, content_json={"big": 2**80, "text": "a\0b"})
    assert made["content_json"]["big"] == float(2**80)
    assert await api.ask("GET", f"/artifacts/{made['id']}") == made
    body = {"content_json": {"big": -(2**70)}}
    changed = await api.ask("PATCH", f"/artifacts/{made['id']}", body)
    assert await api.ask("GET", f"/artifacts/{made['id']}") == changed


async def test_the_older_name_of_the_type_is_taken(api):
    body = {"type": "blog_post", "title": "T"}
    made = await api.ask("POST", "/artifacts", body, 201)
    assert (made["artifact_type"], made["content_json"]) == ("blog_post", {})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": None}, "title"),
        ({"artifact_type": "No Such"}, "artifact_type"),
        ({"status": "published"}, "status"),
        ({"content_json": []}, "content_json"),
    ],
)
async def test_what_is_no_artifact_is_refused(api, fields, field):
    body = {"artifact_type": "note", "title": "T", **fields}
    error = await api.refused("POST", "/artifacts", body, 400, "invalid_argument")
    assert error["details"]["field"] == field


async def test_changes_make_versions_and_earlier_ones_stay(api):
    made = await create(api)
    path = f"/artifacts/{made['id']}"
    change = {"content_json": {"text": "two"}, "change_summary": "second thoughts"}
    changed = await api.ask("PATCH", path, change)
    assert (changed["current_version"], changed["content_json"]) == (2, {"text": "two"})
    renamed = await api.ask("PATCH", path, {"title": "Another"})
    assert (renamed["current_version"], renamed["content_json"]) == (3, {"text": "two"})
    same = await api.ask("PATCH", path, {"title": "Another", "content_json": {"text": "two"}})
    assert same["current_version"] == 3
    versions = await api.ask("GET", f"{path}/versions")
    assert versions["total"] == 3
    assert [(one["version"], one["title"], one["change_summary"]) for one in versions["items"]] == [
        (3, "Another", None),
        (2, "A note", "second thoughts"),
        (1, "A note", None),
    ]
    first = await api.ask("GET", f"{path}/versions/1")
    assert (first["artifact_id"], first["content_json"]) == (made["id"], {"text": "one"})
    assert [entry for entry in await told(api, made["id"]) if entry[0] == "artifact.updated"] == [
        (
            "artifact.updated",
            {"artifact_id": made["id"], "version": 2, "change_summary": "second thoughts"},
        ),
        ("artifact.updated", {"artifact_id": made["id"], "version": 3, "change_summary": None}),
    ]


async def test_versions_are_paged(api):
    made = await create(api)
    path = f"/artifacts/{made['id']}"
    for number in range(4):
        await api.ask("PATCH", path, {"title": f"T{number}"})
    seen, cursor = [], ""
    while cursor is not None:
        page = await api.ask("GET", f"{path}/versions?limit=2{cursor}")
        seen += [one["version"] for one in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("number", "status"), [("9", 404), ("0", 404), ("x", 400), ("-1", 400), ("9" * 12, 404)]
)
async def test_versions_that_do_not_exist_are_refused(api, number, status):
    made = await create(api)
    code = {400: "invalid_argument", 404: "not_found"}[status]
    await api.refused("GET", f"/artifacts/{made['id']}/versions/{number}", None, status, code)


async def test_a_status_changes_without_a_version_and_is_told_of(api):
    made = await create(api)
    path = f"/artifacts/{made['id']}"
    for status in ("saved", "saved", "archived"):
        changed = await api.ask("PATCH", path, {"status": status})
        assert (changed["status"], changed["current_version"]) == (status, 1)
    changes = [data for type, data in await told(api, made["id"]) if "status" in type]
    assert changes == [
        {"artifact_id": made["id"], "previous_status": "draft", "new_status": "saved"},
        {"artifact_id": made["id"], "previous_status": "saved", "new_status": "archived"},
    ]


async def test_a_stale_version_is_refused_and_changes_nothing(api):
    made = await create(api)
    path = f"/artifacts/{made['id']}"
    changes = [{"title": f"T{n}", "expected_version": 1} for n in range(3)]
    answers = await asyncio.gather(*(api.patch(path, change) for change in changes))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    error = await api.refused("PATCH", path, changes[0], 409, "version_conflict")
    assert error["details"]["current_version"] == 2


async def test_lists_are_filtered_and_have_no_contents(api):
    first = await create(api, title="Alpha", session_id="as_1")
    second = await create(api, title="Beta", artifact_type="blog_post", status="saved")

    async def listed(query):
        answer = await api.ask("GET", f"/artifacts?{query}")
        assert all("content_json" not in one for one in answer["items"])
        assert answer["total"] == len(answer["items"])
        return [one["id"] for one in answer["items"]]

    assert await listed("") == [second["id"], first["id"]]
    assert await listed("status=saved") == [second["id"]]
    assert await listed("artifact_type=note") == await listed("type=note") == [first["id"]]
    assert await listed("session_id=as_1") == [first["id"]]
    assert await listed("q=ALPHA") == [first["id"]]
    assert await listed("created_at_gte=2999-01-01") == []
    await api.refused("GET", "/artifacts?status=x", None, 400, "invalid_argument")


async def test_deleting_is_for_good(api):
    made = await create(api)
    path = f"/artifacts/{made['id']}"
    assert await api.ask("DELETE", path, None, 204) is None
    await api.refused("DELETE", path, None, 404, "not_found")
    await api.refused("GET", path, None, 404, "not_found")
    await api.refused("GET", f"{path}/versions", None, 404, "not_found")
    assert (
        await api.sql("SELECT 1 FROM amdahl_artifact_versions WHERE artifact_id = %s", made["id"])
        == []
    )


async def test_artifacts_of_others_do_not_exist(api):
    made = await create(api)
    other, path = await api.other_project(), f"/artifacts/{made['id']}"
    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, {"title": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}/versions", None),
        ("GET", f"{path}/versions/1", None),
    ):
        await other.refused(method, where, body, 404, "not_found")


async def test_same_key_creates_once(api):
    body, key = {"artifact_type": "note", "title": "T"}, {"Idempotency-Key": "k"}
    answers = await asyncio.gather(*(api.post("/artifacts", body, headers=key) for _ in range(3)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await api.ask("GET", "/artifacts"))["total"] == 1


async def test_scopes_and_roles_are_asked_for(api):
    reader = await api.with_scopes("artifacts:read")
    await reader.ask("GET", "/artifacts")
    await reader.refused("POST", "/artifacts", {}, 403, "missing_scope")
    older = await api.with_scopes("assets:read")
    await older.ask("GET", "/artifacts")
    viewer = await api.with_role("viewer")
    await viewer.refused("DELETE", "/artifacts/art_x", None, 403, "role_too_low")
