"""`/custom/{slug}`: a project's services by their paths."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from ..scripted_target import Told

FUNCTIONS = "def echo(data):\n    return data\n\ndef fail(data):\n    raise ValueError('no')\n"


@pytest_asyncio.fixture(loop_scope="session")
async def echo(api, tmp_path: Path):
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    for name in ("echo", "fail"):
        spec = {"callable": f"functions.py:{name}"}
        await api.apply(tmp_path, {"kind": "service", "name": name, "spec": spec})
    return "/custom/echo"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("data", [{"a": 1}, [1, 2**70], "text", False, 0], ids=repr)
async def test_body_is_the_data_and_the_answer_is_the_functions_own(api, echo, method, data):
    answer = await api.call(method, echo, json=data)
    assert (answer.status_code, answer.json()) == (200, data)


async def test_query_is_the_data_without_a_body(api, echo):
    answer = await api.get(echo, params={"q": "a b", "n": "1"})
    assert answer.json() == {"q": "a b", "n": "1"}
    assert (await api.call("POST", echo)).json() == {}


async def test_bad_json_is_400(api, echo):
    for content in (b"{", b"NaN", b'{"a": Infinity}'):
        answer = await api.call("POST", echo, content=content)
        assert answer.status_code == 400
        assert answer.json()["details"]["reason"] == "INVALID_JSON"


async def test_unknown_function_is_404_and_failing_one_502(api, echo):
    answer = await api.post("/custom/ecko", {})
    assert (answer.status_code, answer.json()["details"]) == (
        404,
        {"reason": "SERVICE_NOT_FOUND", "suggestion": "Did you mean 'echo'?"},
    )
    assert (await api.post("/custom/fail", {})).status_code == 502


async def test_idempotency_key_gets_the_first_answer(api, tmp_path, target):
    spec = {"url": target.url}
    await api.apply(tmp_path, {"kind": "service", "name": "remote", "spec": spec})
    target.tell(Told(body=b"1"), Told(body=b"2"))
    headers = {"Idempotency-Key": "k"}
    answers = [await api.post("/custom/remote", {}, headers=headers) for _ in range(2)]
    assert [answer.json() for answer in answers] == [1, 1]


async def test_list_for_a_service_that_takes_a_query_is_400(api, tmp_path, target):
    spec = {"url": target.url, "method": "GET"}
    await api.apply(tmp_path, {"kind": "service", "name": "search", "spec": spec})
    answer = await api.post("/custom/search", [1])
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_key_needs_the_scope_services(api, echo):
    other = await api.with_scopes("cache")
    assert (await other.post(echo, {})).status_code == 403
    assert (await (await api.with_scopes("public")).post(echo, {})).status_code == 200
