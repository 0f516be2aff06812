"""`POST /ai/chat`: both shapes of the answer, what is accepted, what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ...flowmaestro.agents.scripted_model import CUT
from ..conftest import Api
from ..talking import DONE, HI, Talk, Talking


async def test_answer_has_the_older_shape_and_the_newer_one(talk: Talk) -> None:
    talk.model.says("Hel", "lo")
    answer = await talk.ask("/ai/chat", {"messages": HI, "model": "scripted"})
    assert answer["response"] == "Hello"
    assert answer["object"] == "chat.completion"
    assert answer["id"].startswith("chatcmpl-")
    assert answer["model"] == "scripted"
    assert abs(answer["created"] - talk.runtime.clock.now()) < 60
    message = {"role": "assistant", "content": "Hello"}
    assert answer["choices"] == [{"index": 0, "message": message, "finish_reason": "stop"}]
    assert answer["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


async def test_empty_message_is_an_empty_turn_of_the_user(talk: Talk) -> None:
    await talk.ask("/ai/chat", {"messages": [{}], "model": "m"})
    assert talk.model.shown() == [("user", "")]


async def test_unknown_model_falls_back_and_the_answer_says_which_ran(talk: Talk) -> None:
    answer = await talk.ask("/ai/chat", {"messages": HI, "model": "@cf/meta/llama-3-8b-instruct"})
    assert answer["model"] == "scripted"
    assert talk.model.requests[-1]["model"] == "scripted"


async def test_content_may_be_a_list_of_text_parts(talk: Talk) -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    refusal = [{"type": "refusal", "refusal": "no"}]
    messages = [{"role": "assistant", "content": refusal}, {"content": parts}, {"content": None}]
    await talk.ask("/ai/chat", {"messages": messages})
    assert talk.model.shown() == [("assistant", "no"), ("user", "one\ntwo"), ("user", "")]


async def test_developer_speaks_as_the_system(talk: Talk) -> None:
    await talk.ask("/ai/chat", {"messages": [{"role": "developer", "content": "Be brief."}, *HI]})
    assert talk.model.shown()[0] == ("system", "Be brief.")


async def test_options_reach_the_model(talk: Talk) -> None:
    body = {"temperature": 0.5, "top_p": 0.25, "max_tokens": 9, "stop": "END", "seed": 42}
    assert (await talk.chat(**body)).status_code == 200
    sent = talk.model.requests[-1]
    assert {name: sent[name] for name in body} == {**body, "stop": ["END"]}


async def test_options_at_their_bounds_are_taken(talk: Talk) -> None:
    body: dict[str, Any] = {"temperature": 2, "top_p": 0, "max_completion_tokens": 1, "seed": -1}
    assert (await talk.chat(**body, n=1, stop=["a"] * 4, logprobs=False)).status_code == 200
    sent = talk.model.requests[-1]
    assert 0 < sent["top_p"] < 0.001
    assert sent["max_tokens"] == 1
    assert sent["seed"] >= 0


async def test_odd_body_is_refused_with_every_field_at_fault(talk: Talk) -> None:
    error = await talk.refused("/ai/chat", {}, 400, "VALIDATION_ERROR")
    assert error["details"]["fieldErrors"] == {"messages": ["is required"]}
    odd = {"messages": [{"role": "robot"}], "temperature": 3}
    error = await talk.refused("/ai/chat", odd, 400, "VALIDATION_ERROR")
    assert set(error["details"]["fieldErrors"]) == {"messages.0.role", "temperature"}
    assert not talk.model.requests


async def test_key_without_the_right_to_chat_is_403(api: Api) -> None:
    other = await api.with_scopes("cache")
    await other.refused("/ai/chat", {"messages": HI}, 403, "FORBIDDEN")
    await other.http.aclose()


# Refusals of the model.


async def test_server_without_a_model_is_503_and_names_both_ways(api: Api) -> None:
    error = await api.refused(
        "/ai/chat", {"messages": HI}, 503, "INTERNAL_ERROR", "AI_REQUEST_FAILED"
    )
    assert "quintet models install smollm2" in error["message"]
    assert "AI_BASE_URL" in error["message"]
    # Before a stream has begun it is the same.
    streamed = await api.post("/ai/chat", {"messages": HI, "stream": True})
    assert (streamed.status_code, streamed.json()) == (503, error)
    assert streamed.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("upstream", "status", "code", "reason"),
    [
        (400, 400, "VALIDATION_ERROR", "AI_REQUEST_FAILED"),
        (401, 503, "INTERNAL_ERROR", "AI_REQUEST_FAILED"),
        (429, 429, "RATE_LIMIT_EXCEEDED", "AI_RATE_LIMIT"),
        (500, 502, "INTERNAL_ERROR", "AI_REQUEST_FAILED"),
        (503, 502, "INTERNAL_ERROR", "AI_REQUEST_FAILED"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_refusal_of_the_upstream_is_an_honest_status(
    talk: Talk, stream: bool, upstream: int, status: int, code: str, reason: str
) -> None:
    talk.model.says(upstream)
    answer = await talk.chat(stream=stream)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["details"]["reason"] == reason
    assert ("retry-after" in answer.headers) == (status == 429)


async def test_full_queue_is_503_with_retry_after(talking: Talking) -> None:
    limits = {"UPSTREAM_PARALLEL_COUNT": "1", "WAITING_COUNT": "0"}
    async with talking(limits) as talk:
        go_on = asyncio.Event()
        talk.model.says("one", go_on)
        first = asyncio.create_task(talk.chat())
        await talk.until(lambda: len(talk.model.requests) == 1)
        answer = await talk.chat()
        go_on.set()
        assert (await first).status_code == 200
    assert answer.status_code == 503
    assert answer.json()["details"]["reason"] == "AI_REQUEST_FAILED"
    assert int(answer.headers["retry-after"]) >= 1


async def test_answer_that_breaks_off_is_502(talk: Talk) -> None:
    talk.model.says("half", CUT)
    assert (await talk.chat()).status_code == 502


# Streams.


async def test_stream_has_role_pieces_reason_and_done(talk: Talk) -> None:
    talk.model.says("Hel", "lo")
    async with talk.streaming("/ai/chat", {}) as (response, frames):
        assert response.headers["content-type"].startswith("text/event-stream")
        *chunks, done = [frame async for frame in frames]
    assert done == DONE
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk["model"] for chunk in chunks} == {"scripted"}
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1
    choices = [chunk["choices"][0] for chunk in chunks]
    assert [choice["delta"] for choice in choices] == [
        {"role": "assistant", "content": ""},
        {"content": "Hel"},
        {"content": "lo"},
        {},
    ]
    assert [choice["finish_reason"] for choice in choices] == [None, None, None, "stop"]
    assert not any("usage" in chunk for chunk in chunks)


async def test_usage_comes_last_when_it_is_asked_for(talk: Talk) -> None:
    options = {"include_usage": True}
    *chunks, usage, done = await talk.frames("/ai/chat", stream_options=options)
    assert done == DONE
    assert usage["choices"] == []
    assert usage["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert all(chunk["usage"] is None for chunk in chunks)


async def test_broken_stream_ends_with_an_error_and_no_done(talk: Talk) -> None:
    talk.model.says("half", CUT)
    *_, last = await talk.frames("/ai/chat")
    assert last["code"] == "INTERNAL_ERROR"
    assert last["details"]["reason"] == "AI_REQUEST_FAILED"
    assert last["error"]["message"] == last["message"]


async def test_pieces_arrive_as_they_are_generated(talk: Talk) -> None:
    go_on = asyncio.Event()
    talk.model.says("one", go_on, "two")
    async with talk.streaming("/ai/chat", {}) as (_, frames):
        await anext(frames)
        assert (await anext(frames))["choices"][0]["delta"] == {"content": "one"}
        go_on.set()
        assert (await anext(frames))["choices"][0]["delta"] == {"content": "two"}
        assert [frame async for frame in frames][-1] == DONE


async def test_silence_is_filled_with_comments_and_late_errors_are_frames(
    talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUINTET_HTTP_SSE_HEARTBEAT_SECONDS", "0.05")
    async with talking({"RETRIES_COUNT": "0"}) as talk:
        go_on = asyncio.Event()
        talk.model.says(go_on, CUT)
        body = {"messages": HI, "stream": True}
        async with talk.http.stream("POST", "/ai/chat", json=body) as response:
            assert response.status_code == 200
            lines = response.aiter_lines()
            async for line in lines:
                if line.startswith("data"):
                    break
            comments = 0
            async for line in lines:
                comments += line == ":"
                if comments == 2:
                    go_on.set()
                if "error" in line:
                    break
            assert [line async for line in lines] == [""]


async def test_client_that_hangs_up_stops_the_stream(talk: Talk) -> None:
    never = asyncio.Event()
    talk.model.says("one", never)
    async with talk.streaming("/ai/chat", {}) as (_, frames):
        await anext(frames)
        await anext(frames)
    await talk.until(lambda: talk.model.left == 1)


@pytest.mark.parametrize("stream", [False, True])
async def test_client_that_hangs_up_before_the_first_piece_stops_the_model(
    talk: Talk, stream: bool
) -> None:
    never = asyncio.Event()
    talk.model.says(never)
    asked = asyncio.create_task(talk.chat(stream=stream))
    await talk.until(lambda: len(talk.model.requests) == 1)
    asked.cancel()
    with pytest.raises((asyncio.CancelledError, httpx.HTTPError)):
        await asked
    await talk.until(lambda: talk.model.left == 1)
