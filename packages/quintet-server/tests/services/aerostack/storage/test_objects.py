"""Operations on objects that are there: exact statuses, shapes and order."""

from __future__ import annotations

import re

import httpx
import pytest

DATA = bytes(range(256)) * 20_000  # more than one block


async def test_object_is_sent_with_its_type_tag_and_length(storage) -> None:
    put = await storage.put("k", b"hello", "text/x-mine; charset=utf-8")
    found = await storage.get("k")
    assert (found.status_code, found.content) == (200, b"hello")
    assert found.headers["content-type"] == "text/x-mine; charset=utf-8"
    assert found.headers["etag"] == f'"{put["etag"]}"'
    assert found.headers["content-length"] == "5"
    assert found.headers["accept-ranges"] == "bytes"
    assert found.headers["x-content-type-options"] == "nosniff"


async def test_big_object_comes_over_a_socket_whole_and_in_part(wired) -> None:
    await wired.put("k", DATA, "application/x-data")
    assert (await wired.get("k")).content == DATA
    found = await wired.get("k", Range="bytes=1000-3000000")
    assert (found.status_code, found.content) == (206, DATA[1000:3_000_001])
    assert found.headers["content-range"] == f"bytes 1000-3000000/{len(DATA)}"
    assert found.headers["content-length"] == "2999001"


async def test_bytes_that_got_lost_end_the_download_early(wired) -> None:
    await wired.put("k", DATA)
    [[blob]] = await wired.api.sql(
        "SELECT blob FROM objects WHERE project_id = %s", wired.api.project_id
    )
    folder = wired.api.runtime.settings.server.data_dir / "aerostack" / "objects"
    [file] = folder.rglob(blob)
    file.write_bytes(DATA[:2_000_000])
    with pytest.raises(httpx.RemoteProtocolError):
        await wired.get("k")
    file.unlink()
    answer = await wired.get("k")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert answer.json()["details"]["reason"] == "STORAGE_READ_FAILED"


async def test_object_that_is_not_there_is_404(storage) -> None:
    answer = await storage.get("k")
    assert answer.status_code == 404
    assert answer.json() == {
        "code": "VALIDATION_ERROR",
        "message": "There is no object with the key 'k'.",
        "details": {"reason": "NOT_FOUND"},
    }


async def test_range_outside_of_the_object_is_416_with_its_size(storage) -> None:
    await storage.put("k", b"hello")
    answer = await storage.get("k", Range="bytes=5-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */5"
    assert answer.json()["details"]["reason"] == "RANGE_NOT_SATISFIABLE"


@pytest.mark.parametrize("header", ["bytes=0-0,2-2", "items=1-2", "bytes=4-2", "nonsense"])
async def test_range_that_is_none_or_several_gives_the_whole(storage, header) -> None:
    await storage.put("k", b"hello")
    answer = await storage.get("k", Range=header)
    assert (answer.status_code, answer.content) == (200, b"hello")
    assert "content-range" not in answer.headers


async def test_conditions_are_kept(storage) -> None:
    tag = f'"{(await storage.put("k", b"hello"))["etag"]}"'
    unchanged = await storage.get("k", If_None_Match=tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == tag
    date = (await storage.get("k")).headers["last-modified"]
    assert (await storage.get("k", If_Modified_Since=date)).status_code == 304
    assert (await storage.get("k", If_Match=tag)).status_code == 200
    failed = await storage.get("k", If_Match='"other"')
    assert failed.status_code == 412
    assert failed.json()["details"]["reason"] == "PRECONDITION_FAILED"
    part = await storage.get("k", If_Range=tag, Range="bytes=0-1")
    assert (part.status_code, part.content) == (206, b"he")
    assert (await storage.get("k", If_Range='"old"', Range="bytes=0-1")).content == b"hello"


async def test_list_is_in_order_and_continues(storage) -> None:
    for key in ("b", "a/2", "a/1", "a", "é"):
        await storage.put(key, b"x", "image/png")
    page = await storage.ask("list", limit=2)
    assert [each["key"] for each in page["objects"]] == ["a", "a/1"]
    assert page["truncated"] is True
    rest = await storage.ask("list", cursor=page["cursor"])
    assert [each["key"] for each in rest["objects"]] == ["a/2", "b", "é"]
    assert rest["truncated"] is False
    assert "cursor" not in rest
    [first] = (await storage.ask("list", limit=1))["objects"]
    assert set(first) == {"key", "size", "lastModified", "contentType", "etag"}
    assert (first["size"], first["contentType"]) == (1, "image/png")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["lastModified"])
    for prefix, keys in (("a/", ["a/1", "a/2"]), ("/a/", ["a/1", "a/2"]), ("%", []), ("é", ["é"])):
        assert [x["key"] for x in (await storage.ask("list", prefix=prefix))["objects"]] == keys
    everything = await storage.ask("list", limit=5)
    assert everything["truncated"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(({"limit": 0}, "limit"), ({"limit": 1001}, "limit"), ({"limit": "5"}, "limit")),
        *(({"cursor": "?"}, "cursor"), ({"prefix": 5}, "prefix"), ({"prefix": "a\0"}, "prefix")),
    ],
)
async def test_list_names_the_field_at_fault(storage, body, field) -> None:
    answer = await storage.ask("list", 400, **body)
    assert answer["code"] == "VALIDATION_ERROR"
    assert list(answer["details"]["fieldErrors"]) == [field]


async def test_delete_works_once_and_again(storage) -> None:
    await storage.put("k", b"x")
    assert await storage.ask("delete", key="/k") == {"success": True}
    assert await storage.ask("delete", key="k") == {"success": True}
    assert await storage.ask("exists", key="k") == {"exists": False}
    assert (await storage.get("k")).status_code == 404


async def test_metadata_says_all_or_that_there_is_none(storage) -> None:
    put = await storage.put("k", b"hello")
    assert await storage.ask("exists", key="k") == {"exists": True}
    found = await storage.ask("getMetadata", key="k")
    assert found.pop("lastModified").endswith("Z")
    assert found == {
        "exists": True,
        "size": 5,
        "contentType": "text/plain",
        "etag": put["etag"],
        "metadata": {},
    }
    assert await storage.ask("getMetadata", key="other") == {"exists": False}


async def test_copy_keeps_both_and_move_only_the_target(storage) -> None:
    put = await storage.put("a", b"hello", "image/png")
    copied = await storage.ask("copy", sourceKey="/a", destKey="/b/c")
    assert copied == {"success": True, "url": put["url"].removesuffix("/a") + "/b/c"}
    assert (await storage.url(copied["url"])).content == b"hello"
    moved = await storage.ask("move", sourceKey="a", destKey="d")
    assert moved["success"] is True
    assert await storage.ask("exists", key="a") == {"exists": False}
    found = await storage.get("d")
    assert (found.content, found.headers["content-type"]) == (b"hello", "image/png")
    assert await storage.ask("move", sourceKey="d", destKey="d") == moved
    assert (await storage.get("d")).content == b"hello"


@pytest.mark.parametrize("operation", ["copy", "move"])
async def test_source_that_is_not_there_is_404(storage, operation) -> None:
    await storage.put("b", b"kept")
    answer = await storage.ask(operation, 404, sourceKey="a", destKey="b")
    assert answer["details"]["reason"] == "NOT_FOUND"
    assert (await storage.get("b")).content == b"kept"


async def test_move_with_an_idempotency_key_happens_once(storage) -> None:
    await storage.put("a", b"x")
    body, headers = {"sourceKey": "a", "destKey": "b"}, {"Idempotency-Key": "move-1"}
    first = await storage.api.post("/storage/move", body, headers=headers)
    again = await storage.api.post("/storage/move", body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    other = {"sourceKey": "a", "destKey": "c"}
    assert (await storage.api.post("/storage/move", other, headers=headers)).status_code == 409


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        *(("get", {}, "key"), ("get", {"key": 5}, "key"), ("get", {"key": "a/../b"}, "key")),
        *(("getUrl", {"key": ""}, "key"), ("exists", {"key": "/"}, "key")),
        *(("delete", {"key": "x" * 1025}, "key"), ("getMetadata", {"key": "a\0"}, "key")),
        ("copy", {"sourceKey": "a"}, "destKey"),
        ("copy", {"sourceKey": "..", "destKey": "b"}, "sourceKey"),
        ("move", {"sourceKey": "a", "destKey": "b/.."}, "destKey"),
        *(("getUrl", {"key": "a", "expiresIn": 0}, "expiresIn"),),
        *(("getUrl", {"key": "a", "expiresIn": 604_801}, "expiresIn"),),
    ],
)
async def test_field_at_fault_is_named(storage, operation, body, field) -> None:
    answer = await storage.ask(operation, 400, **body)
    assert answer["code"] == "VALIDATION_ERROR"
    assert list(answer["details"]["fieldErrors"]) == [field]


async def test_projects_do_not_see_each_other(storage) -> None:
    await storage.put("k", b"mine")
    other = type(storage)(await storage.api.other_project())
    assert await other.ask("exists", key="k") == {"exists": False}
    assert (await other.ask("list"))["objects"] == []
    await other.ask("delete", key="k")
    assert (await storage.get("k")).content == b"mine"
