"""`/services/invoke`: Python functions and HTTP targets, and every way in which they fail."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path

import pytest

from ..scripted_target import Told

FUNCTIONS = """
import asyncio
import time

def statistics(data):
    words = data["text"].split()
    return {"words": len(words), "longest": max(words, key=len)}

async def later(data):
    await asyncio.sleep(0)
    return data

def fail(data):
    raise ValueError(f"no {data['what']} here")

def hang(data):
    time.sleep(600)

class Unusable(ValueError):
    retryable = False

def refuse(data):
    raise Unusable("not this")

CALLS = []

def count(data):
    CALLS.append(data)
    return len(CALLS)
"""


@pytest.fixture
def apply(api, tmp_path: Path):
    (tmp_path / "functions.py").write_text(FUNCTIONS)

    async def go(name: str, api=api, **spec):
        document = {"kind": "service", "name": name, "spec": spec}
        return (await api.apply(tmp_path, document))[0]

    return go


async def invoke(api, name, data=None, status=200, **options):
    body = {"serviceName": name, "data": {} if data is None else data}
    return await api.ask("/services/invoke", body, status, **options)


async def test_function_answers(api, apply):
    await apply("statistics", callable="functions.py:statistics")
    answer = await invoke(api, "statistics", {"text": "to be or not"})
    assert answer == {"success": True, "result": {"words": 4, "longest": "not"}}


async def test_async_function_keeps_integers_of_any_size(api, apply):
    await apply("later", callable="functions.py:later")
    assert (await invoke(api, "later", {"n": 2**70}))["result"] == {"n": 2**70}


async def test_url_is_posted_the_data_and_its_json_is_the_result(api, apply, target):
    await apply("remote", url=target.url, headers={"X-Token": "t"})
    answer = await invoke(api, "remote", {"a": 1}, headers={"X-Request-ID": "req-1"})
    assert answer == {"success": True, "result": {"done": True}}
    [request] = target.requests
    assert (request.method, request.json) == ("POST", {"a": 1})
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-token"] == "t"
    assert request.headers["x-request-id"] == "req-1"
    assert "x-aerostack-key" not in request.headers
    assert "authorization" not in request.headers


async def test_url_with_get_is_asked_with_the_data_as_parameters(api, apply, target):
    await apply("search", url=f"{target.url}?fixed=1", method="GET")
    await invoke(api, "search", {"q": "a b&c", "n": 3, "deep": [1]})
    [request] = target.requests
    assert (request.method, request.body) == ("GET", b"")
    assert request.path == "/hook?fixed=1&q=a+b%26c&n=3&deep=%5B1%5D"


@pytest.mark.parametrize(
    ("told", "result"),
    [
        (Told(body=b""), None),
        (Told(status=204, body=b""), None),
        (Told(body=b"plain", headers={"content-type": "text/plain"}), "plain"),
        (Told(body=b"[1, 2.5]", headers={}), [1, 2.5]),
        (Told(body=b"no json"), "no json"),
        (Told(body=b"NaN"), "NaN"),
        (Told(status=201, body=b"null"), None),
        (Told(body=b"1" + b"0" * 30), 10**30),
    ],
)
async def test_answer_of_a_url_becomes_the_result(api, apply, target, told, result):
    target.tell(told)
    await apply("remote", url=target.url)
    assert (await invoke(api, "remote"))["result"] == result


async def test_unknown_service_is_404_with_a_suggestion(api, apply):
    body = {"serviceName": "statistics", "data": {}}
    refused = await api.refused(
        "/services/invoke", body, 404, "VALIDATION_ERROR", "SERVICE_NOT_FOUND"
    )
    assert "quintet apply" in refused["details"]["suggestion"]
    await apply("text-statistics", callable="functions.py:statistics")
    body["serviceName"] = "text_statistic"
    refused = await api.refused(
        "/services/invoke", body, 404, "VALIDATION_ERROR", "SERVICE_NOT_FOUND"
    )
    assert refused["details"]["suggestion"] == "Did you mean 'text-statistics'?"
    assert refused["message"] == (
        "There is no service 'text_statistic' in this project. Did you mean 'text-statistics'?"
    )


async def test_service_of_another_project_is_unknown(api, apply):
    other = await api.other_project()
    await apply("theirs", api=other, callable="functions.py:statistics")
    body = {"serviceName": "theirs", "data": {}}
    refused = await api.refused("/services/invoke", body, 404, "VALIDATION_ERROR")
    assert "theirs'?" not in refused["details"]["suggestion"]


async def test_service_that_is_switched_off_is_404_until_it_is_on_again(api, apply):
    await apply("later", callable="functions.py:later", enabled=False)
    refused = await invoke(api, "later", status=404)
    assert refused["message"] == "The service 'later' is switched off."
    assert await apply("later", callable="functions.py:later") == "updated"
    await invoke(api, "later")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "serviceName"),
        ({"serviceName": "x"}, "data"),
        ({"serviceName": "", "data": {}}, "serviceName"),
        ({"serviceName": 1, "data": {}}, "serviceName"),
        ({"serviceName": "x", "data": [1]}, "data"),
        ({"serviceName": "x", "data": None}, "data"),
        ({"serviceName": "x" * 201, "data": {}}, "serviceName"),
    ],
)
async def test_bad_request_is_400_with_the_field(api, body, field):
    refused = await api.refused("/services/invoke", body, 400, "VALIDATION_ERROR")
    assert field in refused["details"]["fieldErrors"]


async def test_odd_names_are_unknown_services(api):
    for name in ("a\0b", "'; --", "é", "\ud7ff"):
        assert (await invoke(api, name, status=404))["details"]["reason"] == "SERVICE_NOT_FOUND"


async def test_exception_of_a_function_is_502_with_type_and_message_and_no_traceback(api, apply):
    await apply("fail", callable="functions.py:fail")
    answer = await api.refused(
        "/services/invoke",
        {"serviceName": "fail", "data": {"what": "cheese"}},
        502,
        "INTERNAL_ERROR",
        "SERVICE_INVOKE_FAILED",
    )
    assert answer["message"] == "The service 'fail' failed: ValueError: no cheese here"
    assert answer["details"]["error"] == {"type": "ValueError", "message": "no cheese here"}
    assert "functions.py" not in str(answer)


async def test_exception_that_says_so_is_not_worth_repeating(api, apply):
    await apply("fail", callable="functions.py:fail")
    await apply("refuse", callable="functions.py:refuse")
    answers = [
        await api.post("/services/invoke", {"serviceName": name, "data": {"what": ""}})
        for name in ("fail", "refuse")
    ]
    assert [answer.status_code for answer in answers] == [502, 502]
    assert [answer.headers.get("x-should-retry") for answer in answers] == [None, "false"]


async def test_function_that_hangs_is_504_and_the_next_call_works(api, apply):
    await apply("hang", callable="functions.py:hang", timeout=0.3)
    await apply("later", callable="functions.py:later")
    answer = await invoke(api, "hang", status=504)
    assert answer["message"] == "The service 'hang' gave no answer within 0.3 s."
    assert answer["details"] == {
        "reason": "SERVICE_INVOKE_FAILED",
        "service": "hang",
        "timedOut": True,
    }
    await invoke(api, "later")


async def test_function_whose_file_is_gone_is_502_without_its_path(api, apply, tmp_path):
    await apply("later", callable="functions.py:later")
    (tmp_path / "functions.py").unlink()
    answer = await invoke(api, "later", status=502)
    assert answer["details"]["reason"] == "SERVICE_INVOKE_FAILED"
    assert str(tmp_path) not in str(answer)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (Told(status=500, body=b"<p>broken\n  pipe</p>"), "answered 500: <p>broken pipe</p>"),
        (Told(status=404, body=b""), "answered 404."),
        (
            Told(status=302, body=b"", headers={"location": "/x"}),
            "answered 302, a redirect, which is not followed.",
        ),
    ],
)
async def test_refusal_of_a_url_is_502_with_what_it_said(api, apply, target, told, message):
    target.tell(told)
    await apply("remote", url=target.url)
    answer = await invoke(api, "remote", status=502)
    assert answer["message"] == f"The service 'remote' {message}"
    assert answer["details"] == {
        "reason": "SERVICE_INVOKE_FAILED",
        "service": "remote",
        "serviceStatus": told.status,
    }
    assert len(target.requests) == 1  # never repeated, never redirected


async def test_long_refusal_is_cut(api, apply, target):
    target.tell(Told(status=500, body=b"x" * 100_000))
    await apply("remote", url=target.url)
    assert len((await invoke(api, "remote", status=502))["message"]) < 600


async def test_url_that_hangs_is_504(api, apply, target):
    target.tell(Told(hang=True))
    await apply("remote", url=target.url, timeout=0.2)
    answer = await invoke(api, "remote", status=504)
    assert answer["details"]["reason"] == "SERVICE_INVOKE_FAILED"


async def test_answer_beyond_the_bound_is_502(started, apply, target):
    target.tell(Told(body=b"x" * 5_000))
    async with started(target_answer_max_bytes=2_000) as api:
        await apply("remote", api=api, url=target.url)
        answer = await invoke(api, "remote", status=502)
    assert "the answer has more than 2000 bytes" in answer["message"]
    assert "QUINTET_AEROSTACK_TARGET_ANSWER_MAX_BYTES" in answer["message"]


async def test_compressed_answer_is_502(api, apply, target):
    target.tell(Told(headers={"content-encoding": "gzip"}))
    await apply("remote", url=target.url)
    assert "encoded as gzip" in (await invoke(api, "remote", status=502))["message"]


async def test_closed_port_is_502(api, apply):
    await apply("remote", url="http://127.0.0.1:1/")
    assert "ConnectError" in (await invoke(api, "remote", status=502))["message"]


async def test_idempotency_key_gets_the_first_answer_and_is_passed_on(api, apply, target):
    await apply("remote", url=target.url)
    target.tell(Told(body=b"1"), Told(body=b"2"))
    headers = {"Idempotency-Key": "once"}
    first = await invoke(api, "remote", headers=headers)
    again = await api.post(
        "/services/invoke", {"serviceName": "remote", "data": {}}, headers=headers
    )
    assert (first["result"], again.json()["result"]) == (1, 1)
    assert again.headers["idempotent-replay"] == "true"
    assert [request.headers["idempotency-key"] for request in target.requests] == ["once"]
    assert (await invoke(api, "remote"))["result"] == 2
    other = await invoke(api, "remote", {"other": 1}, 409, headers=headers)
    assert other["details"]["reason"] == "IDEMPOTENCY_KEY_REUSED"


async def test_requests_with_one_key_at_a_time_are_invoked_once(api, apply):
    await apply("count", callable="functions.py:count")
    headers = {"Idempotency-Key": "k"}
    calls = [invoke(api, "count", headers=headers) for _ in range(5)]
    assert {answer["result"] for answer in await asyncio.gather(*calls)} == {1}
    assert (await invoke(api, "count"))["result"] == 2


async def test_failure_leaves_the_key_free(api, apply, target):
    await apply("remote", url=target.url)
    target.tell(Told(status=503), Told(body=b"7"))
    headers = {"Idempotency-Key": "again"}
    await invoke(api, "remote", status=502, headers=headers)
    assert (await invoke(api, "remote", headers=headers))["result"] == 7


async def test_key_needs_the_scope_services(api, apply):
    await apply("later", callable="functions.py:later")
    public = await api.with_scopes("public")
    await invoke(public, "later")
    cache = await api.with_scopes("cache")
    assert (await invoke(cache, "later", status=403))["code"] == "FORBIDDEN"


async def test_private_address_is_refused_unless_allowed(
    database_url, tmp_path, target, monkeypatch
):
    from ..conftest import Api, _running

    async with (
        _running(database_url, tmp_path, allow_private_targets=False) as runtime,
        Api.of(runtime) as api,
    ):
        document = {"kind": "service", "name": "inner", "spec": {"url": target.url}}
        await api.apply(tmp_path, document)
        answer = await invoke(api, "inner", status=502)
    assert "not a public address" in answer["message"]
    assert "--allow-private-targets" in answer["message"]
    assert target.requests == []


async def test_changed_file_is_used_at_the_next_call(api, apply, tmp_path):
    await apply("later", callable="functions.py:later")
    await invoke(api, "later")
    (tmp_path / "functions.py").write_text(
        textwrap.dedent(
            """
            def later(data):
                return "changed"
            """
        )
    )
    assert (await invoke(api, "later"))["result"] == "changed"
