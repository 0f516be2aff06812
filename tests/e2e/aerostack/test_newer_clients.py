"""What clients of other languages and later generations send, as plain HTTP."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.aerostack.event_text import events_of
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

HI = {"model": "any", "messages": [{"role": "user", "content": "Hi there"}]}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def form(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """A form of these parts, in this order: what follows the name in the head, and the content."""
    body = b"".join(
        b"--cut\r\nContent-Disposition: form-data; name=%b\r\n\r\n%b\r\n" % (head.encode(), content)
        for head, content in parts
    )
    kind = "multipart/form-data; boundary=cut"
    return {"content": body + b"--cut--\r\n", "headers": {"Content-Type": kind}}


KEY = ('"key"', b"avatars/user-123.jpg")
TYPE = ('"contentType"', b"image/jpeg")
FILE = ('"file"; filename="gr\u00f6\u00dfe %22.jpg"\r\nContent-Type: text/plain', b"\xff\xd8 bytes")


@pytest.mark.parametrize("parts", [(KEY, TYPE, FILE), (FILE, KEY, TYPE), (FILE, TYPE, KEY)])
def test_form_is_taken_in_any_order(raw: httpx.Client, parts: tuple[Any, ...]) -> None:
    stored = raw.post("/storage/upload", **form(*parts))
    assert stored.status_code == 200
    found = stored.json()
    assert found["key"] == "avatars/user-123.jpg"
    assert found["contentType"] == "image/jpeg"
    assert found["size"] == 8
    assert raw.post("/storage/get", json={"key": found["key"]}).content == b"\xff\xd8 bytes"


def test_form_is_taken_in_chunks_of_unknown_number(raw: httpx.Client) -> None:
    whole = form(FILE, KEY)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(whole["content"]), 7):
            yield whole["content"][start : start + 7]

    stored = raw.post("/storage/upload", content=pieces(), headers=whole["headers"])
    assert (stored.status_code, stored.json()["contentType"]) == (200, "text/plain")


def test_body_that_is_no_form_is_no_upload(raw: httpx.Client) -> None:
    refused = raw.post("/storage/upload", json={"key": "a"})
    assert (refused.status_code, refused.json()["code"]) == (415, "VALIDATION_ERROR")


def test_file_that_is_too_large_is_refused_before_it_comes(
    server: AerostackServer, key: str
) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", "/v1/storage/upload")
    connection.putheader("X-Aerostack-Key", key)
    connection.putheader("Content-Type", "multipart/form-data; boundary=cut")
    connection.putheader("Content-Length", str(101 * 1024 * 1024))
    connection.endheaders()
    refused = connection.getresponse()
    said = json.loads(refused.read())
    connection.close()
    assert (refused.status, said["code"]) == (413, "VALIDATION_ERROR")
    assert said["details"]["reason"] == "STORAGE_FILE_TOO_LARGE"


@pytest.mark.parametrize("header", ["X-Aerostack-Key", "X-API-Key", "Authorization"])
def test_key_is_taken_from_each_header(server: AerostackServer, key: str, header: str) -> None:
    value = f"Bearer {key}" if header == "Authorization" else key
    found = httpx.post(
        f"{server.api}/cache/get",
        json={"key": "k"},
        headers={header: value},
        trust_env=False,
        timeout=60,
    )
    assert (found.status_code, found.json()) == (200, {"exists": False, "value": None})


def test_first_header_with_a_key_counts(server: AerostackServer, key: str) -> None:
    headers = {"X-Aerostack-Key": "ac_secret_nobody", "X-API-Key": key}
    refused = httpx.post(
        f"{server.api}/cache/get", json={"key": "k"}, headers=headers, trust_env=False, timeout=60
    )
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_INVALID_KEY")


def test_request_id_is_echoed_or_made(raw: httpx.Client) -> None:
    sent = str(uuid.uuid4())
    headers = {"X-Request-ID": sent, "X-SDK-Version": "0.10", "X-Project-Id": "ignored"}
    found = raw.post("/db/query", json={"sql": "SELECT 1 AS one"}, headers=headers)
    assert found.headers["x-request-id"] == sent
    assert found.json()["results"] == [{"one": 1}]
    assert raw.post("/db/query", json={"sql": "SELECT 1"}).headers["x-request-id"]


def test_unknown_fields_are_ignored(raw: httpx.Client) -> None:
    stored = raw.post("/cache/set", json={"key": "k", "value": 1, "metadata": {"new": True}})
    assert (stored.status_code, stored.json()) == (200, {"success": True})


def test_value_of_the_cache_comes_back_byte_for_byte(raw: httpx.Client) -> None:
    value = b'{ "n":9007199254740993, "f" : 1.10,"n":1e400 }'
    raw.post("/cache/set", content=b'{"key":"k","value":%b}' % value).raise_for_status()
    assert value in raw.post("/cache/get", json={"key": "k"}).content


@pytest.mark.parametrize(
    "path",
    ["/v1/ai/gateway/support/chat/completions", "/api/gateway/support/v1/chat/completions"],
)
def test_gateway_has_two_spellings(server: AerostackServer, consumer: str, path: str) -> None:
    url = f"{server.url}{path}"
    found = httpx.post(url, json=HI, headers=bearer(consumer), trust_env=False, timeout=60)
    assert found.status_code == 200
    assert found.json()["choices"][0]["message"]["content"] == "You said: Hi there"
    streamed = httpx.post(
        url, json={**HI, "stream": True}, headers=bearer(consumer), trust_env=False, timeout=60
    )
    assert streamed.headers["content-type"].startswith("text/event-stream")
    *events, last = events_of(streamed.text)
    assert last == "[DONE]"
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events]
    assert "".join(delta.get("content") or "" for delta in deltas) == "You said: Hi there"


@pytest.mark.parametrize("prefix", ["/v1/ai/gateway", "/api/gateway"])
def test_wallet_and_usage_have_two_spellings(
    server: AerostackServer, consumer: str, prefix: str
) -> None:
    with httpx.Client(
        base_url=server.url, headers=bearer(consumer), trust_env=False, timeout=60
    ) as client:
        wallet = client.get(f"{prefix}/me/wallet", params={"api_slug": "support"}).json()["wallet"]
        assert wallet.keys() >= {"balance", "total_consumed", "total_purchased", "plan_type"}
        usage = client.get(f"{prefix}/me/usage", params={"api_slug": "support", "days": 7}).json()
        assert usage.keys() >= {"total_tokens", "total_requests", "days"}


@pytest.mark.parametrize("path", ["/v1/ai/gateway/me/wallet", "/api/gateway/me/wallet"])
def test_wallet_of_nobody_is_refused(server: AerostackServer, path: str) -> None:
    refused = httpx.get(f"{server.url}{path}?api_slug=support", trust_env=False, timeout=60)
    assert (refused.status_code, refused.json()["code"]) == (401, "AUTH_INVALID_KEY")


def test_service_is_called_by_any_method(server: AerostackServer) -> None:
    headers = {"X-Aerostack-Key": server.key("aerostack")}
    with httpx.Client(base_url=server.api, headers=headers, trust_env=False, timeout=60) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert client.request(method, "/custom/echo", json={"a": 1}).json() == {"a": 1}
        assert client.get("/custom/echo", params={"a": "1"}).json() == {"a": "1"}


@pytest.mark.parametrize("data", ["text", 7, None, [1, {"a": 2}]])
def test_job_of_a_newer_client_has_any_data(raw: httpx.Client, data: object) -> None:
    added = raw.post("/queue/enqueue", json={"type": "mail", "data": data, "delay": 600})
    assert (added.status_code, added.json()["success"]) == (201, True)
    found = raw.post("/queue/job", json={"jobId": added.json()["jobId"]}).json()
    assert found["job"]["data"] == data


def test_users_sign_up_without_an_api_key(server: AerostackServer) -> None:
    base = f"{server.url}/api/v1/public/projects/default/auth"
    with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
        user = {"email": f"{uuid.uuid4().hex}@mail.example", "password": "correct horse"}
        made = client.post("/register", json=user)
        assert made.status_code == 201
        assert made.json().keys() >= {"success", "user", "token", "refreshToken", "expiresAt"}
        me = client.get("/me", headers=bearer(made.json()["token"]))
        assert me.json()["user"]["email"] == user["email"]
