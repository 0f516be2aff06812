"""Every operation of `sdk.storage` but for the transfers themselves."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from aerostack import SDK, errors
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]


async def put(face: Face, sdk: SDK, key: str, content: bytes = b"data", **more: Any) -> Any:
    file = {"content": content, "file_name": key.rpartition("/")[2]}
    return await face.do(sdk.storage.storage_upload, {"key": key, "file": file, **more})


async def test_upload_says_where_the_object_is(face: Face, sdk: SDK) -> None:
    stored = await put(face, sdk, "/notes/ö b.txt", b"hello")
    assert (stored.key, stored.size, stored.content_type) == ("notes/ö b.txt", 5, "text/plain")
    assert stored.etag.strip('"') == hashlib.sha256(b"hello").hexdigest()
    assert stored.url.endswith("/notes/%C3%B6%20b.txt")
    shown = httpx.get(stored.url, trust_env=False, timeout=60)
    assert (shown.status_code, shown.text) == (200, "hello")
    assert shown.headers["content-type"].startswith("text/plain")


async def test_object_is_replaced_by_its_key(face: Face, sdk: SDK) -> None:
    first = await put(face, sdk, "a", b"one")
    second = await put(face, sdk, "a", b"three", content_type="image/png")
    assert (second.url, second.size) == (first.url, 5)
    assert second.etag != first.etag
    found = await face.do(sdk.storage.storage_get_metadata, {"key": "a"})
    assert (found.exists, found.size, found.content_type) == (True, 5, "image/png")
    assert found.etag == second.etag
    assert abs(datetime.now(UTC) - found.last_modified) < timedelta(minutes=5)


async def test_object_that_is_not_there_is_no_error_but_for_its_bytes(face: Face, sdk: SDK) -> None:
    assert (await face.do(sdk.storage.storage_exists, {"key": "a"})).exists is False
    assert (await face.do(sdk.storage.storage_get_metadata, {"key": "a"})).exists is False
    assert (await face.do(sdk.storage.storage_delete, {"key": "a"})).success is True
    for call, request in (
        (sdk.storage.storage_get, {"key": "a"}),
        (sdk.storage.storage_copy, {"source_key": "a", "dest_key": "b"}),
        (sdk.storage.storage_move, {"source_key": "a", "dest_key": "b"}),
    ):
        with pytest.raises(errors.ErrorResponse) as caught:
            await face.do(call, request)
        assert (caught.value.status_code, caught.value.data.code) == (404, "VALIDATION_ERROR")
        assert caught.value.data.details is not None
        assert caught.value.data.details["reason"] == "NOT_FOUND"


async def test_objects_are_listed_in_pages(face: Face, sdk: SDK) -> None:
    for key in ("p/2", "p/1", "p/3", "q"):
        await put(face, sdk, key, key.encode(), content_type="text/plain")
    first = await face.do(sdk.storage.storage_list, {"prefix": "p/", "limit": 2})
    assert [(each.key, each.size, each.content_type) for each in first.objects] == [
        ("p/1", 3, "text/plain"),
        ("p/2", 3, "text/plain"),
    ]
    assert all(each.etag and each.last_modified for each in first.objects)
    assert first.truncated is True
    rest = await face.do(
        sdk.storage.storage_list, {"prefix": "p/", "limit": 2, "cursor": first.cursor}
    )
    assert [each.key for each in rest.objects] == ["p/3"]
    assert (rest.truncated, rest.cursor) == (False, None)
    assert len((await face.do(sdk.storage.storage_list)).objects) == 4


async def test_object_is_copied_moved_and_deleted(face: Face, sdk: SDK) -> None:
    await put(face, sdk, "a", b"bytes", content_type="image/gif")
    copied = await face.do(sdk.storage.storage_copy, {"source_key": "a", "dest_key": "b"})
    moved = await face.do(sdk.storage.storage_move, {"sourceKey": "a", "destKey": "c"})
    assert copied.success is moved.success is True
    for url in (copied.url, moved.url):
        shown = httpx.get(url, trust_env=False, timeout=60)
        assert (shown.content, shown.headers["content-type"]) == (b"bytes", "image/gif")
    listed = await face.do(sdk.storage.storage_list)
    assert [each.key for each in listed.objects] == ["b", "c"]
    assert (await face.do(sdk.storage.storage_delete, {"key": "b"})).success is True
    assert (await face.do(sdk.storage.storage_exists, {"key": "b"})).exists is False
    assert (await face.do(sdk.storage.storage_exists, {"key": "c"})).exists is True


async def test_url_takes_ranges_and_conditions(face: Face, sdk: SDK) -> None:
    await put(face, sdk, "a", b"0123456789")
    url = (await face.do(sdk.storage.storage_get_url, {"key": "a"})).url
    with httpx.Client(trust_env=False, timeout=60) as client:
        part = client.get(url, headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, b"234")
        assert part.headers["content-range"] == "bytes 2-4/10"
        same = client.get(url, headers={"If-None-Match": part.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert client.head(url).headers["content-length"] == "10"
        assert client.get(url, headers={"Range": "bytes=10-"}).status_code == 416


@pytest.mark.parametrize("wrong", ["../a", "a/../b", "x" * 1025, ""])
async def test_key_that_cannot_be_one_is_refused(face: Face, sdk: SDK, wrong: str) -> None:
    request = {"key": wrong, "file": {"content": b"x", "file_name": "x"}}
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.storage.storage_upload, request)
    assert (caught.value.status_code, caught.value.data.code) == (400, "VALIDATION_ERROR")
    assert caught.value.data.details is not None
    assert "key" in caught.value.data.details["fieldErrors"]


async def test_other_project_sees_nothing(face: Face, sdk: SDK, server: AerostackServer) -> None:
    await put(face, sdk, "a", b"mine")
    other = face.sdk(server.project())
    assert (await face.do(other.storage.storage_list)).objects == []
    assert (await face.do(other.storage.storage_exists, {"key": "a"})).exists is False
