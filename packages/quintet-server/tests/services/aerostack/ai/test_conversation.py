"""Which bodies are conversations, and what is said of those that are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.ai.conversation import ChatBody, chat_request
from quintet_server.services.aerostack.endpoints import read_model

from ..talking import HI


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("messages", {"messages": None}),
        ("messages", {"messages": []}),
        ("messages", {"messages": "Hi"}),
        ("messages.0.role", {"messages": [{"role": "robot"}]}),
        ("messages.0.content", {"messages": [{"content": 7}]}),
        ("messages.1.content", {"messages": [{}, {"content": [{"type": "image_url"}]}]}),
        ("messages.0.content.0.text", {"messages": [{"content": [{"type": "text", "text": 1}]}]}),
        ("messages.0.content.0", {"messages": [{"content": [{"type": "text"}]}]}),
        ("model", {"model": 5}),
        ("stream", {"stream": "yes"}),
        ("temperature", {"temperature": 2.01}),
        ("temperature", {"temperature": -0.1}),
        ("temperature", {"temperature": "warm"}),
        ("top_p", {"top_p": 1.1}),
        ("max_tokens", {"max_tokens": 0}),
        ("max_tokens", {"max_tokens": 1.5}),
        ("max_tokens", {"max_tokens": 10**30}),
        ("stop", {"stop": ["a", "b", "c", "d", "e"]}),
        ("stop.0", {"stop": [""]}),
        ("stop", {"stop": 5}),
        ("seed", {"seed": 2**63}),
        ("n", {"n": 2}),
        ("logprobs", {"logprobs": True}),
        ("response_format.type", {"response_format": {"type": "xml"}}),
        ("response_format", {"response_format": {"type": "json_schema"}}),
        ("tool_choice.type", {"tool_choice": "perhaps"}),
        ("tool_choice", {"tool_choice": "required"}),
        ("tools.0.function.name", {"tools": [{"function": {"name": "not a name"}}]}),
    ],
)
def test_odd_value_is_refused_with_its_field(field: str, body: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        chat_request(read_model(ChatBody, json.dumps({"messages": HI, **body}).encode()))
    error = caught.value
    assert (error.status, error.code) == (400, "VALIDATION_ERROR")
    assert list(error.details["fieldErrors"]) == [field]
    assert error.message.startswith(f"{field}: ")


def test_nulls_are_as_good_as_nothing() -> None:
    fields = set(ChatBody.model_fields) - {"messages"}
    body = {"messages": HI, **dict.fromkeys(fields), "unknown": 1}
    request = chat_request(read_model(ChatBody, json.dumps(body).encode()))
    assert request == chat_request(read_model(ChatBody, json.dumps({"messages": HI}).encode()))
