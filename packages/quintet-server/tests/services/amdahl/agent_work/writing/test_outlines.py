"""Feedback in words, and what becomes of an outline."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.agent_work.answers.answered import Answered
from quintet_server.services.amdahl.agent_work.writing.outlines import (
    Outline,
    Section,
    changes_of,
    first_outline,
    revised,
)

OUTLINE = Outline(
    "Pricing",
    (
        Section("In their own words", ("12 interactions mention pricing.",), (0,)),
        Section("Sentiment by channel", ("Calls are best.",), (1,)),
        Section("Deals by owner", ("Amber Field leads.",), (2,)),
    ),
)


def headings(outline: Outline) -> list[str]:
    return [section.heading for section in outline.sections]


def after(feedback: str) -> Outline:
    outline = OUTLINE
    for change in changes_of(feedback):
        outline = revised(outline, change, 5)
    return outline


@pytest.mark.parametrize(
    ("feedback", "left"),
    [
        ("Please drop the section on sentiment.", ["In their own words", "Deals by owner"]),
        ("Remove the last section", ["In their own words", "Sentiment by channel"]),
        ("Delete section 1", ["Sentiment by channel", "Deals by owner"]),
        (
            "Start with the deals.",
            ["Deals by owner", "In their own words", "Sentiment by channel"],
        ),
        (
            "Move the quotes' words to the end",
            ["Sentiment by channel", "Deals by owner", "In their own words"],
        ),
        (
            'Rename the section on deals to "Who sells"',
            ["In their own words", "Sentiment by channel", "Who sells"],
        ),
        ("Make it shorter", ["In their own words"]),
        ("Only two sections, please", ["In their own words", "Sentiment by channel"]),
        ("Cut it down to 1 section", ["In their own words"]),
        (
            "Start with deals and drop sentiment; make it nice",
            ["Deals by owner", "In their own words"],
        ),
    ],
)
def test_feedback_changes_the_outline_like_this(feedback: str, left: list[str]) -> None:
    assert headings(after(feedback)) == left


def test_title_is_renamed() -> None:
    assert after('Rename the title to "What price means"').title == "What price means"


def test_feedback_that_is_no_change_is_kept_for_the_writing() -> None:
    outline = after("Use a friendlier tone")
    assert headings(outline) == headings(OUTLINE)
    assert outline.notes == ("Use a friendlier tone",)


def test_last_section_cannot_be_removed() -> None:
    outline = Outline("x", (Section("Deals", ()),))
    [change] = changes_of("remove deals")
    assert headings(revised(outline, change, 5)) == ["Deals"]


@pytest.mark.parametrize(
    ("feedback", "target"),
    [
        ("Add a section on deals by stage", "deals by stage"),
        ("please include some data about churn", "churn"),
        ("What about sentiment?", "sentiment?"),
        ("It is missing objections", "objections"),
    ],
)
def test_what_is_to_be_added_is_found_in_the_feedback(feedback: str, target: str) -> None:
    [change] = changes_of(feedback)
    assert (change.kind, change.target) == ("add", target)


def test_outline_of_no_answers_says_what_is_missing() -> None:
    unanswered = Answered("How many?", "There are none.", "low", 0)
    outline = first_outline("x", [unanswered], ["There are none."], 5)
    assert outline.wire() == [
        {"heading": "What the data do not say yet", "points": ["There are none."]}
    ]


def test_answers_under_one_heading_share_a_section() -> None:
    found = [Answered("q", f"a {n}", "low", 1, headline=f"a {n}", heading="h") for n in range(2)]
    [section] = first_outline("x", found, [], 5).sections
    assert (section.points, section.sources) == (("a 0", "a 1"), (0, 1))


@given(st.text(max_size=80))
def test_any_feedback_leaves_an_outline_with_a_section(feedback: str) -> None:
    assert after(feedback).sections
