"""How calls of tools are checked, sent and named. Pure."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.chat.model import ChatMessage, ToolSpec
from quintet_server.services.flowmaestro.agents.choosing import (
    argument_question,
    chosen_arguments,
    chosen_tool,
    tool_question,
)
from quintet_server.services.flowmaestro.agents.definitions import HttpTool
from quintet_server.services.flowmaestro.agents.tool_http import request_of
from quintet_server.services.flowmaestro.agents.tool_results import (
    ToolFailed,
    check_arguments,
    text_of,
)
from quintet_server.services.flowmaestro.agents.tool_workflow import execution_id_of

ID = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)


def tool(**fields):
    return HttpTool.model_validate(
        {"name": "t", "type": "http", "url": "https://x.test/a", **fields}
    )


@pytest.mark.parametrize(
    ("fields", "arguments", "url"),
    [
        ({}, {}, "https://x.test/a"),
        ({}, {"q": "a b&c", "n": 5}, "https://x.test/a?q=a+b%26c&n=5"),
        ({"url": "https://x.test/a?k=1"}, {"q": "x"}, "https://x.test/a?k=1&q=x"),
        ({"url": "https://x.test/{{id}}"}, {"id": "../../b?c#d"}, None),
        ({"url": "https://x.test/{{ id }}/z"}, {"id": 7, "q": True}, "https://x.test/7/z?q=true"),
    ],
)
def test_arguments_go_into_the_url(fields, arguments, url):
    made = request_of(tool(**fields), arguments)
    if url is None:
        url = "https://x.test/..%2F..%2Fb%3Fc%23d"
    assert str(made["url"]) == url
    assert "content" not in made


@given(st.text(min_size=1))
def test_no_argument_leaves_its_segment(value):
    made = request_of(tool(url="https://x.test/{{id}}/end"), {"id": value})
    assert made["url"].host == "x.test"
    raw = made["url"].raw_path.decode()
    assert raw.endswith("/end")
    assert raw.count("/") == 2
    assert "?" not in raw


def test_with_a_body_the_rest_is_json():
    made = request_of(tool(method="POST", url="https://x.test/{{id}}"), {"id": 1, "b": [2]})
    assert str(made["url"]) == "https://x.test/1"
    assert orjson.loads(made["content"]) == {"b": [2]}
    assert made["headers"]["content-type"] == "application/json"


def test_a_missing_placeholder_is_an_error():
    with pytest.raises(ToolFailed, match="missing arguments: id"):
        request_of(tool(url="https://x.test/{{id}}"), {})


SCHEMA = {
    "type": "object",
    "properties": {
        "s": {"type": "string"},
        "i": {"type": "integer"},
        "n": {"type": ["number", "null"]},
        "e": {"enum": ["a", "b"]},
    },
    "required": ["s"],
}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"s": "x"}, None),
        ({"s": "x", "i": 3, "n": None, "e": "b", "other": 1}, None),
        ({"s": "x", "i": 3.0, "n": 1.5}, None),
        ({}, "missing arguments: s"),
        ({"s": 1}, "argument 's' must be of type string"),
        ({"s": "x", "i": True}, "argument 'i' must be of type integer"),
        ({"s": "x", "i": 1.5}, "argument 'i' must be of type integer"),
        ({"s": "x", "n": "1"}, "argument 'n' must be of type number or null"),
        ({"s": "x", "e": "c"}, "argument 'e' must be one of"),
    ],
)
def test_arguments_are_checked_by_the_schema(arguments, error):
    if error is None:
        check_arguments(arguments, SCHEMA)
        return
    with pytest.raises(ToolFailed, match=error):
        check_arguments(arguments, SCHEMA)


def test_unknown_arguments_are_refused_where_the_schema_says_so():
    with pytest.raises(ToolFailed, match="no argument 'x'"):
        check_arguments({"s": "", "x": 1}, {**SCHEMA, "additionalProperties": False})


def test_results_are_text_and_bounded():
    assert text_of("as is", 100) == "as is"
    assert text_of({"a": [1]}, 100) == '{"a":[1]}'
    assert text_of("x" * 50, 10).startswith("x" * 10 + " …")


@given(ID, st.text("abc[]0123", max_size=20))
def test_the_execution_of_a_call_has_always_the_same_id(message, step):
    call = f"msg_{message}/{step}"
    made = execution_id_of(call)
    assert made == execution_id_of(call)
    assert made != execution_id_of(call + "'")
    assert made.startswith(f"exec_{message[:10]}")
    assert len(made) == 31


TOOLS = (
    ToolSpec("order", "State of an order", {"properties": {"id": {"type": "string"}}}),
    ToolSpec("time", "The time", {}),
)
SAID = [ChatMessage("system", "Be kind."), ChatMessage("user", "Where is 7?")]


def test_the_form_offers_every_tool_and_none():
    messages, schema = tool_question(SAID, TOOLS)
    assert schema["properties"]["tool"]["enum"] == ["order", "time", "none"]
    assert [one.role for one in messages] == ["system", "user"]
    assert "State of an order" in messages[0].content
    messages, schema = argument_question(SAID, TOOLS[0])
    assert schema["properties"] == {"id": {"type": "string"}}
    assert messages[-1].content == (
        "Message: Where is 7?\n\nFill in this form for order (State of an order) "
        'with the words of the message: {"id":"..."}'
    )


@given(st.text())
def test_whatever_is_filled_in_is_read_without_an_error(text):
    assert chosen_tool(text, TOOLS) is None
    assert isinstance(chosen_arguments(text), dict)


def test_a_filled_in_form_is_read():
    assert chosen_tool('{"tool": "time"}', TOOLS) is TOOLS[1]
    assert chosen_tool('{"tool": "none"}', TOOLS) is None
    assert chosen_arguments('{"id": "7"}') == {"id": "7"}
