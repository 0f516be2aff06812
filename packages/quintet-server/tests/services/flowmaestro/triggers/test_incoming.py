"""`/hooks/{id}`: requests from outside that fire webhook triggers."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import httpx
import pytest

from .test_triggers import WORKFLOW, ended, trigger

SECRET = "a-good-long-secret"


async def hook(api: Any, method: str = "POST", **options: Any) -> httpx.Response:
    """A request without an API key."""
    headers = {"Authorization": "", **options.pop("headers", {})}
    params = {"project": api.project, **options.pop("params", {})}
    path = options.pop("path", "/hooks/trigger_h")
    return await api.call(method, path, headers=headers, params=params, **options)


async def define(api: Any, folder: Any, **config: Any) -> None:
    await api.apply(folder, WORKFLOW, trigger("h", "webhook", config=config))


async def test_json_object_becomes_the_inputs(api, tmp_path):
    await define(api, tmp_path, inputs={"b": "default"})
    answer = await hook(api, json={"a": 1})
    assert answer.status_code == 202, answer.text
    data = answer.json()["data"]
    assert data["trigger_id"] == "trigger_h" and data["status"] == "pending"
    found = await ended(api, data["execution_id"])
    assert found["outputs"] == {"got": "1/default"}
    shown = await api.data("/triggers/trigger_h")
    assert shown["trigger_count"] == 1 and shown["last_triggered_at"]


@pytest.mark.parametrize(
    ("body", "content_type", "inputs"),
    [
        (b"[1, 2]", "application/json", {"payload": [1, 2]}),
        (b"a=1&b=x+y", "application/x-www-form-urlencoded", {"a": "1", "b": "x y"}),
        (b"hello", "text/plain", {"payload": "hello"}),
        (b'{"a": 1}', "application/vnd.x+json; charset=utf-8", {"a": 1}),
    ],
)
async def test_other_bodies_become_inputs_too(api, tmp_path, body, content_type, inputs):
    await define(api, tmp_path)
    answer = await hook(api, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 202, answer.text
    assert answer.json()["data"]["inputs"] == inputs


async def test_query_becomes_the_inputs_where_there_is_no_body(api, tmp_path):
    await define(api, tmp_path, method="get")
    answer = await hook(api, "GET", params={"a": "1"})
    assert answer.json()["data"]["inputs"] == {"a": "1"}


@pytest.mark.parametrize(
    ("config", "good", "bad"),
    [
        ({"authType": "api_key"}, {"X-API-Key": SECRET}, {"X-API-Key": "x"}),
        (
            {"authType": "api_key", "headerName": "X-Mine"},
            {"X-Mine": SECRET},
            {"X-API-Key": SECRET},
        ),
        (
            {"authType": "bearer"},
            {"Authorization": f"Bearer {SECRET}"},
            {"Authorization": f"Basic {SECRET}"},
        ),
    ],
)
async def test_caller_proves_itself_with_the_secret(api, tmp_path, config, good, bad):
    await define(api, tmp_path, secret=SECRET, **config)
    for headers in (bad, {}):
        refused = await hook(api, json={}, headers=headers)
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "invalid_api_key"
    assert (await hook(api, json={}, headers=good)).status_code == 202
    assert (await api.data("/triggers/trigger_h"))["trigger_count"] == 1


@pytest.mark.parametrize("header", ["X-FlowMaestro-Signature", "X-Hub-Signature-256"])
async def test_hmac_covers_the_raw_body(api, tmp_path, header):
    await define(api, tmp_path, authType="hmac", secret=SECRET)
    body = b'{"a":   1}'
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    spelled = f"v1={signature}" if "Flow" in header else f"sha256={signature}"
    assert (await hook(api, content=body, headers={header: spelled})).status_code == 202
    assert (await hook(api, content=b'{"a":2}', headers={header: spelled})).status_code == 401
    assert (await hook(api, content=body)).status_code == 401


async def test_wrong_method_unknown_trigger_and_other_types_are_refused(api, tmp_path):
    await define(api, tmp_path)
    await api.apply(tmp_path, trigger("m"))
    wrong = await hook(api, "PUT", json={})
    assert wrong.status_code == 405 and wrong.headers["allow"] == "POST"
    assert (await hook(api, path="/hooks/trigger_none", json={})).status_code == 404
    assert (await hook(api, path="/hooks/trigger_m", json={})).status_code == 404
    other = await hook(api, params={"project": "default"}, json={})
    assert other.status_code == 404


async def test_bad_bodies_are_refused(started, tmp_path):
    async with started(trigger_body_max_bytes=1024) as api:
        await define(api, tmp_path)
        large = await hook(api, content=b"x" * 2000, headers={"Content-Type": "text/plain"})
        assert large.status_code == 413
        broken = await hook(api, content=b"{", headers={"Content-Type": "application/json"})
        assert broken.status_code == 400
        parts = {"Content-Type": "multipart/form-data; boundary=x"}
        assert (await hook(api, content=b"--x", headers=parts)).status_code == 415


async def test_disabled_trigger_is_refused(api, tmp_path):
    await api.apply(tmp_path, WORKFLOW, trigger("h", "webhook", enabled=False))
    answer = await hook(api, json={})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Trigger is not enabled"
