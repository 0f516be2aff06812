"""The history of a page, and going back in it."""

from __future__ import annotations

from ..conftest import Api
from .conftest import GUIDE, Pages, text


async def test_each_change_of_content_adds_a_version(api: Api, pages: Pages) -> None:
    id = (await pages.create("One"))["id"]
    await pages.patch(id, name="Two")
    await pages.patch(id, tags=["t"], status="published")
    await pages.patch(id, spec=text("three"))

    found = await api.ask("GET", f"/pages/{id}/versions")

    assert [(each["version"], each["name"]) for each in found["items"]] == [
        *((3, "Two"), (2, "Two"), (1, "One"))
    ]
    assert (found["total"], found["has_more"]) == (3, False)
    assert "spec" not in found["items"][0]
    page = await api.ask("GET", f"/pages/{id}/versions?limit=2")
    rest = await api.ask("GET", f"/pages/{id}/versions?limit=2&cursor={page['next_cursor']}")
    assert [each["version"] for each in rest["items"]] == [1]
    one = await api.ask("GET", f"/pages/{id}/versions/1")
    assert one["spec"]["root"]["props"] == {"text": "hello"}
    assert one["declared_queries"] == []
    for missing in ("4", "0", "x", "1" * 30):
        await api.refused("GET", f"/pages/{id}/versions/{missing}", None, 404, "not_found")


async def test_restore_repeats_an_earlier_version_as_a_new_one(api: Api, pages: Pages) -> None:
    made = await api.ask("POST", "/pages", GUIDE, 201)
    id, path = made["id"], f"/pages/{made['id']}/restore"
    await pages.patch(id, name="Other", spec=text("x"), declared_queries=[])

    page = await api.ask("POST", path, {"version": 1, "expected_version": 2})

    for field in ("name", "spec", "declared_queries", "tags"):
        assert page[field] == made[field]
    assert page["version"] == 3
    assert (await api.ask("GET", f"/pages/{id}/versions/3"))["restored_from"] == 1
    changed = {"declared_queries", "name", "spec"}
    [_, _, (type_, data)] = await pages.events()
    assert (type_, data["version"], set(data["changed"])) == ("page.updated", 3, changed)
    stale = {"version": 1, "expected_version": 2}
    error = await api.refused("POST", path, stale, 409, "version_conflict")
    assert error["details"]["current_version"] == 3
    await api.refused("POST", path, {"version": 9}, 404, "not_found")
    await api.refused("POST", path, {"version": 0}, 400, "invalid_argument")
