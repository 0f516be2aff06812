"""From answers to exceptions and models."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import pydantic
import pytest

from aerostack import errors, models
from aerostack.types import UNSET

from .conftest import Face
from .peer import answer, error

JOB = {"type": "mail", "data": {}}
PAGE = b"<!doctype html><html><head><title>Bad gateway</title></head>" + b"<p>x</p>" * 2000


def calls(sdk: Any) -> list[tuple[Any, Any]]:
    """One call for each of the nine documented operations."""
    return [
        (sdk.ai.ai_chat, {"messages": [{}]}),
        (sdk.authentication.auth_signup, {"email": "a@b.example", "password": "12345678"}),
        (sdk.authentication.auth_signin, {"email": "a@b.example", "password": "12345678"}),
        (sdk.cache.cache_get, {"key": "k"}),
        (sdk.cache.cache_set, {"key": "k", "value": 1}),
        (sdk.database.db_query, {"sql": "SELECT 1"}),
        (sdk.queue.queue_enqueue, JOB),
        (sdk.services.services_invoke, {"service_name": "s", "data": {}}),
        (sdk.storage.storage_upload, {"key": "k", "file": {"file_name": "f", "content": b"x"}}),
    ]


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
async def test_error_object_is_typed_on_every_operation(
    play: Any, face: Face, number: int, status: int
) -> None:
    details = {"reason": "BECAUSE"}
    peer = play(error(status, "VALIDATION_ERROR", "not so", details=details))
    method, request = calls(face.sdk(peer))[number]
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(method, request)
    found = caught.value
    assert isinstance(found, errors.SDKBaseError)
    assert found.data.code is errors.Code.VALIDATION_ERROR
    assert (found.data.message, found.data.details) == ("not so", details)
    assert (found.message, str(found)) == ("not so", "not so")
    assert found.status_code == status
    typed = {1: {400, 409}, 2: {401}, 5: {400, 401, 500}}.get(number, set())
    assert isinstance(found, errors.SDKError) == (status not in typed)


async def test_code_of_the_service_counts_when_a_foreign_object_stands_beside_it(
    play: Any, face: Face
) -> None:
    foreign = {"code": "insufficient_quota", "type": "insufficient_quota", "message": "no"}
    peer = play(error(429, "RATE_LIMIT_EXCEEDED", error=foreign))
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(face.sdk(peer).cache.cache_get, {"key": "k"})
    assert caught.value.data.code is errors.Code.RATE_LIMIT_EXCEEDED
    assert caught.value.data.model_extra == {"error": foreign}


async def test_error_has_what_the_documentation_names(play: Any, face: Face) -> None:
    peer = play(error(401, "AUTH_INVALID_CREDENTIALS", headers={"X_Request_ID": "r1"}))
    sdk = face.sdk(peer)
    with pytest.raises(errors.SDKBaseError) as caught:
        await face.do(
            sdk.authentication.auth_signin, {"email": "a@b.example", "password": "12345678"}
        )
    found = caught.value
    assert isinstance(found.headers, httpx.Headers) and found.headers["X-Request-Id"] == "r1"
    assert isinstance(found.raw_response, httpx.Response)
    assert found.raw_response.status_code == 401
    assert found.raw_response.json() == {"code": "AUTH_INVALID_CREDENTIALS", "message": "no"}
    assert isinstance(found.body, str) and found.body == found.raw_response.text
    assert found.request_id == "r1"
    assert found.raw_response is found.raw_response
    copied = pickle.loads(pickle.dumps(found))
    assert (copied.data, copied.status_code, copied.body) == (found.data, 401, found.body)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"code": "FORBIDDEN", "message": "no scope"}, "FORBIDDEN", "no scope"),
        ({"code": "BRAND_NEW", "message": "m", "hint": "h"}, "BRAND_NEW", "m"),
        ({"error": {"code": "FORBIDDEN", "message": "deep"}}, "FORBIDDEN", "deep"),
        ({"error": "just text"}, "UNKNOWN", "just text"),
        ({"message": "only words"}, "UNKNOWN", "only words"),
    ],
)
async def test_error_of_any_shape_is_read(
    play: Any, face: Face, body: Any, code: str, message: str
) -> None:
    sdk = face.sdk(play(answer(401, body)))
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(
            sdk.authentication.auth_signin, {"email": "a@b.example", "password": "12345678"}
        )
    data = caught.value.data
    assert isinstance(data.code, errors.Code)
    assert (data.code, data.code.value, data.message) == (code, code, message)
    assert (data.model_extra or {}).get("hint") == body.get("hint")


@pytest.mark.parametrize(("status", "kind"), [(502, "text/html"), (401, "text/plain")])
async def test_error_that_is_not_json_has_a_short_message(
    play: Any, face: Face, status: int, kind: str
) -> None:
    sdk = face.sdk(play(answer(status, body=PAGE, content_type=kind)))
    with pytest.raises(errors.SDKError) as caught:
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert not isinstance(caught.value, errors.ErrorResponse)
    assert len(caught.value.message) < 400 and f"Status {status}" in caught.value.message
    assert caught.value.body == PAGE.decode()


async def test_success_that_is_not_json_is_its_own_error(play: Any, face: Face) -> None:
    sdk = face.sdk(play(answer(200, body=PAGE, content_type="text/html")))
    with pytest.raises(errors.ResponseValidationError) as caught:
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert isinstance(caught.value, errors.SDKError)
    assert caught.value.status_code == 200
    assert isinstance(caught.value.cause, ValueError)
    assert "<p>" not in caught.value.message and caught.value.body == PAGE.decode()


async def test_success_of_another_shape_is_a_validation_error(play: Any, face: Face) -> None:
    sdk = face.sdk(play(answer(200, {"exists": "perhaps", "value": 1})))
    with pytest.raises(errors.ResponseValidationError, match="exists") as caught:
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert isinstance(caught.value.cause, pydantic.ValidationError)
    assert caught.value.raw_response.json()["value"] == 1


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_status_of_success_with_a_fitting_body_is_accepted(
    play: Any, face: Face, status: int
) -> None:
    sdk = face.sdk(play(answer(status, {"jobId": "j", "success": True})))
    assert (await face.do(sdk.queue.queue_enqueue, JOB)).job_id == "j"


async def test_answer_keeps_what_this_version_does_not_know(play: Any, face: Face) -> None:
    shape = {
        "id": "c1",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "tool", "content": "hi"}, "logprobs": [1]}],
        "usage": {"total_tokens": 3, "cached": 1},
        "meta": {"region": "x"},
    }
    result = await face.do(face.sdk(play(answer(200, shape))).ai.ai_chat, {"messages": [{}]})
    assert result.response == "hi"
    assert result.choices[0].message.role == "tool"
    assert result.meta == {"region": "x"}
    assert result.choices[0].logprobs == [1]
    assert result.usage.cached == 1
    assert result.model_dump()["meta"] == {"region": "x"}


async def test_value_that_is_absent_is_unset_and_one_that_is_null_is_none(
    play: Any, face: Face
) -> None:
    peer = play(answer(200, {"exists": False}), answer(200, {"exists": True, "value": None}))
    sdk = face.sdk(peer)
    absent = await face.do(sdk.cache.cache_get, {"key": "k"})
    assert absent.value is UNSET and not absent.value
    assert "value" not in f"{absent!r}" and absent.model_dump() == {"exists": False}
    assert absent.model_dump_json() == '{"exists":false}'
    null = await face.do(sdk.cache.cache_get, {"key": "k"})
    assert null.value is None and "value=None" in repr(null)
    assert null.model_dump() == {"exists": True, "value": None}


@pytest.mark.parametrize(
    "value",
    [2**63, 2**70, 0.1, 1e300, -0.0, "\u20ac\U0001f600", [None, {"a": [True]}], {"x": None}],
)
async def test_value_comes_back_as_it_was_sent(play: Any, face: Face, value: Any) -> None:
    def echo(conn: Any, request: Any) -> None:
        raw = request.body.split(b'"value":', 1)[1][:-1]
        conn.send(answer(200, body=b'{"exists":true,"value":' + raw + b"}"))

    sdk = face.sdk(play(echo))
    result = await face.do(sdk.cache.cache_set, {"key": "k", "value": value})
    assert repr(result.model_extra["value"]) == repr(value)


async def test_request_that_does_not_fit_is_an_error_of_ours(play: Any, face: Face) -> None:
    peer = play(answer())
    sdk = face.sdk(peer)
    with pytest.raises(ValueError, match="key: Field required") as caught:
        await face.do(sdk.cache.cache_get, {})
    assert isinstance(caught.value, errors.RequestValidationError)
    assert isinstance(caught.value.cause, pydantic.ValidationError)
    with pytest.raises(errors.RequestTypeError, match="dictionary"):
        await face.do(sdk.cache.cache_get, "k")
    assert peer.requests == []


async def test_fields_that_this_version_does_not_know_are_sent(play: Any, face: Face) -> None:
    peer = play(answer(200, {}))
    request = {
        "messages": [{"role": "tool", "content": "x", "name": "n"}],
        "temperature": 0.5,
        "seed": 7,
    }
    await face.do(face.sdk(peer).ai.ai_chat, request)
    await face.do(face.sdk(peer).ai.ai_chat, models.AiChatRequestBody.model_validate(request))
    assert peer.bodies() == [request, request]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
async def test_number_without_a_json_form_is_refused(play: Any, face: Face, number: float) -> None:
    peer = play(answer(200, {}))
    with pytest.raises(errors.RequestValidationError, match="NaN"):
        await face.do(face.sdk(peer).database.db_query, {"sql": "?", "params": [number]})
    assert peer.requests == []


async def test_bytes_among_parameters_are_a_type_error_that_names_the_place(
    play: Any, face: Face
) -> None:
    peer = play(answer(200, {}))
    with pytest.raises(TypeError, match=r"params\[1\] is bytes") as caught:
        await face.do(face.sdk(peer).database.db_query, {"sql": "?", "params": [1, b"x"]})
    assert isinstance(caught.value, errors.RequestValidationError)
    assert peer.requests == []


async def test_optional_field_given_as_none_is_left_out_and_a_null_inside_data_is_not(
    play: Any, face: Face
) -> None:
    peer = play(answer(201, {}))
    request = {"type": "t", "data": {"x": None, "y": [None]}, "delay": None}
    await face.do(face.sdk(peer).queue.queue_enqueue, request)
    await face.do(face.sdk(peer).cache.cache_set, {"key": "k", "value": None, "ttl": None})
    assert peer.bodies() == [
        {"type": "t", "data": {"x": None, "y": [None]}},
        {"key": "k", "value": None},
    ]


@pytest.mark.parametrize("key", ["service_name", "serviceName"])
async def test_both_spellings_of_a_field_are_taken(play: Any, face: Face, key: str) -> None:
    peer = play(answer(200, {}))
    await face.do(face.sdk(peer).services.services_invoke, {key: "s", "data": {}})
    assert peer.bodies() == [{"serviceName": "s", "data": {}}]


async def test_connection_that_is_refused_is_httpx_connect_error(face: Face) -> None:
    sdk = face.sdk("http://127.0.0.1:1/v1")
    with pytest.raises(httpx.ConnectError) as caught:
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert isinstance(caught.value, (httpx.RequestError, errors.NoResponseError))
    assert not isinstance(caught.value, errors.SDKBaseError)
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.request.url == "http://127.0.0.1:1/v1/cache/get"


async def test_answer_that_is_too_large_is_refused(play: Any, face: Face) -> None:
    sdk = face.sdk(play(answer(200, {"value": "x" * 2000})), max_response_bytes=1000)
    with pytest.raises(errors.ResponseTooLargeError, match="max_response_bytes"):
        await face.do(sdk.cache.cache_get, {"key": "k"})


async def test_call_without_a_key_says_how_to_give_one(play: Any, face: Face) -> None:
    peer = play(answer(200, {}))
    sdk = face.sdk(peer, None)
    with pytest.raises(errors.ConfigurationError, match="AEROSTACK_API_KEY"):
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert peer.requests == []
    await face.do(sdk.cache.cache_get, {"key": "k"}, http_headers={"x-aerostack-KEY": "mine"})
    sdk.set_api_key("later")
    await face.do(sdk.cache.cache_get, {"key": "k"})
    assert peer.headers("x-aerostack-key") == ["mine", "later"]


async def test_key_of_a_mapping_that_is_no_text_is_named(play: Any, face: Face) -> None:
    sdk = face.sdk(play(answer()))
    with pytest.raises(errors.RequestTypeError, match="a key of value is tuple"):
        await face.do(sdk.cache.cache_set, {"key": "k", "value": {(1, 2): 3}})


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"json": {"error": {"code": "not_found", "message": "no service"}}}, "no service"),
        ({"body": b"<html>words of a proxy</html>"}, "API error occurred: Status 404"),
        ({"json": {"error": "gone"}}, None),
        ({"json": {"code": "NOT_FOUND", "message": "gone"}}, None),
    ],
)
async def test_404_that_is_not_of_the_service_points_at_the_server_url(
    play: Any, face: Face, sent: dict[str, Any], said: str | None
) -> None:
    page = sent.get("body")
    reply = answer(404, body=page, content_type="text/html") if page else answer(404, sent["json"])
    with pytest.raises(errors.SDKError) as caught:
        await face.do(face.sdk(play(reply)).cache.cache_get, {"key": "k"})
    message = str(caught.value)
    if said is None:
        assert message == "gone"
    else:
        assert message.startswith(said) and message.endswith("answered 404); is server_url right?")
        assert "words of a proxy" not in message
