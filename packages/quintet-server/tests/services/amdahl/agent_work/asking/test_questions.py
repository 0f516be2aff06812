"""Plans: what is asked of the data, in which order, how much of it."""

from __future__ import annotations

import pytest

from quintet_server.services.amdahl.agent_work.asking.ask import understand
from quintet_server.services.amdahl.agent_work.asking.questions import DEPTHS, Question, plan

from .held import HELD

BROAD = "How are interactions and sentiment developing?"


def shapes(questions: list[Question]) -> list[tuple[str, str, str | None]]:
    return [(one.subject, one.shape, one.column) for one in questions]


def test_first_question_is_what_the_task_says() -> None:
    ask = understand("Deals won by owner", HELD)
    first = plan(ask, [], HELD, "quick")[0]
    assert (first.subject, first.shape, first.column) == ("deals", "by", "owner")
    assert first.text == "How does won deals differ by owner?"


def test_narrow_plan_asks_only_what_the_task_says() -> None:
    ask = understand("interactions by channel and owner", HELD)
    assert shapes(plan(ask, [], HELD, "deep", widen=False)) == [
        ("activity", "by", "channel"),
        ("activity", "by", "owner"),
    ]


@pytest.mark.parametrize("depth", list(DEPTHS))
def test_depth_says_how_many_questions_are_asked(depth: str) -> None:
    assert len(plan(understand(BROAD, HELD), [], HELD, depth)) == DEPTHS[depth]


def test_deeper_plan_begins_like_the_less_deep_one() -> None:
    ask = understand(BROAD, HELD)
    quick, deep = plan(ask, [], HELD, "quick"), plan(ask, [], HELD, "deep")
    assert deep[: len(quick)] == quick


def test_no_two_questions_of_a_plan_are_the_same() -> None:
    questions = plan(understand(BROAD, HELD), [], HELD, "high")
    assert len({one.what for one in questions}) == len(questions)


def test_what_must_be_covered_is_asked_beyond_the_depth_in_its_own_words() -> None:
    covers = [(text, understand(text, HELD)) for text in ("deals by stage", "quotes on pricing")]
    questions = plan(understand("interactions by channel", HELD), covers, HELD, "quick")
    asked = {one.text: (one.subject, one.shape) for one in questions}
    assert asked["deals by stage"] == ("deals", "by")
    assert asked["quotes on pricing"] == ("voices", "quotes")
    assert len(questions) == DEPTHS["quick"] + 2


def test_two_tasks_have_two_plans() -> None:
    plans = {
        tuple(one.text for one in plan(understand(task, HELD), [], HELD, "standard"))
        for task in ("deals by owner", "sentiment by channel", "What do people say about price?")
    }
    assert len(plans) == 3


def test_words_searched_for_keep_deals_out_of_the_plan() -> None:
    questions = plan(understand("Summarise onboarding", HELD), [], HELD, "high")
    assert "deals" not in {one.subject for one in questions}
    assert questions[0].shape == "quotes"
