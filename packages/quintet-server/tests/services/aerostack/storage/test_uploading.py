"""Uploads: parts in any order, all or nothing, and refusals that say what is wrong."""

from __future__ import annotations

import asyncio
import hashlib
import itertools

import pytest

from .conftest import Storage
from .forms import BOUNDARY, CONTENT_TYPE, form, part

KEY = part("key", b"/avatars/user-123.jpg")
KIND = part("contentType", b"image/jpeg")
FILE = part("file", b"\xff\xd8 a picture", filename="me.png", kind="image/png")


async def refused(answer, status: int, reason: str | None, field: str | None = None) -> str:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, "VALIDATION_ERROR"), body
    details = body.get("details", {})
    assert details.get("reason") == reason
    if field is not None:
        assert list(details["fieldErrors"]) == [field]
    return body["message"]


async def test_upload_answers_with_all_that_is_known(storage) -> None:
    answer = await storage.send(KEY, KIND, FILE)
    digest = hashlib.sha256(b"\xff\xd8 a picture").hexdigest()
    url = f"http://test/v1/cdn/projects/{storage.api.project_id}/avatars/user-123.jpg"
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "url": url,
        "key": "avatars/user-123.jpg",
        "size": 12,
        "contentType": "image/jpeg",
        "etag": digest,
    }
    assert (await storage.url(url)).content == b"\xff\xd8 a picture"


@pytest.mark.parametrize("name", ["me.jpg", 'n\u00e9 "quoted"; x=y.jpg', "a\\b.jpg", "key"])
async def test_form_of_a_foreign_client_is_taken(wired, name) -> None:
    """The published client's forms are httpx's."""
    answer = await wired.api.http.post(
        "/storage/upload",
        data={"key": "k", "contentType": "image/jpeg"},
        files={"file": (name, b"\r\n--picture--\r\n", "application/pdf")},
    )
    assert (answer.status_code, answer.json()["contentType"]) == (200, "image/jpeg")
    assert (await wired.get("k")).content == b"\r\n--picture--\r\n"


@pytest.mark.parametrize("order", list(itertools.permutations([KEY, KIND, FILE])))
async def test_order_of_the_parts_does_not_matter(storage, order) -> None:
    answer = await storage.send(*order)
    assert (answer.json()["key"], answer.json()["contentType"]) == (
        *("avatars/user-123.jpg", "image/jpeg"),
    )


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ([KEY, FILE], "image/png"),
        ([KEY, part("contentType", b""), FILE], "image/png"),
        ([KEY, part("content_type", b"text/css"), FILE], "text/css"),
        ([KEY, part("file", b"x", filename="a.png")], "application/octet-stream"),
        ([KEY, part("file", b"x")], "application/octet-stream"),
        ([KEY, part("file", b"x", kind="what is this")], "application/octet-stream"),
        ([part("path", b"p"), part("other", b"y" * 30_000), FILE], "image/png"),
    ],
)
async def test_content_type_comes_from_field_then_header(storage, parts, kind) -> None:
    answer = await storage.send(*parts)
    assert (answer.status_code, answer.json()["contentType"]) == (200, kind)


async def test_upload_without_a_length_is_taken(wired) -> None:
    async def pieces():
        for byte in form([FILE, KEY]):
            yield bytes([byte])

    answer = await wired.send_raw(pieces())
    assert answer.json()["size"] == 12
    assert (await wired.get("avatars/user-123.jpg")).content == b"\xff\xd8 a picture"


async def test_empty_file_is_a_file(storage) -> None:
    assert (await storage.put("empty", b""))["size"] == 0
    assert (await storage.get("empty")).content == b""


async def test_upload_replaces_what_was_there(storage) -> None:
    first = await storage.put("k", b"one", "text/plain")
    second = await storage.put("k", b"two!", "text/html")
    assert first["etag"] != second["etag"]
    found = await storage.get("k")
    assert (found.content, found.headers["content-type"]) == (b"two!", "text/html")
    assert (await storage.put("k", b"one"))["etag"] == first["etag"]


async def test_users_metadata_is_kept(storage) -> None:
    await storage.send(KEY, part("metadata", b'{"owner": "me", "\xc3\xa9": ""}'), FILE)
    found = await storage.ask("getMetadata", key="avatars/user-123.jpg")
    assert found["metadata"] == {"owner": "me", "é": ""}


@pytest.mark.parametrize(
    "text", [b"[]", b"{", b'{"a": 1}', b"\xff", b'{"a": "\\u0000"}', b'{"\\u0000": ""}']
)
async def test_metadata_that_is_no_object_of_strings_is_refused(storage, text) -> None:
    await refused(await storage.send(KEY, part("metadata", text), FILE), 400, None, "metadata")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/mixed; boundary=x"])
async def test_body_that_is_no_form_is_415(storage, kind) -> None:
    answer = await storage.send_raw(b'{"key": "a"}', kind)
    message = await refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert "multipart/form-data" in message
    assert kind in message


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([], "key"),
        ([FILE], "key"),
        ([KEY], "file"),
        ([KEY, FILE, KEY], "key"),
        ([KEY, part("path", b"other"), FILE], "key"),
        ([KEY, FILE, FILE], "file"),
        ([KEY, KIND, KIND, FILE], "contentType"),
        ([part("key", b""), FILE], "key"),
        ([part("key", b"a/../b"), FILE], "key"),
        ([FILE, part("key", b"..")], "key"),
        ([part("key", b"x" * 1025), FILE], "key"),
        ([part("key", b"\xff"), FILE], "key"),
        ([part("key", b"a\0b"), FILE], "key"),
        ([part("key", b"x" * 20_000), FILE], "key"),
        ([KEY, part("contentType", b"jpeg"), FILE], "contentType"),
    ],
)
async def test_field_at_fault_is_named(storage, parts, field) -> None:
    answer = await storage.send(*parts)
    assert answer.status_code == 400
    body = answer.json()
    assert next(iter(body["details"]["fieldErrors"])) == field
    assert body["message"].startswith(f"{field}: ")
    assert (await storage.ask("list"))["objects"] == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", CONTENT_TYPE),
        (form([KEY, FILE])[:-20], CONTENT_TYPE),
        (form([KEY, FILE]).replace(BOUNDARY, b"other"), CONTENT_TYPE),
        (form([KEY, FILE]), "multipart/form-data"),
        (form([b"\r\n\r\nno header"]), CONTENT_TYPE),
    ],
)
async def test_broken_form_is_400_and_leaves_nothing(storage, body, kind) -> None:
    await refused(await storage.send_raw(body, kind), 400, "INVALID_FORM")
    assert (await storage.ask("list"))["objects"] == []


async def test_file_above_the_limit_is_413_by_its_length_and_while_reading(started) -> None:
    async with started(upload_max_bytes=200_000) as api:
        storage = Storage(api)
        await storage.put("fits", b"x" * 200_000)

        async def unread():
            raise AssertionError("nothing of it should be read")
            yield b""

        async def chunked(size: int):
            yield form([KEY, part("file", b"x" * size)])

        for body in (b"x" * 200_001, b"x" * 10**6):
            answer = await storage.send(KEY, part("file", body))
            message = await refused(answer, 413, "STORAGE_FILE_TOO_LARGE")
            assert "200000 bytes" in message
        answer = await storage.send_raw(chunked(10**6))
        await refused(answer, 413, "STORAGE_FILE_TOO_LARGE")
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": "1000000"}
        answer = await api.http.post("/storage/upload", content=unread(), headers=headers)
        await refused(answer, 413, "STORAGE_FILE_TOO_LARGE")
        # Not even a field that nobody knows can make the server read without end.
        answer = await storage.send(KEY, part("other", b"x" * 70_000), FILE)
        await refused(answer, 413, "BODY_TOO_LARGE")
        assert [each["key"] for each in (await storage.ask("list"))["objects"]] == ["fits"]
        assert await api.sql("SELECT 1 FROM object_uploads") == []


async def test_refused_upload_leaves_the_connection_usable(wired) -> None:
    for _ in range(2):
        answer = await wired.send(part("key", b".."), part("file", b"x" * 5_000_000))
        assert (answer.status_code, answer.json()["details"]["reason"]) == (400, "INVALID_KEY")
        assert (await wired.put("k", b"x"))["size"] == 1


async def test_client_that_leaves_in_the_middle_leaves_nothing(wired) -> None:
    data = form([KEY, part("file", b"x" * 5_000_000)])
    url = wired.api.http.base_url
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST /v1/storage/upload HTTP/1.1\r\nHost: x\r\nX-Aerostack-Key: {wired.api.key}\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data[:3_000_000])
    await writer.drain()
    await wired.api.eventually("SELECT 1 FROM object_uploads")
    writer.close()
    none = "SELECT 1 WHERE NOT EXISTS (SELECT FROM object_uploads)"
    await wired.api.eventually(none)
    assert (await wired.ask("list"))["objects"] == []
    folder = wired.api.runtime.settings.server.data_dir / "aerostack" / "objects"
    assert [path for path in folder.rglob("*") if "#" in path.name] == []


async def test_key_without_the_scope_is_refused(storage) -> None:
    other = Storage(await storage.api.with_scopes("cache"))
    answer = await other.send(KEY, FILE)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    for operation, body in (
        *(("get", {"key": "k"}), ("getUrl", {"key": "k"}), ("list", {}), ("delete", {"key": "k"})),
        *(("exists", {"key": "k"}), ("getMetadata", {"key": "k"})),
        *(
            ("copy", {"sourceKey": "a", "destKey": "b"}),
            ("move", {"sourceKey": "a", "destKey": "b"}),
        ),
    ):
        assert (await other.ask(operation, 403, **body))["code"] == "FORBIDDEN"


async def test_store_that_fails_is_500_and_says_nothing_of_the_disk(started, tmp_path) -> None:
    async with started() as api:
        storage = Storage(api)
        await storage.put("k", b"old")
        folder = tmp_path / "aerostack" / "objects"
        folder.rename(tmp_path / "away")
        folder.touch()
        answer = await storage.send(part("key", b"k"), part("file", b"new" * 10**6))
        body = answer.json()
        assert (answer.status_code, body["code"]) == (500, "INTERNAL_ERROR")
        assert body["details"]["reason"] == "STORAGE_UPLOAD_FAILED"
        assert str(tmp_path) not in answer.text
        answer = await storage.get("k")
        assert answer.json()["details"]["reason"] == "STORAGE_READ_FAILED"
        folder.unlink()
        (tmp_path / "away").rename(folder)
        assert (await storage.get("k")).content == b"old"


async def test_lost_upload_is_503_and_can_be_sent_again(storage) -> None:
    async def slow():
        body = form([KEY, FILE])
        yield body[:-5]
        await storage.api.sql("DELETE FROM object_uploads")
        yield body[-5:]

    answer = await storage.send_raw(slow())
    assert (answer.status_code, answer.json()["code"]) == (503, "INTERNAL_ERROR")
    assert answer.headers["retry-after"] == "1"
