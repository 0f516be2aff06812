"""Records are values: equal by their fields, never changed, and understood by `dataclasses`."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys

import pytest

from quintet import Backoff, Operation, RateLimit, RetryClass, RetryPolicy
from quintet.core.record import Record
from quintet.core.request import Request


class Point(Record):
    __slots__ = _fields = ("x", "y")
    _hidden = frozenset({"y"})
    x: int
    y: int

    def __init__(self, x: int, y: int = 0) -> None:
        self._fill(x, y)


class Pixel(Point):
    """A class of its own, although with the same fields."""


class Marked(Request):
    __slots__ = ("mark",)
    mark: str


def test_record_is_equal_to_another_of_its_class_with_equal_fields() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != Pixel(1, 2)
    assert Point(1, 2) != (1, 2)


def test_record_refuses_to_be_changed() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match=r"Point\.x cannot be changed"):
        point.x = 2
    with pytest.raises(AttributeError, match=r"Point\.x cannot be deleted"):
        del point.x
    assert point.x == 1


def test_repr_names_the_fields_that_are_not_hidden() -> None:
    assert repr(Point(1, 2)) == "Point(x=1)"
    assert repr(Backoff(0.5, 8.0)) == "Backoff(base=0.5, cap=8.0, factor=2.0)"


def test_record_travels_through_pickle_and_copy() -> None:
    limit = RateLimit(10, 3, retry_after=1.5)
    assert pickle.loads(pickle.dumps(limit)) == limit
    assert copy.copy(limit) == limit
    assert copy.deepcopy(limit) == limit


def test_dataclasses_takes_a_record_for_one_of_its_own() -> None:
    policy = RetryPolicy(frozenset({503}), Backoff(0.5, 8.0))
    assert [field.name for field in dataclasses.fields(RateLimit)] == [
        "limit",
        "remaining",
        "reset_at",
        "reset_after",
        "retry_after",
    ]
    changed = dataclasses.replace(policy, max_retries=7)
    assert (changed.max_retries, changed.backoff) == (7, policy.backoff)
    assert dataclasses.asdict(Point(1, 2)) == {"x": 1, "y": 2}
    # Asked a second time it is found at once.
    assert dataclasses.is_dataclass(Point(1))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with Python 3.13")
def test_copy_replace_makes_another_record() -> None:
    assert copy.replace(Point(1, 2), y=5) == Point(1, 5)  # type: ignore[attr-defined,unused-ignore]


def test_subclass_with_a_slot_of_its_own_keeps_the_fields_of_its_base() -> None:
    marked = Marked("GET", "https://x/")
    object.__setattr__(marked, "mark", "here")
    assert marked.mark == "here"
    assert marked == Marked("GET", "https://x/")
    assert hash(marked) == hash(Marked("GET", "https://x/"))


def test_constructor_that_gives_too_few_values_is_a_mistake_that_is_seen() -> None:
    class Half(Record):
        __slots__ = _fields = ("x", "y")

        def __init__(self) -> None:
            self._fill(1)

    with pytest.raises(ValueError, match="zip"):
        Half()


def test_light_record_is_a_record_in_all_but_the_guard() -> None:
    one = Operation("jobs.get", "GET", "/jobs/{id}", RetryClass.SAFE)
    assert one == Operation("jobs.get", "GET", "/jobs/{id}", RetryClass.SAFE)
    assert one != one.with_retry(RetryClass.NEVER)
    assert len({one, copy.copy(one), pickle.loads(pickle.dumps(one))}) == 1
    assert dataclasses.replace(one, method="HEAD").method == "HEAD"
    assert (
        repr(Request("GET", "https://x/?key=1"))
        == "Request(GET https://x/, Headers([]), body=None)"
    )


def test_request_cannot_be_pickled_although_it_is_a_record() -> None:
    with pytest.raises(TypeError, match="credentials"):
        pickle.dumps(Request("GET", "https://x/"))


def test_sets_are_shown_in_order_however_they_were_made() -> None:
    one, other = frozenset({503, 429, 408}), frozenset([408, 503, 429])
    assert repr(RetryPolicy(statuses=one)) == repr(RetryPolicy(statuses=other))
    assert "frozenset({408, 429, 503})" in repr(RetryPolicy(statuses=one))
