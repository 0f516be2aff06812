"""Payloads into types: recursive, forgiving of what is new, firm about what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any, Literal, Optional, TypedDict, Union
from uuid import UUID

import pydantic
import pytest

from zeridion_flare import PayloadError, PermanentError
from zeridion_flare._hydration import hydrate
from zeridion_flare._invocation import report_error


class Colour(Enum):
    RED = "red"


@dataclass
class Line:
    name: str
    count: int = 1


@dataclass
class Card:
    number: str


@dataclass
class Iban:
    iban: str


@dataclass
class Order:
    lines: list[Line]
    by_name: dict[str, Line] = field(default_factory=dict)
    first: Optional[Line] = None  # noqa: UP045 - both spellings must work
    pair: tuple[Line, int] | None = None
    many: tuple[Line, ...] = ()
    tags: set[str] = field(default_factory=set)
    pay: Union[Card, Iban, None] = None
    colour: Colour = Colour.RED
    kind: Literal["a", "b"] = "a"
    at: datetime | None = None
    day: date | None = None
    key: UUID | None = None
    weight: float = 0.0
    extra: Any = None
    computed: int = field(default=0, init=False)


class Model(pydantic.BaseModel):
    to: str
    lines: list[Line] = []


class Typed(TypedDict):
    a: int


@pytest.mark.parametrize("target", [None, Any, Typed])
@pytest.mark.parametrize("payload", [{"a": "b"}, None, [1], "x"])
def test_without_a_type_the_json_is_passed_as_it_is(target: Any, payload: Any) -> None:
    assert hydrate(payload, target) is payload


@pytest.mark.parametrize("target", [dict, dict[str, Any], dict[str, int]])
def test_dict_takes_objects_and_nothing_else(target: Any) -> None:
    assert hydrate({"a": 1}, target) == {"a": 1}
    assert hydrate(None, target) == {}
    with pytest.raises(PermanentError):
        hydrate([1], target)


def test_w25_dataclasses_are_built_through_every_container() -> None:
    order = hydrate(
        {
            "lines": [{"name": "a"}, {"name": "b", "count": 2, "unknown": 1}],
            "by_name": {"x": {"name": "c"}},
            "first": {"name": "d"},
            "pair": [{"name": "e"}, 5],
            "many": [{"name": "f"}],
            "tags": ["p", "q"],
            "pay": {"iban": "DE1"},
            "colour": "red",
            "kind": "b",
            "at": "2026-01-02T03:04:05.1234567Z",
            "day": "2026-01-02",
            "key": "12345678123456781234567812345678",
            "weight": 3,
            "extra": {"any": "thing"},
            "computed": 9,
        },
        Order,
    )
    assert order == Order(
        lines=[Line("a"), Line("b", 2)],
        by_name={"x": Line("c")},
        first=Line("d"),
        pair=(Line("e"), 5),
        many=(Line("f"),),
        tags={"p", "q"},
        pay=Iban("DE1"),
        kind="b",
        at=datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=timezone.utc),
        day=date(2026, 1, 2),
        key=UUID("12345678123456781234567812345678"),
        weight=3.0,
        extra={"any": "thing"},
    )
    assert isinstance(order.weight, float)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (None, "payload.lines is missing"),
        ([], "payload must be an object, not list"),
        ({}, "payload.lines is missing"),
        ({"lines": {}}, "payload.lines must be a list"),
        ({"lines": [{}]}, "payload.lines[0].name is missing"),
        ({"lines": [{"name": 1}]}, "payload.lines[0].name must be str, not int"),
        ({"lines": [{"name": "a", "count": True}]}, "count must be int, not bool"),
        ({"lines": [], "by_name": []}, "payload.by_name must be an object"),
        ({"lines": [], "pair": [{"name": "x"}]}, "payload.pair must have 2 items"),
        ({"lines": [], "many": {}}, "payload.many must be a list"),
        ({"lines": [], "pay": {}}, "payload.pay fits no type"),
        ({"lines": [], "colour": "blue"}, "payload.colour is no Colour"),
        ({"lines": [], "kind": "c"}, "payload.kind must be one of"),
        ({"lines": [], "at": "soon"}, "payload.at is no datetime"),
        ({"lines": [], "key": 5}, "payload.key is no UUID"),
        ({"lines": [], "weight": "x"}, "payload.weight must be float"),
    ],
)
def test_w25_what_does_not_fit_is_permanent_and_names_the_place(payload: Any, says: str) -> None:
    with pytest.raises(PermanentError) as caught:
        hydrate(payload, Order)
    assert says in str(caught.value)


def test_error_is_reported_under_its_public_name() -> None:
    with pytest.raises(PayloadError) as caught:
        hydrate([], Order)
    assert isinstance(caught.value, PermanentError)
    report = report_error(caught.value)
    assert report.type == "zeridion_flare.PayloadError"
    assert report.stack_trace is not None
    assert "zeridion_flare.PayloadError: payload must be an object" in report.stack_trace


def test_pydantic_models_validate_and_their_errors_show_no_values() -> None:
    assert hydrate({"to": "a", "lines": [{"name": "x"}]}, Model) == Model(to="a", lines=[Line("x")])
    with pytest.raises(PermanentError) as caught:
        hydrate({"to": ["hunter2"]}, Model)
    assert "hunter2" not in str(caught.value)
    assert "to: string_type" in str(caught.value)


def test_error_of_a_constructor_is_permanent() -> None:
    @dataclass
    class Picky:
        n: int

        def __post_init__(self) -> None:
            raise ValueError("hunter2")

    with pytest.raises(PermanentError) as caught:
        hydrate({"n": 1}, Picky)
    assert "hunter2" not in str(caught.value)


def test_dataclass_without_required_fields_takes_no_payload() -> None:
    @dataclass
    class Empty:
        n: int = 1

    assert hydrate(None, Empty) == Empty()
