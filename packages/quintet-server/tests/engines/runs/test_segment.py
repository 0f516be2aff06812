"""What is taken, in which order, and what reports mean. No database here."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.runs.model import Lost, Note, RunRecord, RunState
from quintet_server.engines.runs.segment import Ending, Segment
from quintet_server.engines.runs.values import encode

AT = datetime(2030, 1, 1, tzinfo=UTC)
RECORD = RunRecord(
    "run_1", "prj_1", "k", "", RunState.RUNNING, {}, None, None, None, {}, AT, AT, None
)


class Desk:
    def __init__(self):
        self.marks = 0
        self.segment = Segment(RECORD, 1, {}, self.mark)

    def mark(self, segment):
        self.marks += 1


@pytest.fixture
def desk():
    return Desk()


def test_what_was_put_is_taken_once_and_in_order(desk):
    segment = desk.segment
    segment.put("done", "a", [Note("one", {})], output=1)
    segment.note([Note("two", {}, stream="other")])
    write = segment.take()
    assert write.number == 1
    assert [(note["type"], note["stream"]) for note in write.notes] == [
        ("one", "run_1"),
        ("two", "other"),
    ]
    assert list(write.steps) == ["a"]
    assert segment.take() is None
    segment.written(AT)
    assert segment.take() is None
    assert segment.steps["a"].finished_at == AT


def test_put_during_a_write_waits_for_the_report_and_marks_again(desk):
    segment = desk.segment
    segment.note([Note("one", {})])
    first = segment.take()
    segment.note([Note("two", {})])
    assert desk.marks == 1
    assert segment.take() is None
    segment.written(AT)
    assert desk.marks == 2
    second = segment.take()
    assert (first.number, second.number) == (1, 2)
    assert [note["type"] for note in second.notes] == ["two"]


def test_last_state_of_a_step_within_a_write_wins(desk):
    segment = desk.segment
    segment.put("waiting", "a", [], wake_at=AT)
    segment.put("done", "a", [], output=2)
    write = segment.take()
    assert write.steps["a"]["state"] == "done"
    assert segment.steps["a"].wake_at == AT


async def test_flush_returns_after_the_write_that_holds_what_was_put_before(desk):
    segment = desk.segment
    await segment.flush()
    segment.note([Note("one", {})])
    segment.take()
    segment.note([Note("two", {})])
    flushed = asyncio.create_task(segment.flush())
    await asyncio.sleep(0)
    segment.written(AT)
    await asyncio.sleep(0)
    assert not flushed.done()
    segment.take()
    segment.written(AT)
    await flushed


async def test_lost_segment_refuses_and_tells_once(desk):
    segment, told = desk.segment, []
    segment.when_lost = lambda: told.append(1)
    segment.note([Note("one", {})])
    segment.take()
    flushed = asyncio.create_task(segment.flush())
    await asyncio.sleep(0)
    segment.lose()
    with pytest.raises(Lost):
        await flushed
    with pytest.raises(Lost):
        segment.note([Note("two", {})])
    with pytest.raises(Lost):
        await segment.end(Ending(RunState.COMPLETED))
    assert told == [1]
    assert segment.take() is None


async def test_write_that_fails_is_dropped_and_its_number_used_again(desk):
    segment = desk.segment
    segment.note([Note("one", {})])
    segment.take()
    segment.note([Note("two", {})])
    segment.failed(ValueError("odd"))
    with pytest.raises(ValueError, match="odd"):
        segment.note([Note("three", {})])
    segment.note([Note("four", {})])
    write = segment.take()
    assert write.number == 1
    assert [note["type"] for note in write.notes] == ["two", "four"]


def test_value_that_is_not_json_changes_nothing(desk):
    with pytest.raises(TypeError):
        desk.segment.put("done", "a", [Note("n", {"x": object()})], output=1)
    with pytest.raises(TypeError):
        desk.segment.put("done", "a", [], output=object())
    assert desk.segment.take() is None
    assert desk.segment.steps == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_every_json_value_is_stored_as_text_the_database_can_hold(value):
    stored = encode(value)
    assert "\0" not in str(orjson.loads(stored))
    assert encode(orjson.loads(stored)) == stored


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63), st.lists))
def test_ordinary_values_are_stored_as_they_are(value):
    assert orjson.loads(encode(value)) == value
