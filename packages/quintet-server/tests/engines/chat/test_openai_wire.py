from __future__ import annotations

import pytest

from quintet_server.engines.chat.model import (
    ChatFailed,
    ChatMessage,
    ChatRefused,
    ChatRequest,
    ToolCall,
    ToolSpec,
    Usage,
)
from quintet_server.engines.chat.openai_wire import Answer, request_body

USER = ChatMessage("user", "hi")


def delta(index: int, **fields: object) -> dict[str, object]:
    return {"choices": [{"delta": {"tool_calls": [{"index": index, **fields}]}}]}


def test_body_of_a_plain_request_has_nothing_that_was_not_asked_for() -> None:
    assert request_body(ChatRequest((USER,)), "m") == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_body_carries_every_option() -> None:
    request = ChatRequest(
        (USER,), temperature=0.0, top_p=0.5, max_tokens=9, stop=("x",), seed=0,
        response_schema={"type": "object"},
    )  # fmt: skip
    body = request_body(request, "m", max_tokens_field="max_completion_tokens")
    assert body["temperature"] == 0.0
    assert (body["top_p"], body["max_completion_tokens"]) == (0.5, 9)
    assert (body["stop"], body["seed"]) == (["x"], 0)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "max_tokens" not in body


def test_body_carries_tools_and_their_history() -> None:
    call = ToolCall("c1", "look", {"q": "ä"})
    messages = (USER, ChatMessage("assistant", "", (call,)), ChatMessage("tool", "found", (), "c1"))
    body = request_body(ChatRequest(messages, tools=(ToolSpec("look", "Looks."),)), "m")
    function = body["tools"][0]["function"]
    assert function["name"] == "look"
    assert function["parameters"]["type"] == "object"
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"q": "\\u00e4"}'
    assert body["messages"][2]["tool_call_id"] == "c1"


def test_answer_joins_tool_calls_from_their_pieces() -> None:
    answer = Answer(100)
    answer.feed(delta(0, id="c1", function={"name": "look", "arguments": '{"q"'}))
    answer.feed(delta(1, id="c2", function={"name": "wait", "arguments": ""}))
    answer.feed(delta(0, function={"arguments": ": 1}"}))
    answer.feed({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    assert answer.tool_calls == (ToolCall("c1", "look", {"q": 1}), ToolCall("c2", "wait", {}))
    assert answer.finish_reason == "tool_calls"


def test_answer_gives_calls_without_an_id_one_each() -> None:
    answer = Answer(100)
    for index in (0, 1):
        answer.feed(delta(index, function={"name": "look", "arguments": "{}"}))
    assert len({call.id for call in answer.tool_calls}) == 2


@pytest.mark.parametrize("arguments", ["{", "[1]", "7", "nonsense"])
def test_answer_with_arguments_that_are_no_object_is_worth_another_try(arguments: str) -> None:
    answer = Answer(100)
    answer.feed(delta(0, function={"name": "look", "arguments": arguments}))
    with pytest.raises(ChatFailed):
        _ = answer.tool_calls


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": [7]},
        {"choices": [{"delta": 3}]},
        {"choices": [{"delta": {"content": 3}}]},
        {"usage": {"prompt_tokens": 1}},
        delta(-1),
        delta(100_000),
        delta(0, function="look"),
    ],
)
def test_answer_in_another_format_fails_as_a_chat_error(chunk: dict[str, object]) -> None:
    with pytest.raises(ChatFailed):
        Answer(100).feed(chunk)


def test_answer_without_an_end_broke_off() -> None:
    answer = Answer(100)
    answer.feed({"choices": [{"delta": {"content": "half"}}]})
    with pytest.raises(ChatFailed):
        _ = answer.finish_reason


def test_answer_ended_by_a_filter_is_refused() -> None:
    answer = Answer(100)
    answer.feed({"choices": [{"delta": {}, "finish_reason": "content_filter"}]})
    with pytest.raises(ChatRefused):
        _ = answer.finish_reason


def test_answer_longer_than_the_bound_is_given_up() -> None:
    answer = Answer(5)
    assert answer.feed({"choices": [{"delta": {"content": "12345"}}]}) == "12345"
    with pytest.raises(ChatFailed, match="5 characters"):
        answer.feed({"choices": [{"delta": {"content": "6"}}]})


def test_answer_that_was_not_streamed_is_one_chunk() -> None:
    answer = Answer(100)
    whole = {
        "model": "m",
        "choices": [{"message": {"content": "hello"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    assert answer.feed(whole) == "hello"
    assert (answer.finish_reason, answer.usage) == ("length", Usage(1, 2, 3))
