"""Events: any JSON object becomes a dictionary with a type, anything else an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from flowmaestro._events import (
    EXECUTION_ENDS,
    MESSAGE_ENDS,
    decode,
    end_of_execution,
    ends_execution,
    ends_message,
    is_greeting,
    kind_of,
    made,
)
from flowmaestro.errors import FlowMaestroStreamError
from quintet.core.headers import Headers
from quintet.core.response import Response
from quintet.core.sse.event import ServerSentEvent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [*sorted(EXECUTION_ENDS), *sorted(MESSAGE_ENDS), "connected", "message", "node:completed"]
)


@given(NAMES, st.dictionaries(st.text(), JSON, max_size=6), st.text(max_size=5))
def test_any_object_keeps_its_fields_and_gets_a_type(
    name: str, fields: dict[str, Any], id: str
) -> None:
    event = ServerSentEvent(name, json.dumps(fields), id)
    found = decode(event)
    assert isinstance(found["type"], str)
    assert found["type"]
    assert found.id == id
    for key, value in fields.items():
        if key != "type":
            assert found[key] == value


@given(NAMES, st.text(max_size=50) | JSON.map(json.dumps))
def test_type_of_any_event_is_told_without_raising(name: str, data: str) -> None:
    event = ServerSentEvent(name, data)
    assert isinstance(kind_of(event), str)
    assert ends_execution(event) in (True, False)
    assert ends_message(event) in (True, False)
    assert is_greeting(event) in (True, False)


@given(
    st.text(max_size=20) | JSON.filter(lambda value: not isinstance(value, dict)).map(json.dumps)
)
def test_anything_else_is_an_error_that_does_not_show_the_data(data: str) -> None:
    try:
        known = json.loads(data)
    except ValueError:
        known = None
    if isinstance(known, dict):
        return
    with pytest.raises(FlowMaestroStreamError):
        decode(ServerSentEvent("node:completed", data, "7"))


@given(st.from_regex(r"[a-z]{1,6}([A-Z][a-z]{1,6}){1,3}", fullmatch=True))
def test_camel_case_gets_its_snake_case_beside_it(name: str) -> None:
    found = decode(ServerSentEvent("x", json.dumps({name: 1})))
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    assert found[name] == found[snake] == 1


@pytest.mark.parametrize("status", ["pending", "running", "paused", "new one", None, 7])
def test_execution_that_has_not_ended_makes_no_event(status: Any) -> None:
    body = json.dumps({"data": {"id": "e", "status": status}}).encode()
    assert end_of_execution(Response(200, Headers(), body)) is None


def test_made_events_are_decoded_like_any_other() -> None:
    assert decode(made("message:failed", {"error": "x"})) == {
        "type": "message:failed",
        "error": "x",
    }
