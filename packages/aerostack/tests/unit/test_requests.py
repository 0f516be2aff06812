"""What of a request goes on the wire: the same that pydantic would write, only quicker."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pydantic
import pytest
from hypothesis import given, strategies as st

from aerostack import _wire as wire, models
from aerostack._requests import fields_of, validated
from aerostack.types import UNSET, BaseModel

ENDPOINTS = {
    each.operation.name: each
    for each in vars(wire).values()
    if isinstance(each, wire.Endpoint) and each.request
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


class Theirs(pydantic.BaseModel):
    """A model of a caller's, with an alias of its own."""

    model_config = pydantic.ConfigDict(populate_by_name=True)

    some_name: int = pydantic.Field(default=1, alias="someName")


@dataclasses.dataclass
class Point:
    x: int
    owner: Theirs


class Shouting(models.CacheSetRequestBody):
    """A request of a caller's own making."""

    @pydantic.field_serializer("key")
    def _loud(self, key: str) -> str:
        return key.upper()


class Inner(BaseModel):
    """One of the package's kind that a caller has defined."""

    text: str | None = None


NAMED = {"role": "user", "name": "n"}  # a field that the model does not know
VALUES = [
    None,
    [1, "two", None, {"three": [None, 3.5]}],
    {"theirs": Theirs(), "list": [Theirs(someName=2)], "ours": models.Messages(content="x")},
    [models.Messages(), models.Messages.model_validate(NAMED), "plain", Inner(text=None)],
    Point(1, Theirs()),
    datetime(2026, 1, 2, tzinfo=timezone.utc),
    models.Role("moderator"),
    (1, 2),
]
REQUESTS: list[tuple[str, Any]] = [
    *(("cacheSet", {"key": "k", "value": value, "ttl": 5}) for value in VALUES),
    *(("cacheSet", {"key": "k", "value": 1, "extra": value}) for value in VALUES),
    *(("queueEnqueue", {"type": "t", "data": {"inner": value}}) for value in VALUES),
    ("cacheSet", {"key": "k", "value": UNSET, "ttl": None}),
    ("cacheSet", Shouting(key="k", value=Theirs())),
    ("cacheSetMany", {"entries": [{"key": "a", "value": None}, {"key": "b", "value": [1]}]}),
    ("servicesInvoke", {"service_name": "s", "data": {"a": None}}),
    ("servicesInvoke", {"serviceName": "s", "data": {}}),
    ("dbQuery", {"sql": "SELECT ?", "params": [None, 1, "x", True]}),
    ("dbBatch", {"queries": [{"sql": "SELECT 1"}, {"sql": "SELECT ?", "params": [2]}]}),
    ("authSignup", {"email": "e", "password": "p", "name": None, "metadata": {"a": None}}),
    ("aiChat", {"messages": [{}, {"role": None}, {"content": "x"}], "stream": None}),
    ("aiChat", {"messages": [{}], "stream_options": {"include_usage": True}}),
    ("aiChat", models.AiChatRequestBody(messages=[models.Messages(content="x")], top_p=0.5)),
]


@pytest.mark.parametrize(("name", "request_"), REQUESTS)
def test_fields_are_those_that_pydantic_writes(name: str, request_: Any) -> None:
    endpoint = ENDPOINTS[name]
    expected = validated(endpoint, request_).model_dump(by_alias=True)
    found = fields_of(endpoint, request_)
    assert found == expected
    assert list(found) == list(expected)
    assert _kinds(found) == _kinds(expected)


@given(value=json_values, extra=json_values)
def test_any_value_is_sent_as_it_is(value: Any, extra: Any) -> None:
    request = {"key": "k", "value": value, "further": extra}
    assert fields_of(wire.CACHE_SET, request) == request


def test_fields_are_the_callers_own_to_change() -> None:
    model = models.AiChatRequestBody(messages=[models.Messages(content="x")])
    fields = fields_of(wire.AI_CHAT, model)
    fields["stream"] = True
    fields["messages"].append({})
    assert fields_of(wire.AI_CHAT, model) == {"messages": [{"content": "x"}]}


def _kinds(value: Any) -> Any:
    """The types within, where an equal value may be of another one."""
    if isinstance(value, Mapping):
        return {key: _kinds(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [_kinds(each) for each in value]
    return type(value)
