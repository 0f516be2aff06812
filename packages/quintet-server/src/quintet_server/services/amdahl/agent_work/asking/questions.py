"""From an ask to the questions that the data are asked, in the order of their worth.

First what the task says, then what has to be covered, then what else throws light on the subject,
as far as the depth allows. A question is one statement (or one search) and one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from quintet_server.services.amdahl.agent_work.asking.ask import AUTO, Ask
from quintet_server.services.amdahl.agent_work.asking.holdings import Holdings
from quintet_server.services.amdahl.agent_work.asking.vocabulary import NOUNS, Subject

__all__ = ["DEPTHS", "Question", "Shape", "heading_of", "listed", "plan", "question_of", "scope_of"]

Shape = Literal["total", "by", "amounts", "over", "list", "quotes", "documents", "near"]

DEPTHS = {"quick": 2, "standard": 4, "deep": 7, "high": 10}
"""How many questions a depth asks; what has to be covered comes on top."""

_COLUMNS: dict[Subject, tuple[str, ...]] = {
    "activity": (
        *("channel", "company_name", "owner", "interaction_type", "contact_name"),
        *("speaker_name", "speaker_type", "stage", "source_system"),
    ),
    "sentiment": (
        *("channel", "company_name", "owner", "contact_name", "speaker_name"),
        *("speaker_type", "interaction_type", "stage", "source_system"),
    ),
    "deals": ("owner", "stage", "company_name", "status"),
    "qualification": ("outcome_band", "company_name"),
    "voices": (),
}
# What widens a subject, in this order, where the depth has room.
_WIDER: dict[Subject, tuple[tuple[Shape, str | None], ...]] = {
    "activity": (
        ("total", None),
        ("over", None),
        ("by", "channel"),
        ("by", "company_name"),
        ("by", "owner"),
        ("by", "interaction_type"),
    ),
    "sentiment": (
        ("total", None),
        ("by", "channel"),
        ("by", "company_name"),
        ("over", None),
        ("quotes", None),
    ),
    "deals": (
        ("total", None),
        ("by", "owner"),
        ("list", None),
        ("by", "stage"),
        ("by", "company_name"),
        ("over", None),
    ),
    "qualification": (("by", "outcome_band"), ("list", None)),
    "voices": (("quotes", None), ("documents", None)),
}
_MEASURES: dict[Subject, str] = {
    "activity": "the number of interactions",
    "sentiment": "the sentiment of interactions",
    "deals": "the number of deals",
    "qualification": "the qualification of companies",
    "voices": "what is said",
}
# Subjects that the words searched for narrow down.
_SPOKEN = ("activity", "sentiment")


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the data.

    Attributes:
        subject: what is measured.
        shape: a total, a breakdown `by` a column or `over` time, `amounts` by a column, a list,
            words found, or what comes near in meaning to words that nobody said.
        column: of a breakdown.
        grain: of a breakdown over time.
        text: the question in words.
    """

    subject: Subject
    shape: Shape
    ask: Ask
    text: str
    column: str | None = None
    grain: str | None = None

    @property
    def what(self) -> tuple[object, ...]:
        """Equal for questions that would be answered by the same rows."""
        window = self.ask.window
        within = None if window is None else (window.start, window.end)
        filters = tuple(sorted(self.ask.filters.items()))
        place = (self.subject, self.shape, self.column, self.grain)
        return (*place, within, filters, self.ask.terms, self.ask.focus)


def plan(
    ask: Ask, covers: Sequence[tuple[str, Ask]], held: Holdings, depth: str, *, widen: bool = True
) -> list[Question]:
    """The questions. `covers`: each item that must be covered, in words and understood.

    Without `widen` only what was asked is asked: the depth is then only a limit.
    """
    most = DEPTHS.get(depth, DEPTHS["standard"])
    asked = _distinct(list(_direct(ask, held)))[:most]
    covered = [question for text, item in covers for question in _covering(text, item, held)]
    wider = _wider(ask, held) if widen else []
    room = max(0, most - len(asked))
    known = {question.what for question in (*asked, *covered)}
    more = [question for question in _distinct(wider) if question.what not in known]
    return _distinct([*asked, *covered, *more[:room]])


def _direct(ask: Ask, held: Holdings) -> Iterator[Question]:
    for subject in ask.about():
        if subject == "sentiment" and ask.is_told_by_words:
            yield question_of(ask, held, "voices", "quotes")
            continue
        columns = [column for column in ask.dimensions if column in _COLUMNS[subject]]
        for column in columns:
            is_money = subject == "deals" and ask.is_any_worth and column != "status"
            yield question_of(ask, held, subject, "amounts" if is_money else "by", column)
        if ask.grain and subject in ("activity", "sentiment", "deals"):
            yield question_of(ask, held, subject, "over")
        if subject == "voices":
            yield question_of(ask, held, subject, "quotes")
        elif subject == "qualification" and not columns:
            if "company_name" in ask.filters:
                yield question_of(ask, held, subject, "list")
            else:
                yield question_of(ask, held, subject, "by", "outcome_band")
        elif subject == "deals" and ask.top and not columns:
            yield question_of(ask, held, subject, "list")
        elif subject == "deals" and ask.is_any_worth and not columns and not held.has_deals:
            yield question_of(ask, held, subject, "amounts", "company_name")
        elif not columns and not ask.grain:
            yield question_of(ask, held, subject, "total")


def _covering(text: str, ask: Ask, held: Holdings) -> list[Question]:
    """The questions of one item: the first says it in the caller's words."""
    if not ask.subjects and not ask.filters and not ask.terms and ask.dimensions:
        ask = replace(ask, subjects=("activity",))
    if not ask.subjects and ask.terms and not ask.filters:
        ask = replace(ask, subjects=("voices",))
    found = _distinct(list(_direct(ask, held)))[:2]
    return [replace(found[0], text=text), *found[1:]] if found else []


def _wider(ask: Ask, held: Holdings) -> list[Question]:
    """What else belongs to the subjects, then the words themselves, then what lies beside."""
    words: list[Shape] = ["quotes", "documents"] if held.documents else ["quotes"]
    told, beside = _subjects(ask, held)
    return [
        *_in_turn(ask, held, told),
        *(question_of(ask, held, "voices", shape) for shape in words),
        *_in_turn(ask, held, beside),
    ]


def _in_turn(ask: Ask, held: Holdings, subjects: Sequence[Subject]) -> list[Question]:
    """One question of each subject, then the second of each, and so on."""
    rows = [
        [
            question_of(ask, held, subject, shape, column)
            for shape, column in _WIDER[subject]
            if column is None or (column not in ask.filters and _can_tell(subject, column, held))
        ]
        for subject in subjects
    ]
    longest = max(map(len, rows), default=0)
    return [row[place] for place in range(longest) for row in rows if place < len(row)]


def _can_tell(subject: Subject, column: str, held: Holdings) -> bool:
    """Whether a breakdown nobody asked for has anything to say."""
    return subject not in _SPOKEN or bool(held.of(column))


def _subjects(ask: Ask, held: Holdings) -> tuple[list[Subject], list[Subject]]:
    """The subjects of the ask, and others that the data say something of.

    Where words are searched for, others are only those that words narrow down.
    """
    told: list[Subject] = [subject for subject in ask.about() if subject != "voices"]
    others: dict[Subject, bool] = {
        "activity": True,
        "sentiment": bool(held.scored),
        "deals": held.has_deals and not ask.terms,
    }
    return told, [one for one, is_held in others.items() if is_held and one not in told]


def question_of(
    ask: Ask, held: Holdings, subject: Subject, shape: Shape, column: str | None = None
) -> Question:
    """One question, in words."""
    grain = _grain_for(ask, held) if shape == "over" else None
    return Question(subject, shape, ask, _text(ask, subject, shape, column, grain), column, grain)


def _grain_for(ask: Ask, held: Holdings) -> str:
    """As asked, or so that there are a few periods and not too many."""
    if ask.grain and ask.grain != AUTO:
        return ask.grain
    days = 180.0
    if ask.window is not None:
        days = (ask.window.end - ask.window.start).total_seconds() / 86_400
    elif held.span_days is not None:
        days = held.span_days
    limits = ((10, "day"), (100, "week"), (800, "month"), (2400, "quarter"))
    return next((grain for limit, grain in limits if days <= limit), "year")


def _text(ask: Ask, subject: Subject, shape: Shape, column: str | None, grain: str | None) -> str:
    scope = scope_of(ask, column)
    if shape == "quotes" and ask.is_told_by_words:
        about = f" about {listed(ask.terms)}" if ask.terms else ""
        return f"What {'un' if ask.valence < 0 else ''}happy words are said{about}{scope}?"
    if shape == "amounts":
        assert column is not None
        return f"How do amounts differ by {NOUNS[column][0]}{scope}?"
    if shape == "quotes":
        about = f" about {listed(ask.terms)}" if ask.terms else ""
        return f"What do people say{about}{scope}?"
    if shape == "near":
        return f"What comes near to {listed(ask.terms)}?"
    if shape == "documents":
        about = f" on {listed(ask.terms)}" if ask.terms else " on this"
        return f"What does the knowledge base hold{about}?"
    if shape == "list":
        noun = "deals are the largest" if subject == "deals" else "companies score highest"
        return f"Which {noun}{scope}?"
    measure = f"{ask.focus} deals" if subject == "deals" and ask.focus else _MEASURES[subject]
    about = f" that mention {listed(ask.terms)}" if ask.terms and subject in _SPOKEN else ""
    if shape == "by":
        assert column is not None
        return f"How does {measure}{about} differ by {NOUNS[column][0]}{scope}?"
    if shape == "over":
        return f"How does {measure}{about} develop by {grain}{scope}?"
    return (
        f"How do deals stand{scope}?" if subject == "deals" else f"What is {measure}{about}{scope}?"
    )


def heading_of(question: Question) -> str:
    """What a section about a question is called."""
    if question.shape == "quotes":
        return "In their own words"
    if question.shape == "near":
        return "What comes near"
    if question.shape == "documents":
        return "What the knowledge base says"
    noun = {"activity": "Interactions", "sentiment": "Sentiment", "deals": "Deals"}.get(
        question.subject, "Qualification"
    )
    if question.subject == "deals" and question.ask.focus:
        noun = f"{question.ask.focus.capitalize()} deals"
    if question.shape == "amounts" and question.column:
        return f"Amounts by {NOUNS[question.column][0]}"
    if question.shape == "by" and question.column:
        return f"{noun} by {NOUNS[question.column][0]}"
    if question.shape == "over":
        return f"{noun} over time"
    if question.shape == "list":
        return "The largest deals" if question.subject == "deals" else "The best scores"
    return f"{noun} at a glance"


def scope_of(ask: Ask, but: str | None = None) -> str:
    """The filters and the window in words, with a space before: " with Globex in March 2026".

    A filter on the column `but` is left out: where the answer goes through its values.
    """
    words = []
    for column, values in ask.filters.items():
        if column == but:
            continue
        word = {"owner": "of", "channel": "by", "stage": "in stage"}.get(column, "with")
        words.append(f" {word} {listed(values, 'or' if column == 'channel' else 'and')}")
    if ask.window is not None:
        words.append(f" {ask.window.words}")
    return "".join(words)


def listed(values: Sequence[str], word: str = "or") -> str:
    """`a, b or c`."""
    if len(values) < 2:
        return "".join(values)
    return f"{', '.join(values[:-1])} {word} {values[-1]}"


def _distinct(questions: Sequence[Question]) -> list[Question]:
    return list({question.what: question for question in reversed(questions)}.values())[::-1]
