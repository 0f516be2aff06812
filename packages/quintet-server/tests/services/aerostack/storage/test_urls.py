"""URLs of objects: for everybody or signed, exact headers, and pages that cannot act."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import Storage

ODD_KEYS = [
    *("a b.txt", "ä/😀.txt", "a?b=c&d#e", "100%.txt", "%2e%2e/x", "a%2Fb", "a+b", "tail/"),
    *("a//b", "back\\slash", "semi;colon", "~tilde", "q'uote\"s", "..a", "a..", "(x)[y]{z}|^`"),
]


async def url_of(storage, key: str, **options) -> str:
    return (await storage.ask("getUrl", key=key, **options))["url"]


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_url_of_any_key_leads_to_its_object(wired, key) -> None:
    stored = "/" + key  # one slash is taken away
    put = await wired.put(stored, key.encode())
    assert put["key"] == key
    assert await url_of(wired, stored) == put["url"]
    assert put["url"].isascii()
    found = await wired.url(put["url"])
    assert (found.status_code, found.content) == (200, key.encode())


async def test_head_says_the_same_as_get_without_the_bytes(wired) -> None:
    url = (await wired.put("k", b"hello"))["url"]
    head, got = await wired.url(url, "HEAD"), await wired.url(url)
    assert (head.status_code, head.content, got.content) == (200, b"", b"hello")
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == got.headers[name]
    assert head.headers["content-length"] == "5"
    ranged = await wired.url(url, "HEAD", Range="bytes=0-1")
    assert (ranged.status_code, ranged.headers["content-length"]) == (200, "5")
    assert (await wired.url(url + "x", "HEAD")).status_code == 404


async def test_ranges_and_conditions_work_at_the_url(wired) -> None:
    put = await wired.put("k", b"hello")
    url, tag = put["url"], f'"{put["etag"]}"'
    part = await wired.url(url, Range="bytes=-2")
    assert (part.status_code, part.content) == (206, b"lo")
    assert part.headers["content-range"] == "bytes 3-4/5"
    assert (await wired.url(url, Range="bytes=9-")).status_code == 416
    unchanged = await wired.url(url, If_None_Match=tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (await wired.url(url, "HEAD", If_None_Match=tag)).status_code == 304
    assert (await wired.url(url, If_Match='"x"')).status_code == 412


async def test_other_methods_and_objects_are_refused_in_the_envelope(storage) -> None:
    url = (await storage.put("k", b"hello"))["url"]
    assert (await storage.url(url, "POST")).status_code == 405
    assert (await storage.url(url, "DELETE")).json()["code"] == "VALIDATION_ERROR"
    missing = await storage.url(url.replace("/k", "/other"))
    assert (missing.status_code, missing.json()["details"]["reason"]) == (404, "NOT_FOUND")
    foreign = url.replace(storage.api.project_id, "prj_other")
    assert (await storage.url(foreign)).status_code == 404
    assert (await storage.url(url + "%00")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "disposition", "sandboxed"),
    [
        *(("text/html", "attachment", True), ("image/svg+xml", "attachment", True)),
        *(("application/xml", "attachment", True), ("application/javascript", "attachment", True)),
        *(("image/png", "inline", False), ("application/pdf", "inline", False)),
        ("text/plain", "inline", False),
    ],
)
async def test_page_at_a_url_cannot_act(storage, kind, disposition, sandboxed) -> None:
    url = (await storage.put("a/x.file", b"<script>", kind))["url"]
    headers = (await storage.url(url)).headers
    assert headers["content-type"] == kind
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == f'{disposition}; filename="x.file"'
    assert headers.get("content-security-policy", "").startswith("sandbox") is sandboxed
    assert headers["access-control-allow-origin"] == "*"


async def test_file_name_of_a_download_survives_any_alphabet(storage) -> None:
    url = (await storage.put('ü "x".txt', b""))["url"]
    assert (await storage.url(url)).headers["content-disposition"] == (
        "inline; filename=\"_ _x_.txt\"; filename*=UTF-8''%C3%BC%20%22x%22.txt"
    )


async def test_signed_url_works_until_it_expires(alone, advance) -> None:
    storage = Storage(alone)
    await storage.put("k", b"hello")
    url = await url_of(storage, "k", expiresIn=60)
    assert (await storage.url(url)).content == b"hello"
    assert (await storage.url(url, "HEAD")).status_code == 200
    # Public URLs are the default: the plain one works beside it.
    assert (await storage.url(url.partition("?")[0])).status_code == 200
    await advance(61)
    await alone.until(lambda: alone.runtime.clock.shift_seconds > 60)
    answer = await storage.url(url)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert answer.json()["details"]["reason"] == "URL_EXPIRED"


async def test_signed_url_cannot_be_changed(storage) -> None:
    await storage.put("k", b"hello")
    await storage.put("l", b"other")
    url = await url_of(storage, "k", expiresIn=60)
    query = parse_qs(urlsplit(url).query)
    later = str(int(query["expires"][0]) + 1)
    for changed in (
        url.replace("/k?", "/l?"),
        url.replace(query["expires"][0], later),
        url.replace("signature=", "signature=x"),
        url.partition("&")[0],
        url.replace("expires=" + query["expires"][0] + "&", ""),
        url.partition("?")[0] + "?expires=&signature=",
        url.partition("?")[0] + "?expires=nan&signature=%ff",
        url.replace(storage.api.project_id, "prj_other"),
    ):
        answer = await storage.url(changed)
        assert answer.status_code == 403, changed
        assert answer.json()["details"]["reason"] == "URL_SIGNATURE_INVALID"


async def test_where_urls_are_signed_every_url_is(started) -> None:
    async with started(object_urls="signed", public_url="https://files.example/") as api:
        storage = Storage(api)
        put = await storage.put("k", b"hello")
        copied = await storage.ask("copy", sourceKey="k", destKey="l")
        for url in (put["url"], copied["url"], await url_of(storage, "k")):
            assert url.startswith(f"https://files.example/v1/cdn/projects/{api.project_id}/")
            local = url.replace("https://files.example", "http://test")
            assert (await storage.url(local)).content == b"hello"
            plain = await storage.url(local.partition("?")[0])
            assert (plain.status_code, plain.json()["details"]["reason"]) == (403, "URL_UNSIGNED")


async def test_url_begins_where_the_request_came_in(wired) -> None:
    put = await wired.put("k", b"x")
    assert put["url"].startswith(f"{wired.api.http.base_url}/cdn/".replace("/v1//", "/v1/"))
