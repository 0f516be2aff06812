"""Chats in chunks."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from aerostack import AsyncChatStream, ChatStream, errors, models

from .conftest import Face
from .peer import answer, error, events


def chunk(text: str | None = None, **more: Any) -> str:
    delta = {} if text is None else {"content": text}
    return json.dumps({"id": "c1", "choices": [{"index": 0, "delta": delta}], **more})


CHAT = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
STORY = events(chunk("Once "), chunk("upon"), chunk(usage={"total_tokens": 9}), "[DONE]")


async def test_stream_gives_chunks_and_ends_at_done(play: Any, face: Face) -> None:
    peer = play(STORY)
    stream = await face.do(face.sdk(peer).ai.ai_chat, CHAT)
    assert isinstance(stream, AsyncChatStream if face.is_async else ChatStream)
    assert peer.requests == []
    chunks = await face.all(stream)
    assert [each.text for each in chunks] == ["Once ", "upon", ""]
    assert all(isinstance(each, models.ChatChunk) for each in chunks)
    assert stream.usage is not None and stream.usage.total_tokens == 9
    assert peer.bodies() == [CHAT]
    assert peer.headers("accept") == ["text/event-stream"]
    assert await face.all(stream) == []


async def test_stream_is_asked_for_by_its_own_method_and_by_models(play: Any, face: Face) -> None:
    peer = play(STORY)
    sdk = face.sdk(peer)
    request = {"messages": [{}], "stream_options": {"include_usage": True}}
    stream = await face.do(sdk.ai.ai_chat_stream, request)
    assert await face.finish(stream.text()) == "Once upon"
    model = models.AiChatRequestBody(messages=[models.Messages()], stream=True)
    assert await face.finish((await face.do(sdk.ai.ai_chat, model)).text()) == "Once upon"
    assert [body["stream"] for body in peer.bodies()] == [True, True]


async def test_stream_of_the_gateway_takes_a_token(play: Any, face: Face) -> None:
    peer = play(STORY)
    sdk = face.sdk(peer)
    stream = await face.do(sdk.gateway.gateway_chat_completions, "my api", CHAT, token="ask_live_1")
    assert await face.finish(stream.text()) == "Once upon"
    stream = await face.do(sdk.gateway.gateway_chat_completions_stream, "x", {"messages": []})
    assert await face.finish(stream.text()) == "Once upon"
    assert peer.requests[0].path == "/v1/ai/gateway/my%20api/chat/completions"
    assert peer.headers("authorization") == ["Bearer ask_live_1", "Bearer ac_secret_0123456789"]
    assert peer.headers("x-aerostack-key") == [None, None]


async def test_refusal_of_a_stream_is_typed(play: Any, face: Face) -> None:
    sdk = face.sdk(play(error(429, "RATE_LIMIT_EXCEEDED", headers={"Retry_After": "2"})))
    stream = await face.do(sdk.ai.ai_chat, CHAT)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.all(stream)
    assert (caught.value.data.code, caught.value.retry_after) == ("RATE_LIMIT_EXCEEDED", 2)


@pytest.mark.parametrize(
    "data",
    [
        {"error": {"code": "INTERNAL_ERROR", "message": "the model fell over"}},
        {"code": "INTERNAL_ERROR", "message": "the model fell over"},
    ],
)
async def test_error_within_a_stream_is_typed_and_comes_after_what_was_said(
    play: Any, face: Face, data: Any
) -> None:
    peer = play(events(chunk("Once"), json.dumps(data)))
    stream = await face.do(face.sdk(peer).ai.ai_chat, CHAT)
    seen = []
    with pytest.raises(errors.ErrorResponse, match="fell over") as caught:
        if face.is_async:
            async for each in stream:
                seen.append(each.text)
        else:
            for each in stream:
                seen.append(each.text)
    assert seen == ["Once"]
    assert caught.value.data.code is errors.Code.INTERNAL_ERROR


async def test_stream_that_breaks_off_is_an_error_and_is_not_asked_for_again(
    play: Any, face: Face
) -> None:
    peer = play(events(chunk("Once")))
    stream = await face.do(face.sdk(peer).ai.ai_chat, CHAT)
    with pytest.raises(errors.StreamError):
        await face.all(stream)
    assert len(peer.requests) == 1


async def test_closing_a_stream_stops_the_answer(play: Any, face: Face) -> None:
    def endless(conn: Any, _: Any) -> None:
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        conn.send(f"data: {chunk('Once')}\n\n".encode())
        conn.hold()

    peer = play(endless)
    stream = await face.do(face.sdk(peer).ai.ai_chat, CHAT)
    if face.is_async:
        async with stream:
            assert (await stream.__anext__()).text == "Once"
    else:
        with stream:
            assert next(stream).text == "Once"
    import asyncio

    assert await asyncio.to_thread(peer.gone.wait, 5)
    with pytest.raises(errors.RequestValidationError, match="closed before its end"):
        await face.all(stream)


async def test_chunk_that_is_no_chunk_is_an_error(play: Any, face: Face) -> None:
    for data in ('{"choices": ', '{"choices": 7}'):
        peer = play(events(data, "[DONE]"))
        stream = await face.do(face.sdk(peer).ai.ai_chat, CHAT)
        with pytest.raises(errors.ResponseValidationError) as caught:
            await face.all(stream)
        wrong, path = caught.value, peer.requests[0].path
        assert (wrong.method, wrong.status_code, wrong.attempts) == ("POST", 200, 1)
        assert wrong.url.endswith(path)
        assert "POST" in str(wrong) and f"{path} answered 200" in str(wrong)
        assert wrong.cause is not None


async def test_answer_of_a_service_that_cannot_stream_is_one_chunk(play: Any, face: Face) -> None:
    whole = {
        "id": "c1",
        "choices": [{"message": {"content": "Once upon"}, "finish_reason": "stop"}],
        "usage": {"total_tokens": 9},
    }
    for body in (whole, {"response": "Once upon"}):
        stream = await face.do(face.sdk(play(answer(200, body))).ai.ai_chat, CHAT)
        assert [each.text for each in await face.all(stream)] == ["Once upon"]
        assert (stream.usage is not None) == ("usage" in body)
    page = play(answer(200, body=b"<html>", content_type="text/html"))
    stream = await face.do(face.sdk(page).ai.ai_chat, CHAT)
    with pytest.raises(errors.ResponseValidationError):
        await face.all(stream)


async def test_chat_in_one_piece_is_no_stream(play: Any, face: Face) -> None:
    peer = play(answer(200, {"response": "hi"}))
    result = await face.do(face.sdk(peer).ai.ai_chat, {**CHAT, "stream": False})
    assert result.response == "hi"
    result = await face.do(
        face.sdk(peer).gateway.gateway_chat_completions, "api", {"messages": [{}]}
    )
    assert result.response == "hi"


async def test_stream_passes_through_a_client_of_the_callers(face: Face) -> None:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(
            200,
            headers={"content-type": "text/event-stream"},
            content=STORY.split(b"\r\n\r\n", 1)[1],
        )
    )
    native: Any = (httpx.AsyncClient if face.is_async else httpx.Client)(transport=transport)
    sdk = face.sdk("http://aerostack.example/v1", **face.client(native))
    assert await face.finish((await face.do(sdk.ai.ai_chat, CHAT)).text()) == "Once upon"
    await face.close(native)
