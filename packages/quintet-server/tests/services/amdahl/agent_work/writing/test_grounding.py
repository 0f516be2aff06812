"""Which sentences of a model pass."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.agent_work.writing.grounding import (
    completed,
    is_grounded,
    is_told,
)

FACTS = (
    "By channel, email leads with 52 of 128 interactions (41%).",
    "By owner, Amber Field has the most won deals: 3 won, worth 54,000.",
)


@pytest.mark.parametrize(
    "sentence",
    [
        "Email leads, with 52 of all 128 interactions.",
        "With 52 of the interactions, email leads.",
        "Of the 128 interactions, email has 41%.",
        "Amber Field has the most won deals, of which 3 won.",
        "Amber Field has most won deals: 3 won, which were worth 54000 in all.",
    ],
)
def test_sentence_that_says_what_one_fact_says_passes(sentence: str) -> None:
    assert is_grounded(sentence, FACTS)


@pytest.mark.parametrize(
    "sentence",
    [
        "Email leads with 60 of 128 interactions.",  # a figure nobody computed
        "Email makes up half of the 128 interactions.",  # the same in words
        "Of 128 interactions, 3 were won.",  # figures of two facts put together
        "The best seller is Birch Hill, who has won 3 deals.",  # a name from nowhere
        "Customers love the product and want more.",  # says nothing that was computed
        "The best seller is Amber Field by far.",  # a name alone can be said anything of
        "Some 52 new customers have been hired by email.",  # its figure put to another use
        "Email leads by far, with 52 of all 128 interactions.",  # a judgement
        "Those deals were worth 54000 in all.",  # whose?
        "email 52 128",  # no sentence
        "**Email** leads with 52 of 128 interactions.",  # markup
        "Email leads with 52 of 128 interactions, and",  # broken off
    ],
)
def test_sentence_that_says_more_or_nothing_is_held_back(sentence: str) -> None:
    assert not is_grounded(sentence, FACTS)


def test_fact_counts_as_told_when_all_its_figures_are() -> None:
    assert is_told(FACTS[0], ["Email leads: 52 of 128, which is 41%."])
    assert not is_told(FACTS[0], ["Email leads: 52 of 128."])
    assert not is_told("No figure here.", ["No figure here."])


def test_point_within_a_number_ends_no_sentence() -> None:
    assert completed("It is 0.42 now. It was") == (["It is 0.42 now."], "It was")
    assert completed("It is 0.42") == ([], "It is 0.42")


@given(st.lists(st.sampled_from(["It is 4.2.", 'He says "No."', "Why?", "So 3 came."]), min_size=1))
def test_sentences_are_the_same_wherever_the_text_is_cut(sentences: list[str]) -> None:
    text = " ".join(sentences)
    found, rest = [], ""
    for letter in text:
        whole, rest = completed(rest + letter)
        found += whole
    assert [*found, rest] == sentences
