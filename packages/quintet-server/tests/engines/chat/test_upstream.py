"""The engine against a real socket that speaks the OpenAI format, well and badly."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import aclosing

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatDelta,
    ChatEnd,
    ChatFailed,
    ChatMessage,
    ChatRefused,
    ChatUnavailable,
    ToolCall,
    ToolSpec,
    Usage,
)

from .conftest import CUT, DONE, HOLD, USAGE, Failure, MakeChat, Stub, answer, ask, chunk, collect


async def test_stream_brings_the_pieces_then_the_end(chat: Chat, stub: Stub) -> None:
    texts, end = await collect(chat, ask(temperature=0.5, max_tokens=9))
    assert texts == ["Hel", "lo"]
    assert end == ChatEnd("Hello", "stop", Usage(7, 5, 12), "upstream-1-2026", "upstream", ())
    (asked,) = stub.chats
    assert asked.headers["authorization"] == "Bearer sk-secret"
    assert asked.body["model"] == "upstream-1"
    assert asked.body["messages"] == [{"role": "user", "content": "hello"}]
    assert (asked.body["temperature"], asked.body["max_tokens"]) == (0.5, 9)


async def test_pieces_come_while_the_model_still_generates(chat: Chat, stub: Stub) -> None:
    stub.scripts = [[chunk("first"), HOLD, *answer("second")]]
    async with aclosing(chat.stream(ask())) as pieces:
        assert await anext(pieces) == ChatDelta("first")
        stub.release.set()
        assert await anext(pieces) == ChatDelta("second")


async def test_tool_calls_arrive_at_the_end(chat: Chat, stub: Stub) -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"q": "x"}'}}
    stub.scripts = [[chunk(tool_calls=[call]), chunk(finish="tool_calls"), USAGE, DONE]]
    texts, end = await collect(chat, ask(tools=(ToolSpec("look"),)))
    assert texts == []
    assert end.finish_reason == "tool_calls"
    assert end.tool_calls == (ToolCall("c1", "look", {"q": "x"}),)


async def test_reasoning_and_empty_pieces_are_no_text(chat: Chat, stub: Stub) -> None:
    stub.scripts = [[chunk("", reasoning_content="hm"), chunk("", role="assistant"), *answer("a")]]
    assert (await collect(chat, ask()))[0] == ["a"]


@settings(
    max_examples=25,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(text=st.text(max_size=40), size=st.integers(1, 7))
async def test_stream_cut_into_any_bytes_gives_the_same_text(
    chat: Chat, stub: Stub, text: str, size: int
) -> None:
    events = [
        one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        for one in answer(text[:13], text[13:])
    ]
    raw = "".join(f"data: {one}\r\n\r\n" for one in events).encode()
    stub.scripts = [[raw[at : at + size] for at in range(0, len(raw), size)]]
    _, end = await collect(chat, ask())
    assert end.text == text.replace("\0", "�")


async def test_server_without_usage_gets_an_estimate(chat: Chat, stub: Stub) -> None:
    stub.scripts = [[chunk("12345678"), chunk(finish="stop"), DONE]]
    _, end = await collect(chat, ask("1234"))
    assert end.usage == Usage(1, 2, 3)


async def test_server_that_does_not_stream_is_understood(chat: Chat, stub: Stub) -> None:
    whole = {"choices": [{"message": {"content": "all"}, "finish_reason": "stop"}], **USAGE}
    whole["choices"] = [{"message": {"content": "all"}, "finish_reason": "stop"}]
    stub.scripts = [Failure(200, whole)]
    texts, end = await collect(chat, ask())
    assert (texts, end.usage) == (["all"], Usage(7, 5, 12))


async def test_end_without_the_last_mark_is_an_end(chat: Chat, stub: Stub) -> None:
    stub.scripts = [[chunk("a"), chunk(finish="stop")]]
    assert (await collect(chat, ask()))[1].text == "a"


@pytest.mark.parametrize(
    "script",
    [
        [chunk("a"), CUT],
        [chunk("a")],
        [chunk("a"), DONE],
        [chunk("a"), "{not json"],
        [chunk("a"), "[]"],
        [chunk("a"), {"error": {"code": 500, "message": "broke"}}],
    ],
    ids=["cut", "no end", "no reason", "not json", "not an object", "error event"],
)
async def test_stream_that_breaks_fails_after_its_pieces_and_is_not_repeated(
    chat: Chat, stub: Stub, script: list[object]
) -> None:
    stub.scripts = [script]
    seen = []
    with pytest.raises(ChatFailed):
        async for piece in chat.stream(ask()):
            seen.append(piece)
    assert seen == [ChatDelta("a")]
    assert len(stub.chats) == 1


async def test_failure_before_the_first_piece_is_repeated(
    chat: Chat, stub: Stub, waits: list[float]
) -> None:
    stub.scripts = [Failure(503), [CUT], answer("ok")]
    assert (await collect(chat, ask()))[1].text == "ok"
    assert len(stub.chats) == 3
    assert 0 <= waits[0] <= 0.5
    assert 0 <= waits[1] <= 1


async def test_failure_that_lasts_is_told_after_the_last_attempt(chat: Chat, stub: Stub) -> None:
    stub.scripts = [Failure(500, {"error": {"message": "broken inside"}})]
    with pytest.raises(ChatFailed, match="broken inside") as caught:
        await chat.complete(ask())
    assert caught.value.status == 500
    assert len(stub.chats) == 3


async def test_wait_that_the_server_asks_for_is_kept(
    chat: Chat, stub: Stub, waits: list[float]
) -> None:
    stub.scripts = [Failure(429, headers={"retry-after": "3"}), answer("ok")]
    await chat.complete(ask())
    assert waits == [3.0]


async def test_wait_longer_than_the_bound_is_not_waited_for(
    chat: Chat, stub: Stub, waits: list[float]
) -> None:
    stub.scripts = [Failure(429, headers={"retry-after": "3600"})]
    with pytest.raises(ChatBusy) as caught:
        await chat.complete(ask())
    assert caught.value.retry_after == 3600
    assert (waits, len(stub.chats)) == ([], 1)


@pytest.mark.parametrize(("status", "kind"), [(400, ChatRefused), (401, ChatUnavailable)])
async def test_refusal_is_not_repeated(
    chat: Chat, stub: Stub, status: int, kind: type[Exception]
) -> None:
    stub.scripts = [Failure(status, {"error": {"message": "Incorrect key sk-secret"}})]
    with pytest.raises(kind) as caught:
        await chat.complete(ask())
    assert len(stub.chats) == 1
    if kind is ChatUnavailable:
        assert "sk-secret" not in str(caught.value)


async def test_redirect_is_not_followed_with_the_key(chat: Chat, stub: Stub) -> None:
    stub.scripts = [Failure(307, headers={"location": "http://127.0.0.1:9/steal"})]
    with pytest.raises(ChatRefused):
        await chat.complete(ask())


async def test_page_of_html_is_a_failure(chat: Chat, stub: Stub) -> None:
    stub.scripts = [Failure(200, b"<html>hello</html>", {"content-type": "text/html"})]
    with pytest.raises(ChatFailed):
        await chat.complete(ask())


async def test_silence_is_given_up(make_chat: MakeChat, stub: Stub) -> None:
    chat = make_chat(base_url=stub.url, model="m", idle_seconds=0.05, retries_count=0)
    stub.scripts = [[chunk("a"), HOLD]]
    with pytest.raises(ChatFailed, match="silent"):
        await chat.complete(ask())


async def test_address_where_nobody_listens_is_a_failure(
    make_chat: MakeChat, waits: list[float]
) -> None:
    with socket.socket() as deaf:  # has a port, which nobody else gets, and does not listen
        deaf.bind(("127.0.0.1", 0))
        chat = make_chat(base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}/v1", model="m")
        with pytest.raises(ChatFailed, match="cannot be reached"):
            await chat.complete(ask())
    assert len(waits) == 2


async def test_closing_the_stream_hangs_up(chat: Chat, stub: Stub) -> None:
    stub.scripts = [[chunk("a"), HOLD]]
    pieces = chat.stream(ask())
    await anext(pieces)
    await pieces.aclose()
    async with asyncio.timeout(60):
        await stub.hung_up.wait()


async def test_cancelling_the_reader_hangs_up(chat: Chat, stub: Stub) -> None:
    stub.scripts = [[HOLD]]
    task = asyncio.create_task(chat.complete(ask()))
    while not stub.chats:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(60):
        await stub.hung_up.wait()


async def test_no_more_than_the_bound_are_under_way(make_chat: MakeChat, stub: Stub) -> None:
    chat = make_chat(base_url=stub.url, model="m", upstream_parallel_count=2, waiting_count=3)
    stub.scripts = [[HOLD, *answer("ok")]]
    tasks = [asyncio.create_task(chat.complete(ask())) for _ in range(6)]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert [type(task.exception()) for task in done] == [ChatBusy]
    while stub.open < 2:
        await asyncio.sleep(0.001)
    stub.release.set()
    assert [end.text for end in await asyncio.gather(*waiting)] == ["ok"] * 5
    assert stub.most_open == 2


async def test_fifty_conversations_at_once_do_not_mix(chat: Chat, stub: Stub) -> None:
    stub.scripts = [answer(*(f"{number}-{step} " for step in range(20))) for number in range(50)]
    ends = await asyncio.gather(*(chat.complete(ask()) for _ in range(50)))
    for end in ends:
        assert len({word.split("-")[0] for word in end.text.split()}) == 1
        assert len(end.text.split()) == 20


async def test_answer_too_long_is_given_up(make_chat: MakeChat, stub: Stub) -> None:
    chat = make_chat(base_url=stub.url, model="m", answer_max_chars=10)
    stub.scripts = [[*(chunk("abcd") for _ in range(100)), HOLD]]
    with pytest.raises(ChatFailed, match="10 characters"):
        await chat.complete(ask())


async def test_stopped_engine_fails_what_is_under_way(chat: Chat, stub: Stub) -> None:
    stub.scripts = [[chunk("a"), HOLD]]
    pieces = chat.stream(ask())
    await anext(pieces)
    await chat.stop()
    with pytest.raises(ChatFailed):
        await anext(pieces)


async def test_name_of_the_field_for_the_limit_can_be_chosen(
    make_chat: MakeChat, stub: Stub
) -> None:
    chat = make_chat(base_url=stub.url, model="m", max_tokens_field="max_completion_tokens")
    await chat.complete(ask(max_tokens=5))
    assert stub.chats[0].body["max_completion_tokens"] == 5
    assert "max_tokens" not in stub.chats[0].body


async def test_unfinished_answer_goes_along_only_where_the_server_continues_it(
    make_chat: MakeChat, stub: Stub
) -> None:
    request = ask(
        messages=(ChatMessage("user", "go"), ChatMessage("assistant", "once")), continue_last=True
    )
    plain = make_chat(base_url=stub.url, model="m")
    assert not plain.can_continue
    with pytest.raises(ChatRefused):
        await plain.complete(request)
    able = make_chat(base_url=stub.url, model="m", upstream_continues=True)
    assert able.can_continue
    await able.complete(request)
    assert stub.chats[0].body["messages"][-1] == {"role": "assistant", "content": "once"}
