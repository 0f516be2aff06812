"""Every operation: where it goes, what it sends, what it gives."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone
from typing import Any

import pytest

import aerostack
from aerostack import SDK, errors, models
from aerostack.types import UNSET

from .conftest import KEY, Face
from .peer import answer

# resource, method, request, path, body on the wire, answer, what to look at, what is there
OPERATIONS: list[tuple[str, str, Any, str, Any, Any, str, Any]] = [
    (
        "ai",
        "ai_chat",
        {
            "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
            "stop": ["."],
            "seed": 1,
            "response_format": {"type": "json_object"},
            "tool_choice": "none",
        },
        "/ai/chat",
        {
            "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
            "stop": ["."],
            "seed": 1,
            "response_format": {"type": "json_object"},
            "tool_choice": "none",
        },
        {"response": "hi"},
        "response",
        "hi",
    ),
    (
        "ai",
        "embed",
        {"text": "t"},
        "/ai/embed",
        {"text": "t"},
        {"embedding": [0.5, 1], "model": "m"},
        "embedding",
        [0.5, 1.0],
    ),
    (
        "ai",
        "ingest",
        {"content": "c", "type": "t", "metadata": {"a": None}},
        "/ai/search/ingest",
        {"content": "c", "type": "t", "metadata": {"a": None}},
        {"success": True, "id": "i"},
        "id",
        "i",
    ),
    (
        "ai",
        "query",
        {"text": "q", "top_k": 3, "types": ["t"], "filter": {"a": 1}},
        "/ai/search/query",
        {"text": "q", "topK": 3, "types": ["t"], "filter": {"a": 1}},
        {"results": [{"id": "i", "score": 0.5}]},
        "results",
        [models.SearchItem(id="i", score=0.5)],
    ),
    (
        "ai",
        "search_get",
        {"id": "i"},
        "/ai/search/get",
        {"id": "i"},
        {"result": None, "exists": False},
        "exists",
        False,
    ),
    (
        "ai",
        "search_update",
        {"id": "i", "content": "c"},
        "/ai/search/update",
        {"id": "i", "content": "c"},
        {"success": True},
        "success",
        True,
    ),
    (
        "ai",
        "delete",
        {"id": "i"},
        "/ai/search/delete",
        {"id": "i"},
        {"success": True},
        "success",
        True,
    ),
    (
        "ai",
        "delete_by_type",
        {"type": "t"},
        "/ai/search/deleteByType",
        {"type": "t"},
        {"success": True},
        "success",
        True,
    ),
    ("ai", "search_count", None, "/ai/search/count", {}, {"count": 4}, "count", 4),
    (
        "ai",
        "configure",
        {"embedding_model": "multilingual"},
        "/ai/search/configure",
        {"embeddingModel": "multilingual"},
        {"success": True},
        "success",
        True,
    ),
    (
        "authentication",
        "auth_signup",
        {"email": "a@b.example", "password": "12345678", "name": "A"},
        "/auth/signup",
        {"email": "a@b.example", "password": "12345678", "name": "A"},
        {"token": "t", "expiresAt": "2030-01-02T03:04:05Z", "user": {"id": "u", "name": None}},
        "expires_at",
        datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    ),
    (
        "authentication",
        "auth_signin",
        {"email": "a@b.example", "password": "12345678"},
        "/auth/signin",
        {"email": "a@b.example", "password": "12345678"},
        {"token": "t", "expiresAt": 1893553445},
        "token",
        "t",
    ),
    ("cache", "cache_get", {"key": "k"}, "/cache/get", {"key": "k"}, {"value": [1]}, "value", [1]),
    (
        "cache",
        "cache_set",
        {"key": "k", "value": None, "ttl": 5},
        "/cache/set",
        {"key": "k", "value": None, "ttl": 5},
        {"success": True},
        "success",
        True,
    ),
    (
        "cache",
        "cache_delete",
        {"key": "k"},
        "/cache/delete",
        {"key": "k"},
        {"success": True},
        "success",
        True,
    ),
    (
        "cache",
        "cache_list",
        {"prefix": "p", "limit": 2, "cursor": "c"},
        "/cache/list",
        {"prefix": "p", "limit": 2, "cursor": "c"},
        {"keys": [{"key": "k", "expiration": None}], "list_complete": True},
        "list_complete",
        True,
    ),
    (
        "cache",
        "cache_keys",
        None,
        "/cache/keys",
        {},
        {"keys": ["k"], "truncated": False},
        "keys",
        ["k"],
    ),
    (
        "cache",
        "cache_get_many",
        {"keys": ["a"]},
        "/cache/getMany",
        {"keys": ["a"]},
        {"results": [{"key": "a", "value": None, "exists": True}]},
        "results",
        [models.CacheItem(key="a", value=None, exists=True)],
    ),
    (
        "cache",
        "cache_set_many",
        {"entries": [{"key": "a", "value": None}]},
        "/cache/setMany",
        {"entries": [{"key": "a", "value": None}]},
        {"success": True, "count": 1},
        "count",
        1,
    ),
    (
        "cache",
        "cache_delete_many",
        {"keys": ["a"]},
        "/cache/deleteMany",
        {"keys": ["a"]},
        {"success": True, "count": 1, "deleted": 0},
        "deleted",
        0,
    ),
    (
        "cache",
        "cache_flush",
        {"prefix": "p"},
        "/cache/flush",
        {"prefix": "p"},
        {"success": True, "deleted": 2},
        "deleted",
        2,
    ),
    (
        "cache",
        "cache_expire",
        {"key": "k", "ttl": 9},
        "/cache/expire",
        {"key": "k", "ttl": 9},
        {"success": False},
        "success",
        False,
    ),
    (
        "cache",
        "cache_increment",
        {"key": "k", "amount": -1, "initial_value": 5},
        "/cache/increment",
        {"key": "k", "amount": -1, "initialValue": 5},
        {"value": 4},
        "value",
        4,
    ),
    (
        "database",
        "db_query",
        {"sql": "SELECT ?", "params": [None, True, 2**62, 0.5, "x"]},
        "/db/query",
        {"sql": "SELECT ?", "params": [None, True, 2**62, 0.5, "x"]},
        {"results": [{"a": 1}], "count": 1, "meta": {"rowCount": 1, "last_row_id": 7}},
        "meta",
        models.DbMeta(row_count=1, last_row_id=7),
    ),
    (
        "database",
        "dbQuery",
        {"sql": "SELECT 1"},
        "/db/query",
        {"sql": "SELECT 1"},
        {"results": []},
        "results",
        [],
    ),
    (
        "database",
        "db_batch",
        {"queries": [{"sql": "s"}], "atomic": True},
        "/db/batch",
        {"queries": [{"sql": "s"}], "atomic": True},
        {"results": [{"results": [], "success": False, "error": "no"}], "success": False},
        "success",
        False,
    ),
    (
        "queue",
        "queue_enqueue",
        {"type": "t", "data": {"a": 1}, "delay": 3},
        "/queue/enqueue",
        {"type": "t", "data": {"a": 1}, "delay": 3},
        {"jobId": "j", "success": True},
        "job_id",
        "j",
    ),
    (
        "queue",
        "queue_get_job",
        {"job_id": "j"},
        "/queue/job",
        {"jobId": "j"},
        {"job": {"id": "j", "status": "paused", "result": {"n": 1}}, "exists": True},
        "job",
        models.Job(id="j", status=models.JobStatus("paused"), result={"n": 1}),
    ),
    (
        "queue",
        "queue_list_jobs",
        {"status": "failed"},
        "/queue/jobs",
        {"status": "failed"},
        {"jobs": [], "list_complete": True},
        "jobs",
        [],
    ),
    (
        "queue",
        "queue_cancel_job",
        {"job_id": "j"},
        "/queue/cancel",
        {"jobId": "j"},
        {"success": True, "note": "done already"},
        "note",
        "done already",
    ),
    (
        "services",
        "services_invoke",
        {"service_name": "s", "data": {}},
        "/services/invoke",
        {"serviceName": "s", "data": {}},
        {"success": True, "result": [1]},
        "result",
        [1],
    ),
    (
        "storage",
        "storage_get_url",
        {"key": "k", "expires_in": 60},
        "/storage/getUrl",
        {"key": "k", "expiresIn": 60},
        {"url": "u"},
        "url",
        "u",
    ),
    (
        "storage",
        "storage_list",
        None,
        "/storage/list",
        {},
        {"objects": [{"key": "k", "size": 1, "lastModified": "2030-01-02T03:04:05Z"}]},
        "objects",
        [
            models.StorageObject(
                key="k", size=1, last_modified=datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
            )
        ],
    ),
    (
        "storage",
        "storage_delete",
        {"key": "k"},
        "/storage/delete",
        {"key": "k"},
        {"success": True},
        "success",
        True,
    ),
    (
        "storage",
        "storage_exists",
        {"key": "k"},
        "/storage/exists",
        {"key": "k"},
        {"exists": True},
        "exists",
        True,
    ),
    (
        "storage",
        "storage_get_metadata",
        {"key": "k"},
        "/storage/getMetadata",
        {"key": "k"},
        {"exists": True, "contentType": "a/b"},
        "content_type",
        "a/b",
    ),
    (
        "storage",
        "storage_copy",
        {"source_key": "a", "dest_key": "b"},
        "/storage/copy",
        {"sourceKey": "a", "destKey": "b"},
        {"success": True, "url": "u"},
        "url",
        "u",
    ),
    (
        "storage",
        "storage_move",
        {"source_key": "a", "dest_key": "b"},
        "/storage/move",
        {"sourceKey": "a", "destKey": "b"},
        {"success": True, "url": "u"},
        "url",
        "u",
    ),
    (
        "gateway",
        "gateway_billing_log",
        {"consumer_id": "c", "api_id": "a", "units": 3},
        "/gateway/billing/log",
        {"consumerId": "c", "apiId": "a", "units": 3},
        {"success": True, "loggedUnits": 3},
        "logged_units",
        3,
    ),
]
ELSEWHERE = {  # tested where what they give is
    "ai_chat_stream", "storage_upload", "storage_get", "gateway_chat_completions",
    "gateway_chat_completions_stream", "gateway_get_wallet", "list_types",
}  # fmt: skip
READS = {
    "embed", "query", "search_get", "search_count", "auth_signin", "cache_get", "cache_list",
    "cache_keys", "cache_get_many", "queue_get_job", "queue_list_jobs", "storage_get_url",
    "storage_list", "storage_exists", "storage_get_metadata",
}  # fmt: skip
TWICE_IS_ONCE = {
    "search_update", "delete", "delete_by_type", "configure", "cache_set", "cache_delete",
    "cache_set_many", "cache_delete_many", "cache_flush", "cache_expire", "queue_cancel_job",
    "storage_delete", "storage_copy",
}  # fmt: skip
RESOURCES = ["ai", "authentication", "cache", "database", "gateway", "queue", "services", "storage"]


@pytest.mark.parametrize("case", OPERATIONS, ids=lambda case: case[1])
async def test_operation_sends_and_gives_what_is_documented(
    play: Any, face: Face, case: tuple[Any, ...]
) -> None:
    resource, name, request, path, body, reply, field, expected = case
    peer = play(answer(200, reply))
    method = getattr(getattr(face.sdk(peer), resource), name)
    result = await (face.do(method, request=request) if request is not None else face.do(method))
    received = peer.requests[0]
    assert (received.method, received.path, received.json()) == ("POST", f"/v1{path}", body)
    assert received.headers["x-aerostack-key"] == KEY
    assert getattr(result, field) == expected
    keyed = name not in READS | TWICE_IS_ONCE
    assert ("idempotency-key" in received.headers) == keyed


def test_every_operation_is_tested_and_has_both_forms() -> None:
    tested = {case[1] for case in OPERATIONS} | ELSEWHERE
    sdk = SDK(KEY)
    found = set()
    for resource in RESOURCES:
        assert resource in dir(sdk)
        group = getattr(sdk, resource)
        for name in dir(group):
            if name.startswith("_") or name.endswith("_async"):
                continue
            found.add(name)
            one, other = getattr(group, name), getattr(group, f"{name}_async")
            assert inspect.iscoroutinefunction(other) and not inspect.iscoroutinefunction(one)
            mine, theirs = inspect.signature(one), inspect.signature(other)
            assert list(mine.parameters) == list(theirs.parameters)
            assert one.__doc__ and other.__doc__ and mine.parameters == theirs.parameters
            assert one.__doc__ == other.__doc__.replace("_async`", "`")
            names = list(mine.parameters)
            assert names[names.index("retries") :][:4] == [
                "retries", "server_url", "timeout_ms", "http_headers",
            ]  # fmt: skip
            assert mine.parameters["retries"].default is UNSET
    assert found == tested


async def test_query_may_be_spelled_out(play: Any, face: Face) -> None:
    peer = play(answer(200, {"results": [], "count": 0}))
    sdk = face.sdk(peer)
    method = sdk.database.dbQuery_async if face.is_async else sdk.database.dbQuery
    assert (await face.finish(method(sql="SELECT ?", params=[1]))).count == 0
    assert (await face.finish(method({"sql": "SELECT 1"}))).count == 0
    assert peer.bodies() == [{"sql": "SELECT ?", "params": [1]}, {"sql": "SELECT 1"}]


async def test_request_and_retries_may_be_positional_and_the_rest_not(
    play: Any, face: Face
) -> None:
    sdk = face.sdk(play(answer(200, {})))
    await face.do(sdk.cache.cache_get, {"key": "k"}, None)
    await face.do(sdk.cache.cache_get, request=models.CacheGetRequestBody(key="k"), retries=None)
    with pytest.raises(TypeError):
        await face.do(sdk.cache.cache_get, {"key": "k"}, None, "http://x.example")


async def test_types_of_texts_are_listed_with_get(play: Any, face: Face) -> None:
    peer = play(answer(200, {"types": [{"type": "t", "count": 2}]}))
    result = await face.do(face.sdk(peer).ai.list_types)
    assert result.types == [models.SearchType(type="t", count=2)]
    assert (peer.requests[0].method, peer.requests[0].path) == ("GET", "/v1/ai/search/listTypes")
    assert peer.requests[0].body == b""


async def test_wallet_is_asked_for_with_a_token(play: Any, face: Face) -> None:
    peer = play(answer(200, {"wallet": {"balance": 5, "total_consumed": 1.5, "plan_type": "free"}}))
    sdk = face.sdk(peer)
    result = await face.do(sdk.gateway.gateway_get_wallet, "my api", token="ask_live_9")
    assert (result.wallet.balance, result.wallet.total_consumed) == (5, 1.5)
    assert peer.requests[0].path == "/v1/ai/gateway/me/wallet?api_slug=my%20api"
    assert peer.headers("authorization") == ["Bearer ask_live_9"]
    with pytest.raises(errors.ConfigurationError, match="token"):
        await face.do(sdk.gateway.gateway_get_wallet, "a", token="a\nb")


@pytest.mark.parametrize(
    ("method", "data", "path", "body", "keyed"),
    [
        ("POST", {"a": None}, "/v1/custom/my%20fn", b'{"a":null}', True),
        ("post", None, "/v1/custom/my%20fn", b"", True),
        ("GET", {"a": "b c"}, "/v1/custom/my%20fn?a=b%20c", b"", False),
        ("PUT", [1], "/v1/custom/my%20fn", b"[1]", False),
        ("DELETE", None, "/v1/custom/my%20fn", b"", False),
    ],
)
async def test_function_of_the_project_is_called(
    play: Any, face: Face, method: str, data: Any, path: str, body: bytes, keyed: bool
) -> None:
    peer = play(answer(200, {"said": [1]}), answer(204, body=b""))
    sdk = face.sdk(peer)
    assert await face.do(sdk.call, "my fn", data, method) == {"said": [1]}
    assert await face.do(sdk.call, "x", method=method) is None
    received = peer.requests[0]
    assert (received.method, received.path, received.body) == (method.upper(), path, body)
    assert ("idempotency-key" in received.headers) == keyed


async def test_function_is_called_with_what_can_be_sent(play: Any, face: Face) -> None:
    sdk = face.sdk(play(answer()))
    for wrong in ({"data": float("nan")}, {"method": "FETCH"}, {"data": [1], "method": "GET"}):
        with pytest.raises(errors.RequestValidationError):
            await face.do(sdk.call, "x", **wrong)


def test_alias_is_the_same_class() -> None:
    assert aerostack.Aerostack is SDK
