"""Which questions the command line asks."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import QUESTIONS, chosen_by


def test_no_name_chooses_every_question() -> None:
    assert chosen_by([]) == QUESTIONS


def test_first_word_chooses_all_of_that_kind_and_no_question_twice() -> None:
    chosen = chosen_by(["native_tls", "native"])
    assert chosen[0] == "native_tls"
    assert sorted(chosen) == sorted(each for each in QUESTIONS if each.startswith("native_"))


def test_name_of_a_question_chooses_only_that() -> None:
    assert chosen_by(["get_job_cpu"]) == ["get_job_cpu"]


@pytest.mark.parametrize("name", ["nativ", "native_", "get_job_cpu_"])
def test_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(LookupError, match=f"no such question: {name}"):
        chosen_by(["native", name])
