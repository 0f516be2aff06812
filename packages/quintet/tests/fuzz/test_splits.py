"""The same bytes give the same answer, at whatever offsets they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from .answers import ANSWERS, Case
from .feeding import Outcome, cut, fed, filled, taken_whole

every_answer = pytest.mark.parametrize("case", ANSWERS, ids=[case.name for case in ANSWERS])


def check(case: Case, outcome: Outcome) -> None:
    expected = (case.status, case.body, case.end, case.reusable)
    assert (outcome.status, outcome.body, outcome.end, outcome.reusable) == expected


def test_names_of_the_answers_are_distinct() -> None:
    assert len({case.name for case in ANSWERS}) == len(ANSWERS)


@every_answer
def test_answer_cut_at_any_offset_is_the_same(case: Case) -> None:
    data, method, closes = case.data, case.method, case.closes
    check(case, taken_whole(data, method, closes=closes))
    pairs = fed([data] if data else [], method, closes=closes).pairs
    for cuts in [[], *([offset] for offset in range(1, len(data))), range(1, len(data))]:
        outcome = fed(cut(data, cuts), method, closes=closes)
        check(case, outcome)
        assert outcome.pairs == pairs
        check(case, filled(cut(data, cuts), method, closes=closes))


@given(case=st.sampled_from(ANSWERS), data=st.data())
def test_answer_cut_anywhere_is_the_same(case: Case, data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, len(case.data)), max_size=12))
    check(case, fed(cut(case.data, cuts), case.method, closes=case.closes))
