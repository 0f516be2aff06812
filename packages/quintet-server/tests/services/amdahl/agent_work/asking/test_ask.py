"""Tasks in words, understood against the values of a small business."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.agent_work.asking.ask import (
    AUTO,
    follow_up,
    topic_of,
    understand,
)

from .held import HELD


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            "How many interactions by channel?",
            {"subjects": ("activity",), "dimensions": ("channel",)},
        ),
        (
            "Which customers are unhappy about pricing?",
            {
                "subjects": ("sentiment",),
                "dimensions": ("company_name",),
                "valence": -1,
                "terms": ("pricing",),
            },
        ),
        (
            "What do customers say about onboarding?",
            {"subjects": ("voices",), "dimensions": (), "terms": ("onboarding",)},
        ),
        ("Deals won and lost by owner", {"subjects": ("deals",), "focus": None}),
        ("Deals won by owner", {"focus": "won", "dimensions": ("owner",)}),
        ("What is the win rate?", {"subjects": ("deals",), "focus": None, "terms": ()}),
        ("top 3 companies by sentiment", {"subjects": ("sentiment",), "top": 3}),
        ("revenue by month", {"subjects": ("deals",), "grain": "month", "by_amount": True}),
        ("sentiment trend", {"subjects": ("sentiment",), "grain": AUTO}),
        (
            "interactions by channel and owner",
            {"dimensions": ("channel", "owner"), "subjects": ("activity",)},
        ),
        ("sentiment on calls", {"subjects": ("sentiment",), "filters": {"channel": ("call",)}}),
        ("meetings on chats", {"filters": {}}),
        ("How is Northwind doing?", {"filters": {"company_name": ("Northwind",)}}),
        ("northwind's sentiment", {"filters": {"company_name": ("Northwind",)}}),
        ("What has Amber closed?", {"filters": {"owner": ("Amber Field",)}}),
        (
            "Compare Northwind and Initech",
            {
                "filters": {"company_name": ("Northwind", "Initech")},
                "dimensions": ("company_name",),
            },
        ),
        ("lowest sentiment by channel", {"ascending": True}),
        ("Which companies are most likely to buy?", {"subjects": ("qualification",), "terms": ()}),
        ("Who should I call today?", {"filters": {}, "terms": ()}),
        ("What should we fix about onboarding?", {"terms": ("onboarding",)}),
        ("What's often on their mind? Pricing", {"terms": ("mind", "pricing")}),
        (
            "Which customers are at risk of churning?",
            {"subjects": ("sentiment",), "valence": -1, "dimensions": ("company_name",)},
        ),
        ("List our open deals", {"subjects": ("deals",), "focus": "open", "top": 5}),
        ("How do win rates vary by owner?", {"focus": None, "by_rate": True}),
        ("Which accounts are quiet?", {"subjects": ("activity",), "ascending": True}),
        ("Where do we lose?", {"subjects": ("deals",), "focus": "lost"}),
        ("How many calls?", {"filters": {"channel": ("call",)}}),
        ('Who says "too expensive"?', {"terms": ("too expensive", "expensive")}),
    ],
)
def test_task_in_words_is_understood_as_this(task: str, expected: dict[str, Any]) -> None:
    ask = understand(task, HELD)
    assert {name: getattr(ask, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("task", "terms"),
    [
        ("How do win rates vary between our reps?", ()),
        ("Show me an overview of sales performance this quarter", ()),
        ("What's happening across our accounts lately?", ()),
        ("Compare sentiment across channels and tell me how they differ", ()),
        ("Give me a quick rundown of the pipeline", ()),
        ("Which accounts have gone quiet?", ()),
        ("Is sentiment improving or getting worse?", ()),
        ("Where are deals getting stuck?", ()),
        ("Break down interactions by owner and month", ()),
        ("Evaluate lead quality and conversion per source", ()),
        ("What differences are there between Amber and Birch?", ()),
        ("Are customers worried about pricing?", ("pricing",)),
        ("What pain points do customers raise about integration?", ("integration",)),
        ("What are buyers saying about onboarding and support?", ("onboarding", "support")),
        ("Which competitors get mentioned most?", ("competitors",)),
        ("What do customers say about the quality?", ("quality",)),
        ("Feedback on performance by channel", ("performance",)),
    ],
)
def test_only_words_that_name_a_subject_are_searched_for(task: str, terms: tuple[str, ...]) -> None:
    assert understand(task, HELD).terms == terms


def test_word_that_fits_two_companies_is_a_choice_and_no_filter() -> None:
    ask = understand("Tell me about Acme", HELD)
    [choice] = ask.choices
    assert (choice.word, choice.column) == ("Acme", "company_name")
    assert choice.options == ("Acme Labs", "Acme Foods")
    assert ask.filters == {}
    assert ask.decided(choice, ("Acme Foods",)).filters == {"company_name": ("Acme Foods",)}


def test_whole_name_is_no_choice() -> None:
    ask = understand("Tell me about Acme Labs", HELD)
    assert ask.choices == ()
    assert ask.filters == {"company_name": ("Acme Labs",)}


def test_words_for_what_to_write_are_not_asked_about() -> None:
    ask = understand("Write an email about pricing", HELD)
    assert ask.filters == {}
    assert ask.terms == ("pricing",)
    assert topic_of("Write a LinkedIn post about pricing.") == "pricing"


@pytest.mark.parametrize(
    ("question", "changes"),
    [
        ("And by month?", {"grain": "month", "dimensions": ()}),
        ("What about Initech?", {"filters": {"company_name": ("Initech",)}}),
        ("and in the last 7 days?", {"dimensions": ("channel",)}),
        ("only on calls", {"filters": {"company_name": ("Northwind",), "channel": ("call",)}}),
    ],
)
def test_follow_up_goes_on_with_what_was_asked(question: str, changes: dict[str, Any]) -> None:
    earlier = understand("How many interactions with Northwind by channel?", HELD)
    ask = follow_up(understand(question, HELD), earlier)
    expected = {"subjects": ("activity",), "filters": {"company_name": ("Northwind",)}} | changes
    assert {name: getattr(ask, name) for name in expected} == expected


def test_question_that_stands_alone_forgets_what_was_asked() -> None:
    earlier = understand("How many interactions with Northwind by channel?", HELD)
    ask = understand("How many deals were won?", HELD)
    assert follow_up(ask, earlier) == ask


def test_follow_up_of_nothing_is_the_question_itself() -> None:
    ask = understand("and by month?", HELD)
    assert follow_up(ask, None) == ask


@given(st.text(max_size=80))
def test_any_text_is_understood_without_an_error(text: str) -> None:
    understand(text, HELD).as_json()
