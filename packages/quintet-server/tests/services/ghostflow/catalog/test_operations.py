"""What all five resources do the same way."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from .resources import CAMPAIGNS, KINDS, NETWORKS, OFFERS, SOURCES, Kind, make, refused

pytestmark = pytest.mark.engines
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)


@each_kind
async def test_life_of_an_object_from_creation_to_deletion(api: Any, kind: Kind) -> None:
    path = f"/{kind.plural}"
    created = await api.post(path, kind.body(name="  First  "))
    made = created.json()
    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert (made["name"], made["version"]) == ("First", 1)
    assert made["teamId"] == str(await api.team_id())
    assert uuid.UUID(made["id"]).version == 7
    assert made["createdAt"] == made["updatedAt"]
    assert made["createdAt"].endswith("Z")

    item = f"{path}/{made['id']}"
    read = await api.get(item)
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    listed = await api.get(path)
    assert (listed.json(), listed.headers["x-total-count"]) == ([made], "1")

    changed = await api.patch(item, {"name": "Second"})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    expected = {**made, "name": "Second", "version": 2}
    assert {**changed.json(), "updatedAt": made["updatedAt"]} == expected
    assert await api.ask("GET", item) == changed.json()

    assert await api.ask("DELETE", item) == {"id": made["id"], "deleted": True}
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        await api.refused(method, item, body, 404, "NOT_FOUND")
    assert await api.ask("GET", path) == []


@each_kind
async def test_object_of_another_team_or_malformed_id_is_not_found(api: Any, kind: Kind) -> None:
    made = await make(api, kind)
    other = await api.other_project()
    for client, id in ((other, made["id"]), (api, "non-existent-id"), (api, str(uuid.uuid4()))):
        for method, body in (("GET", None), ("PATCH", {}), ("PUT", {}), ("DELETE", None)):
            await client.refused(method, f"/{kind.plural}/{id}", body, 404, "NOT_FOUND")
    assert await other.ask("GET", f"/{kind.plural}") == []
    assert await api.ask("GET", f"/{kind.plural}/{made['id']}") == made


@each_kind
async def test_unknown_field_is_refused_by_its_name(api: Any, kind: Kind) -> None:
    assert await refused(api, kind, colour="red") == ["colour"]
    made = await make(api, kind)
    item = f"/{kind.plural}/{made['id']}"
    error = await api.refused("PATCH", item, {"team_id": 1}, 400, "VALIDATION_ERROR")
    assert error["details"] == [{"field": "team_id", "reason": "is not a field of this request"}]


@each_kind
async def test_what_an_answer_says_can_be_sent_back(api: Any, kind: Kind) -> None:
    made = await make(api, kind)
    item = f"/{kind.plural}/{made['id']}"
    assert await api.ask("PATCH", item, {}) == made
    # What was the team's so far (a currency) is the object's own from now on.
    once = await api.ask("PATCH", item, made)
    signs = {"version": made["version"], "updatedAt": made["updatedAt"]}
    assert {**once, **signs} == made
    assert await api.ask("PUT", item, once) == once
    assert set(kind.read_only) < set(made)


@each_kind
async def test_read_only_field_with_another_value_is_refused(api: Any, kind: Kind) -> None:
    made = await make(api, kind)
    for field in kind.read_only:
        body = {"name": "Changed", field: "other"}
        error = await api.refused(
            "PATCH", f"/{kind.plural}/{made['id']}", body, 400, "VALIDATION_ERROR"
        )
        assert error["details"] == [{"field": field, "reason": "is read-only"}]
        assert await refused(api, kind, **{field: "other"}) == [field]
    assert await api.ask("GET", f"/{kind.plural}/{made['id']}") == made
    # In JSON, 1 and true are two things.
    body = {"version": True}
    await api.refused("PATCH", f"/{kind.plural}/{made['id']}", body, 400, "VALIDATION_ERROR")
    assert len(await api.ask("GET", f"/{kind.plural}")) == 1


@each_kind
async def test_null_clears_what_can_be_null_and_is_refused_elsewhere(api: Any, kind: Kind) -> None:
    made = await make(api, kind)
    item = f"/{kind.plural}/{made['id']}"
    for field in made:
        if field in kind.read_only:
            continue
        if field in kind.nullable:
            await api.ask("PATCH", item, {field: None})
        else:
            error = await api.refused("PATCH", item, {field: None}, 400, "VALIDATION_ERROR")
            assert error["details"][0]["field"].startswith(field)
    changed = await api.ask("GET", item)
    same = {"version", "updatedAt", *kind.nullable}
    assert {k: v for k, v in changed.items() if k not in same} == {
        k: v for k, v in made.items() if k not in same
    }


@each_kind
async def test_name_out_of_bounds_is_refused(api: Any, kind: Kind) -> None:
    for name in ["", "   ", "x" * 201, "a\nb", "a\u0000", 5, None, ["x"]]:
        assert await refused(api, kind, name=name) == ["name"], name


async def test_name_is_required_except_for_domains(api: Any) -> None:
    for kind in KINDS[:4]:
        error = await api.refused("POST", f"/{kind.plural}", kind.needed, 400, "VALIDATION_ERROR")
        assert error["details"] == [{"field": "name", "reason": "is required"}]


@each_kind
async def test_if_match_lets_only_the_version_through_that_was_read(api: Any, kind: Kind) -> None:
    made = await make(api, kind)
    item = f"/{kind.plural}/{made['id']}"
    stale, fresh = {"If-Match": '"7"'}, {"If-Match": '"1"'}
    for method, body in (("PATCH", {"name": "b"}), ("PUT", {"name": "b"}), ("DELETE", None)):
        error = await api.refused(method, item, body, 412, "PRECONDITION_FAILED", headers=stale)
        assert '"1"' in error["message"]
    changed = await api.ask("PATCH", item, {"name": "b"}, headers=fresh)
    assert (changed["name"], changed["version"]) == ("b", 2)
    await api.refused("DELETE", item, None, 412, "PRECONDITION_FAILED", headers=fresh)
    await api.ask("DELETE", item, headers={"If-Match": "*"})


@each_kind
async def test_scope_of_each_operation(api: Any, kind: Kind) -> None:
    made = await make(api, kind)
    path, item = f"/{kind.plural}", f"/{kind.plural}/{made['id']}"
    reads = [("GET", path, None), ("GET", item, None)]
    writes = [
        ("POST", path, kind.body()),
        ("PATCH", item, {"name": "n"}),
        ("PUT", item, {"name": "n"}),
        ("DELETE", item, None),
    ]
    reader = await api.with_scopes(f"read:{kind.plural}")
    writer = await api.with_scopes(f"write:{kind.plural}")
    for client, allowed, denied, needed in (
        (reader, reads, writes, f"write:{kind.plural}"),
        (writer, writes, reads, f"read:{kind.plural}"),
    ):
        for method, where, body in denied:
            error = await client.refused(method, where, body, 403, "AUTH_INSUFFICIENT_SCOPE")
            assert error["details"] == [{"field": "scope", "reason": needed}]
        for method, where, body in allowed:
            await client.ask(method, where, body, 201 if method == "POST" else 200)


@each_kind
async def test_creation_under_one_idempotency_key_happens_once(api: Any, kind: Kind) -> None:
    body, headers = kind.body(), {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(
        *(api.post(f"/{kind.plural}", body, headers=headers) for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 2
    assert all(answer.headers["etag"] == '"1"' for answer in answers)
    assert len(await api.ask("GET", f"/{kind.plural}")) == 1
    await api.refused(
        "POST",
        f"/{kind.plural}",
        {**body, "name": "x"},
        422,
        "IDEMPOTENCY_KEY_REUSED",
        headers=headers,
    )


async def test_refused_creation_is_refused_again_under_its_key(api: Any) -> None:
    source, headers = str(uuid.uuid4()), {"Idempotency-Key": "k2"}
    body = CAMPAIGNS.body(sourceId=source)
    first = await api.post("/campaigns", body, headers=headers)
    again = await api.post("/campaigns", body, headers=headers)
    assert (first.status_code, first.content) == (400, again.content)
    assert again.headers["idempotency-replayed"] == "true"


async def test_pages_of_a_list_follow_one_another_without_gap_or_repetition(api: Any) -> None:
    for name in ("d", "b", "e", "a", "c"):
        await make(api, SOURCES, name=name)
    for sort, expected in (
        (None, "caebd"),
        ("createdAt", "dbeac"),
        ("name", "abcde"),
        ("-name", "edcba"),
    ):
        seen, cursor = "", None
        for _ in range(3):
            params = {"limit": 2, "sort": sort, "cursor": cursor}
            page = await api.get("/sources", params={k: v for k, v in params.items() if v})
            assert page.headers["x-total-count"] == "5"
            seen += "".join(one["name"] for one in page.json())
            cursor = page.headers.get("x-next-cursor")
            if cursor is not None:
                assert page.headers["link"].endswith('; rel="next"')
                assert cursor in page.headers["link"]
        assert (seen, cursor) == (expected, None)


async def test_list_refuses_what_it_does_not_understand(api: Any) -> None:
    await make(api, SOURCES, name="a")
    await make(api, SOURCES, name="b")
    page = await api.get("/sources", params={"limit": 1})
    cursor = page.headers["x-next-cursor"]
    for path, params, field in (
        ("/sources", {"limit": 0}, "limit"),
        ("/sources", {"limit": 1001}, "limit"),
        ("/sources", {"sort": "price"}, "sort"),
        ("/sources", {"status": "active"}, "status"),
        ("/networks", {"status": "all"}, "status"),
        ("/campaigns", {"status": "pending"}, "status"),
        ("/sources", {"cursor": "abc"}, "cursor"),
        ("/sources", {"cursor": cursor, "search": "a"}, "cursor"),
        ("/networks", {"cursor": cursor}, "cursor"),
    ):
        error = await api.refused("GET", path, None, 400, "VALIDATION_ERROR", params=params)
        assert [one["field"] for one in error["details"]] == [field]
    other = await api.other_project()
    await other.refused("GET", "/sources", None, 400, "VALIDATION_ERROR", params={"cursor": cursor})


async def test_search_finds_parts_of_names_in_any_case_and_takes_no_wildcards(api: Any) -> None:
    for name in ("Summer Promo", "summer_2", "100% off"):
        await make(api, NETWORKS, name=name)
    for search, expected in (
        ("SUMMER", {"Summer Promo", "summer_2"}),
        ("_", {"summer_2"}),
        ("%", {"100% off"}),
        ("\u0000", set()),
        ("nothing", set()),
    ):
        page = await api.get("/networks", params={"search": search})
        assert {one["name"] for one in page.json()} == expected
        assert page.headers["x-total-count"] == str(len(expected))


async def test_page_behind_the_last_row_is_empty_and_still_knows_the_total(api: Any) -> None:
    made = [await make(api, OFFERS, name=name) for name in ("a", "b")]
    page = await api.get("/offers", params={"limit": 1})
    await api.ask("DELETE", f"/offers/{made[0]['id']}")
    last = await api.get("/offers", params={"limit": 1, "cursor": page.headers["x-next-cursor"]})
    assert (last.json(), last.headers["x-total-count"]) == ([], "1")


async def test_changes_at_the_same_moment_are_all_kept(api: Any) -> None:
    made = await make(api, CAMPAIGNS)
    item = f"/campaigns/{made['id']}"
    changes = [
        {"name": "New"},
        {"notes": "n"},
        {"tags": ["t"]},
        {"sticky": False},
        {"passThrough": True},
        {"uniqueWindowHours": 1},
        {"appendClickId": None},
        {"cost": {"model": "param", "currency": "EUR"}},
    ]
    await asyncio.gather(*(api.ask("PATCH", item, change) for change in changes))
    found = await api.ask("GET", item)
    expected = {name: value for change in changes for name, value in change.items()}
    assert {name: found[name] for name in expected} == expected
    assert found["version"] == 1 + len(changes)


async def test_of_changes_to_one_version_at_the_same_moment_one_is_made(api: Any) -> None:
    made = await make(api, NETWORKS)
    item, headers = f"/networks/{made['id']}", {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(api.patch(item, {"name": f"n{n}"}, headers=headers) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert await api.ask("GET", item) == winner
