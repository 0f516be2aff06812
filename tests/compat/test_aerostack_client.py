"""The published `aerostack` 0.1.2, unmodified, on our server: its nine operations and its errors.

It takes an answer only with the exact status of its document, and a typed error only with one of
six codes, so that what comes back here says that both were right. What the package itself gets
wrong and no server can mend: it drops fields it does not know (`usage`, `meta`, `key`), raises
`SDKError` for most errors, sends a write again without an idempotency key, reads a file from its
beginning whatever its position, and takes no `BytesIO`.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compat.published_client import Interpreter, PublishedError
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.compat, pytest.mark.xdist_group("aerostack")]

CHAT = {"messages": [{}], "model": "@cf/meta/llama-3-8b-instruct"}
PASSWORD = "nIQ75VVtUTq8bO4"
GUIDE = {"initial": 1, "max": 50, "exponent": 1.1, "elapsed": 100, "connection": False}


class Published:
    """The client in one of its forms; calls are made in its own process."""

    def __init__(self, interpreter: Interpreter, is_async: bool, made: dict[str, Any]) -> None:
        self._interpreter = interpreter
        self._is_async = is_async
        self._made = made

    def with_key(self, key: str) -> Published:
        made = {**self._made, "api_key_auth": key}
        return Published(self._interpreter, self._is_async, made)

    def at(self, **where: Any) -> Published:
        made = {"api_key_auth": self._made["api_key_auth"], **where}
        return Published(self._interpreter, self._is_async, made)

    def call(
        self,
        method: str,
        request: Any,
        *,
        content: bytes | None = None,
        path: Path | None = None,
        retries: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        found: dict[str, Any] = self._interpreter.do(
            **{"with": self._made, "is_async": self._is_async},
            method=method,
            request=request,
            content=None if content is None else base64.b64encode(content).decode(),
            path=None if path is None else str(path),
            retries=retries,
        )
        return found

    def refused(self, method: str, request: Any, **more: Any) -> PublishedError:
        with pytest.raises(PublishedError) as caught:
            self.call(method, request, **more)
        return caught.value


@pytest.fixture(scope="module")
def interpreter(python: Path) -> Iterator[Interpreter]:
    running = Interpreter(python, "aerostack_client.py")
    yield running
    running.close()


@pytest.fixture(params=["sync", "async"])
def client(
    request: pytest.FixtureRequest, interpreter: Interpreter, aerostack_server: AerostackServer
) -> Published:
    """The client with a key of a new project."""
    made = {"api_key_auth": aerostack_server.project(), "server_url": aerostack_server.api}
    return Published(interpreter, request.param == "async", made)


@pytest.fixture
def shared(client: Published, aerostack_server: AerostackServer) -> Published:
    """The client with the key of the project that has services."""
    return client.with_key(aerostack_server.key("aerostack"))


def user() -> dict[str, Any]:
    return {"email": f"{uuid.uuid4().hex}@mail.example", "password": PASSWORD}


def nine(client: Published) -> list[str]:
    """Call every operation; return the names of what they answer."""
    somebody, key = user(), f"k-{uuid.uuid4().hex}"
    file = {"file_name": "example.file"}
    calls: list[tuple[str, dict[str, Any], bytes | None]] = [
        ("ai.ai_chat", CHAT, None),
        ("authentication.auth_signup", somebody, None),
        ("authentication.auth_signin", somebody, None),
        ("cache.cache_set", {"key": key, "value": {"a": [None, 2**60]}, "ttl": 60}, None),
        ("cache.cache_get", {"key": key}, None),
        ("database.db_query", {"sql": "SELECT ? AS x", "params": [1]}, None),
        ("queue.queue_enqueue", {"type": "mail", "data": {}, "delay": 600}, None),
        ("services.services_invoke", {"service_name": "echo", "data": {"a": 1}}, None),
        ("storage.storage_upload", {"key": key, "file": file}, b"some bytes"),
    ]
    return [client.call(name, body, content=content)["class"] for name, body, content in calls]


ANSWERS = [
    "AiChatResponseBody",
    "AuthResponse",
    "AuthResponse",
    "CacheSetResponseBody",
    "CacheGetResponseBody",
    "DbQueryResult",
    "QueueEnqueueResponseBody",
    "ServicesInvokeResponseBody",
    "StorageUploadResponseBody",
]


def test_all_nine_operations_are_completed(shared: Published) -> None:
    assert nine(shared) == ANSWERS


def test_all_nine_operations_are_completed_with_server_idx_1(
    shared: Published, aerostack_server: AerostackServer
) -> None:
    if not aerostack_server.is_local_development:
        pytest.skip("port 8787 was taken when the tests' server started")
    assert nine(shared.at(server_idx=1)) == ANSWERS


# What each of them answers.


def test_chat_answers_with_a_text(client: Published) -> None:
    assert client.call("ai.ai_chat", CHAT)["response"] == "You said: "
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi there"},
    ]
    found = client.call("ai.ai_chat", {"messages": messages})
    assert found["response"] == "You said: Hi there"


def test_user_signs_up_and_in(client: Published) -> None:
    somebody = {**user(), "name": "Ada", "metadata": {"plan": "free", "none": None}}
    made = client.call("authentication.auth_signup", somebody)
    assert made["user"]["email"] == somebody["email"]
    assert (made["user"]["name"], made["user"]["metadata"]) == ("Ada", somebody["metadata"])
    credentials = {name: somebody[name] for name in ("email", "password")}
    signed = client.call("authentication.auth_signin", credentials)
    assert signed["user"] == made["user"]
    assert signed["token"].count(".") == 2
    assert signed["expires_at"] > signed["user"]["created_at"]


def test_user_without_a_name_has_an_explicit_null(client: Published) -> None:
    assert client.call("authentication.auth_signup", user())["user"]["name"] is None


@pytest.mark.parametrize("value", [None, 0, "text", 2**63, [1, {"a": None}], {"b": 1.5}], ids=str)
def test_value_comes_back_from_the_cache(client: Published, value: object) -> None:
    assert client.call("cache.cache_set", {"key": "k", "value": value})["success"] is True
    found = client.call("cache.cache_get", {"key": "k"})
    assert (found["exists"], found["value"]) == (True, value)


def test_miss_is_an_answer(client: Published) -> None:
    found = client.call("cache.cache_get", {"key": "nothing"})
    assert (found["exists"], found["value"]) == (False, None)


def test_rows_are_written_and_read(client: Published) -> None:
    def query(sql: str, *params: object) -> tuple[Any, Any]:
        found = client.call("database.db_query", {"sql": sql, "params": list(params)})
        return found["results"], found["count"]

    assert query("CREATE TABLE t (id INTEGER PRIMARY KEY, text)") == ([], 0)
    assert query("INSERT INTO t (text) VALUES (?), (?)", "ä", None) == ([], 2)
    rows = [{"id": 1, "text": "ä"}, {"id": 2, "text": None}]
    assert query("SELECT * FROM t ORDER BY id") == (rows, 2)


def test_job_is_enqueued(client: Published) -> None:
    added = client.call("queue.queue_enqueue", {"type": "m", "data": {"a": None}, "delay": 600})
    assert added["success"] is True
    assert added["job_id"].startswith("job_")


def test_service_is_invoked(shared: Published) -> None:
    found = shared.call(
        "services.services_invoke", {"serviceName": "echo", "data": {"deep": [None, {}]}}
    )
    assert (found["success"], found["result"]) == (True, {"deep": [None, {}]})


@pytest.mark.parametrize("name", ["example.file", 'größe "1" 🐋.txt'])
def test_bytes_are_stored_under_any_file_name(client: Published, name: str) -> None:
    data = bytes(range(256)) * 300
    request = {"content_type": "image/jpeg", "file": {"file_name": name}, "key": "avatars/u.jpg"}
    url = client.call("storage.storage_upload", request, content=data)["url"]
    assert url.endswith("/avatars/u.jpg")
    shown = httpx.get(url, trust_env=False, timeout=60)
    assert (shown.content, shown.headers["content-type"]) == (data, "image/jpeg")


def test_open_file_is_stored(client: Published, tmp_path: Path) -> None:
    path = tmp_path / "example.file"
    path.write_bytes(b"0123456789" * 50_000)
    request = {"file": {"file_name": "a.png"}, "key": "a"}
    shown = httpx.get(
        client.call("storage.storage_upload", request, path=path)["url"],
        trust_env=False,
        timeout=60,
    )
    assert (shown.content, shown.headers["content-type"]) == (path.read_bytes(), "image/png")


# Errors: typed where its document says so.


def test_wrong_password_is_a_typed_401(client: Published) -> None:
    refused = client.refused("authentication.auth_signin", user())
    assert (refused.kind, refused.status) == ("ErrorResponse", 401)
    assert refused.code == "AUTH_INVALID_CREDENTIALS"
    assert refused.message == json.loads(refused.body)["message"] == refused.text


def test_second_sign_up_is_a_typed_409(client: Published) -> None:
    somebody = user()
    client.call("authentication.auth_signup", somebody)
    refused = client.refused("authentication.auth_signup", somebody)
    assert (refused.kind, refused.status) == ("ErrorResponse", 409)
    assert (refused.code, refused.details) == ("VALIDATION_ERROR", {"reason": "AUTH_USER_EXISTS"})


def test_unacceptable_sign_up_is_a_typed_400(client: Published) -> None:
    refused = client.refused("authentication.auth_signup", {**user(), "password": "short"})
    assert (refused.kind, refused.status, refused.code) == (
        "ErrorResponse",
        400,
        "VALIDATION_ERROR",
    )
    assert "password" in refused.details["fieldErrors"]


@pytest.mark.parametrize("sql", ["SELEC", "SELECT * FROM none", "SELECT ?", "SELECT 1; SELECT 2"])
def test_wrong_statement_is_a_typed_400(client: Published, sql: str) -> None:
    refused = client.refused("database.db_query", {"sql": sql})
    assert (refused.kind, refused.status) == ("ErrorResponse", 400)
    assert refused.code == "DB_QUERY_FAILED"
    assert refused.details["reason"].startswith("DB_")


def test_unknown_key_is_typed_for_queries_and_plain_elsewhere(client: Published) -> None:
    nobody = client.with_key("ac_secret_nobody")
    typed = nobody.refused("database.db_query", {"sql": "SELECT 1"})
    assert (typed.kind, typed.status, typed.code) == ("ErrorResponse", 401, "AUTH_INVALID_KEY")
    signin = nobody.refused("authentication.auth_signin", user())
    assert (signin.kind, signin.code) == ("ErrorResponse", "AUTH_INVALID_KEY")
    plain = nobody.refused("cache.cache_get", {"key": "k"})
    assert (plain.kind, plain.status) == ("SDKError", 401)
    assert "SDKBaseError" in plain.bases
    assert json.loads(plain.body)["code"] == "AUTH_INVALID_KEY"


def test_key_without_the_right_is_a_plain_403(
    client: Published, aerostack_server: AerostackServer
) -> None:
    powerless = client.with_key(aerostack_server.project("cache"))
    refused = powerless.refused("database.db_query", {"sql": "SELECT 1"})
    assert (refused.kind, refused.status) == ("SDKError", 403)
    assert json.loads(refused.body)["code"] == "FORBIDDEN"


def test_service_that_is_missing_or_fails_is_plain(shared: Published) -> None:
    missing = shared.refused("services.services_invoke", {"service_name": "nobody", "data": {}})
    assert (missing.kind, missing.status) == ("SDKError", 404)
    failing = {"service_name": "fails", "data": {"what": "this"}}
    failed = shared.refused("services.services_invoke", failing)
    assert (failed.kind, failed.status) == ("SDKError", 502)
    assert json.loads(failed.body)["details"]["reason"] == "SERVICE_INVOKE_FAILED"


def test_time_to_live_of_nothing_is_a_plain_400(client: Published) -> None:
    refused = client.refused("cache.cache_set", {"key": "k", "value": 1, "ttl": 0})
    assert (refused.kind, refused.status) == ("SDKError", 400)


# Retries.


def test_retries_are_accepted_and_end(client: Published) -> None:
    assert client.call("ai.ai_chat", CHAT, retries=GUIDE)["response"] == "You said: "
    failing = client.refused("database.db_query", {"sql": "SELEC"}, retries=GUIDE)
    assert (failing.kind, failing.status) == ("ErrorResponse", 400)


def test_server_that_is_away_is_an_error_of_httpx(client: Published, unused_tcp_port: int) -> None:
    away = client.at(server_url=f"http://127.0.0.1:{unused_tcp_port}/v1")
    refused = away.refused("cache.cache_get", {"key": "k"}, retries={**GUIDE, "connection": True})
    assert refused.kind == "ConnectError"
    assert "SDKBaseError" not in refused.bases
