"""`POST …/chat/completions`: who may call, what is answered, at both spellings of the path."""

from __future__ import annotations

import asyncio

import pytest

from ...flowmaestro.agents.scripted_model import call
from ..talking import DONE, HI, Talk, bearer


async def test_consumer_gets_openais_answer_and_pays(talk: Talk) -> None:
    key = await talk.consumer(balance=5_000)
    answer = await talk.complete(key)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"] == {"role": "assistant", "content": "ok"}
    assert "response" not in answer.json()
    wallet = await talk.wallet(key)
    assert (wallet["balance"], wallet["total_consumed"], wallet["reserved"]) == (4_990, 10, 0)
    assert await talk.ledger() == [("purchase", 5_000), ("usage", -10)]


async def test_host_root_is_the_same_gateway(talk: Talk) -> None:
    key = await talk.consumer()
    url = f"{talk.root}/api/gateway"
    body = {"messages": HI}
    answer = await talk.post(f"{url}/default/v1/chat/completions", body, headers=bearer(key))
    assert answer.status_code == 200
    assert answer.headers["x-request-id"]
    wallet = await talk.get(f"{url}/me/wallet?api_slug=default", headers=bearer(key))
    assert wallet.json()["wallet"]["total_consumed"] == 10
    usage = await talk.get(f"{url}/me/usage?api_slug=default&days=7", headers=bearer(key))
    assert (usage.json()["total_tokens"], usage.json()["total_requests"]) == (10, 1)
    assert usage.json()["days"] == 7


@pytest.mark.parametrize("path", ["/ai/gateway/default", "/api/gateway/default/v1"])
async def test_stream_ends_with_usage_and_done(talk: Talk, path: str) -> None:
    key = await talk.consumer()
    path = f"{talk.root}{path}" if path.startswith("/api") else path
    body = {"stream_options": {"include_usage": True}}
    async with talk.streaming(f"{path}/chat/completions", body, headers=bearer(key)) as (_, frames):
        seen = [frame async for frame in frames]
    assert seen[-1] == DONE
    assert seen[-2]["usage"]["total_tokens"] == 10
    assert (await talk.wallet(key))["total_consumed"] == 10


@pytest.mark.parametrize("header", ["Authorization", "X-Aerostack-Key", "X-API-Key"])
async def test_key_of_the_project_pays_from_the_projects_wallet(talk: Talk, header: str) -> None:
    headers = {header: f"Bearer {talk.key}" if header == "Authorization" else talk.key}
    del talk.http.headers["Authorization"]
    path = "/ai/gateway/default/chat/completions"
    assert (await talk.post(path, {"messages": HI}, headers=headers)).status_code == 200
    wallet = await talk.wallet()
    assert (wallet["balance"], wallet["plan_type"]) == (-10, "postpaid")


async def test_user_with_a_token_has_a_wallet_of_their_own(talk: Talk) -> None:
    users = {"balance": 500, "plan_type": "prepaid"}
    await talk.define("gateway-api", "default", users=users)
    signed = await talk.ask(
        "/auth/signup", {"email": "ann@example.com", "password": "correct horse"}, 201
    )
    token = signed["token"]
    assert (await talk.complete(token)).status_code == 200
    assert (await talk.wallet(token))["balance"] == 490
    other = await talk.ask(
        "/auth/signup", {"email": "bob@example.com", "password": "correct horse"}, 201
    )
    assert (await talk.wallet(other["token"]))["balance"] == 500


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "KEY_MISSING"),
        ("Basic abc", "KEY_MISSING"),
        ("Bearer ask_live_nothing", "KEY_UNKNOWN"),
        ("Bearer ac_secret_nothing", "KEY_UNKNOWN"),
        ("Bearer a.b.c", "AUTH_TOKEN_INVALID"),
    ],
)
async def test_bad_credential_is_401_in_both_shapes(
    talk: Talk, authorization: str | None, reason: str
) -> None:
    del talk.http.headers["Authorization"]
    headers = {"Authorization": authorization} if authorization else {}
    path = "/ai/gateway/default/chat/completions"
    answer = await talk.post(path, {"messages": HI}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    body = answer.json()
    assert (body["code"], body["details"]["reason"]) == ("AUTH_INVALID_KEY", reason)
    assert body["error"]["type"] == "authentication_error"
    assert body["error"]["code"] == "invalid_api_key"
    assert body["error"]["message"] == body["message"]


async def test_key_without_the_right_to_chat_is_403(talk: Talk) -> None:
    other = await talk.with_scopes("public")
    await other.http.aclose()
    answer = await talk.complete(other.key)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_unknown_api_is_404_also_as_soon_as_others_are_defined(talk: Talk) -> None:
    key = await talk.consumer()
    answer = await talk.complete(key, "nothing")
    assert (answer.status_code, answer.json()["details"]["reason"]) == (404, "API_NOT_FOUND")
    assert (await talk.complete(key)).status_code == 200
    await talk.define("gateway-api", "support")
    assert (await talk.complete(key)).status_code == 404
    assert (await talk.complete(key, "support")).status_code == 200


async def test_consumer_calls_only_its_own_apis(talk: Talk) -> None:
    await talk.define("gateway-api", "one")
    await talk.define("gateway-api", "two")
    key = await talk.consumer(apis=["one"])
    assert (await talk.complete(key, "one")).status_code == 200
    answer = await talk.complete(key, "two")
    assert (answer.status_code, answer.json()["details"]["reason"]) == (403, "API_NOT_ALLOWED")
    assert answer.json()["error"]["type"] == "permission_error"


async def test_apis_of_another_project_do_not_exist(talk: Talk) -> None:
    await talk.define("gateway-api", "mine")
    other = await talk.other_project()
    await other.http.aclose()
    assert (await talk.complete(other.key, "mine")).status_code == 404


async def test_api_has_its_own_model_prompt_and_length(talk: Talk) -> None:
    spec = {"model": "scripted", "system_prompt": "Be a pirate.", "max_tokens": 50}
    await talk.define("gateway-api", "pirate", **spec)
    await talk.complete(slug="pirate", model="other", max_tokens=900)
    assert talk.model.shown() == [("system", "Be a pirate."), ("user", "Hi")]
    sent = talk.model.requests[-1]
    assert (sent["model"], sent["max_tokens"]) == ("scripted", 50)


async def test_models_are_listed_and_shown(talk: Talk) -> None:
    key = await talk.consumer()
    listed = (await talk.get("/ai/gateway/default/models", headers=bearer(key))).json()
    assert listed["object"] == "list"
    assert [one["id"] for one in listed["data"]] == ["scripted"]
    shown = await talk.get("/ai/gateway/default/models/scripted", headers=bearer(key))
    assert shown.json() == listed["data"][0]
    missing = await talk.get("/ai/gateway/default/models/@cf/meta/llama", headers=bearer(key))
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "model_not_found"


async def test_embeddings_are_openais_and_paid(talk: Talk) -> None:
    key = await talk.consumer(balance=100)
    body = {"input": ["red apple", "green pear"], "model": "wordllama"}
    answer = await talk.post("/ai/gateway/default/embeddings", body, headers=bearer(key))
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["data"]
    assert (first["index"], second["index"]) == (0, 1)
    assert len(first["embedding"]) == len(second["embedding"]) > 100
    used = answer.json()["usage"]["total_tokens"]
    assert (await talk.wallet(key))["total_consumed"] == used > 0
    bad = await talk.post("/ai/gateway/default/embeddings", {"input": []}, headers=bearer(key))
    assert (bad.status_code, bad.json()["error"]["param"]) == (400, "input")


async def test_wrong_method_and_path_are_refused_in_the_envelope(talk: Talk) -> None:
    answer = await talk.get("/ai/gateway/default/chat/completions")
    assert (answer.status_code, answer.json()["code"]) == (405, "VALIDATION_ERROR")
    answer = await talk.get(f"{talk.root}/api/gateway/default/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "VALIDATION_ERROR")


# Tools and forms.

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


async def test_call_of_a_tool_is_passed_on(talk: Talk) -> None:
    talk.model.says(call("weather", city="Oslo"))
    answer = await talk.complete(tools=[TOOL], tool_choice="auto")
    [choice] = answer.json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    [made] = choice["message"]["tool_calls"]
    assert made["function"] == {"name": "weather", "arguments": '{"city":"Oslo"}'}
    assert talk.model.requests[-1]["tools"][0]["function"]["name"] == "weather"
    # And back again with its result.
    turns = [*HI, choice["message"], {"role": "tool", "tool_call_id": made["id"], "content": "9 C"}]
    assert (await talk.complete(tools=[TOOL], messages=turns)).status_code == 200
    assert talk.model.requests[-1]["messages"][2]["tool_call_id"] == made["id"]


async def test_call_of_a_tool_is_streamed(talk: Talk) -> None:
    talk.model.says("Let me see. ", call("weather", city="Oslo"))
    path = "/ai/gateway/default/chat/completions"
    *_, called, end, done = await talk.frames(path, tools=[TOOL])
    [made] = called["choices"][0]["delta"]["tool_calls"]
    assert (made["index"], made["function"]["name"]) == (0, "weather")
    assert (end["choices"][0]["finish_reason"], done) == ("tool_calls", DONE)


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "weather"}}]
)
async def test_call_that_is_insisted_on_is_asked_as_a_form(talk: Talk, choice: object) -> None:
    talk.model.says('{"name": "weather", ', '"arguments": {"city": "Oslo"}}')
    answer = await talk.complete(tools=[TOOL], tool_choice=choice)
    [made] = answer.json()["choices"][0]["message"]["tool_calls"]
    assert made["function"] == {"name": "weather", "arguments": '{"city":"Oslo"}'}
    sent = talk.model.requests[-1]
    assert "tools" not in sent
    schema = sent["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["name"]["enum"] == ["weather"]


async def test_form_cut_short_is_no_call(talk: Talk) -> None:
    talk.model.says('{"name": "wea')
    answer = await talk.complete(tools=[TOOL], tool_choice="required")
    message = answer.json()["choices"][0]["message"]
    assert message == {"role": "assistant", "content": ""}


async def test_tools_are_not_offered_when_none_is_to_be_called(talk: Talk) -> None:
    await talk.complete(tools=[TOOL], tool_choice="none")
    assert "tools" not in talk.model.requests[-1]


async def test_answer_follows_a_schema(talk: Talk) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    await talk.complete(response_format=form)
    sent = talk.model.requests[-1]["response_format"]
    assert sent["json_schema"]["schema"] == schema
    await talk.complete(response_format={"type": "json_object"})
    sent = talk.model.requests[-1]["response_format"]
    assert sent["json_schema"]["schema"] == {"type": "object"}
    await talk.complete(response_format={"type": "text"})
    assert "response_format" not in talk.model.requests[-1]


async def test_odd_arguments_of_an_earlier_call_are_refused(talk: Talk) -> None:
    use = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "[1]"}}
    messages = [*HI, {"role": "assistant", "tool_calls": [use]}]
    answer = await talk.complete(messages=messages)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages.tool_calls")


async def test_client_that_hangs_up_stops_the_model(talk: Talk) -> None:
    never = asyncio.Event()
    talk.model.says("one", never)
    async with talk.streaming("/ai/gateway/default/chat/completions", {}) as (_, frames):
        await anext(frames)
    await talk.until(lambda: talk.model.left == 1)
