"""Research: look, understand, plan, ask the data one question after another.

The plan is made from the task and the data alone, so a replay makes the same one; what the tools
returned is recorded by the desk. Findings are the computed answers; nothing here writes prose.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from quintet_server.services.amdahl.agent_work.answers.answered import Answered, missing
from quintet_server.services.amdahl.agent_work.answers.answering import (
    answer_of,
    document_answer,
    near_answer,
)
from quintet_server.services.amdahl.agent_work.answers.figures import count, whole
from quintet_server.services.amdahl.agent_work.asking.ask import Ask, follow_up, understand
from quintet_server.services.amdahl.agent_work.asking.holdings import Holdings
from quintet_server.services.amdahl.agent_work.asking.questions import (
    DEPTHS,
    Question,
    heading_of,
    listed,
    plan,
    question_of,
)
from quintet_server.services.amdahl.agent_work.asking.statements import (
    mentions_statement,
    statement_of,
)
from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agents.model import FinishNow, ToolFailed

__all__ = [
    "Research",
    "answer_all",
    "decide_all",
    "depth_of",
    "prepare",
    "questions_about",
    "questions_of",
]

_COVER_MAX_COUNT = 20
_FINDINGS_MAX_COUNT = 6
_TERMS_MAX_COUNT = 24
_ENGLISH = (
    "Most of this was not understood: questions are answered that are put in English, about the "
    "data of the workspace, such as “How many interactions by channel?”."
)
_RANK = {"high": 0, "medium": 1, "low": 2}


@dataclass(slots=True)
class Research:
    """What is known so far.

    Attributes:
        unheard: words that were searched for and that nobody said.
        gaps: what the data do not hold, and what could not be looked up, in sentences.
        is_cut: whether the user has said to finish before all questions were asked.
    """

    topic: str
    held: Holdings
    ask: Ask
    covers: list[tuple[str, Ask]] = field(default_factory=list)
    unheard: tuple[str, ...] = ()
    answered: list[Answered] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    is_cut: bool = False

    @property
    def found(self) -> list[Answered]:
        """The answers that have something to say."""
        return [one for one in self.answered if one.support]

    @property
    def is_foreign(self) -> bool:
        """Whether the task names only things that nobody in this data has spoken of."""
        ask = self.ask
        says = (ask.subjects, ask.terms, ask.filters, ask.dimensions, ask.window, ask.grain)
        is_odd = bool(self.unheard) or ask.is_unread
        return is_odd and not any(says) and self.held.interactions > 0

    def key_findings(self) -> list[dict[str, Any]]:
        """The best supported headlines, each with its sources."""
        ranked = sorted(self.found, key=lambda one: _RANK[one.confidence])
        chosen = [one for one in ranked if one.headline][:_FINDINGS_MAX_COUNT]
        return [
            {
                "finding": one.headline,
                "confidence": one.confidence,
                "citations": [dict(citation) for citation in one.citations],
            }
            for one in sorted(chosen, key=self.answered.index)
        ]

    def all_gaps(self) -> list[str]:
        """Every gap once."""
        told = [one.gap for one in self.answered if one.gap]
        return list(dict.fromkeys((*self.gaps, *told)))

    def headlines(self, count: int = 4) -> list[str]:
        """The first sentences to say."""
        return [one["finding"] for one in self.key_findings()[:count]]


def depth_of(bench: Bench, default: str) -> str:
    """The depth that the parameters name; an unknown word counts as not given."""
    depth = bench.text_param("depth", default).lower()
    return depth if depth in DEPTHS else default


async def prepare(bench: Bench) -> Research:
    """Look at the data and understand the task, in the light of earlier turns. One turn's work."""
    earlier = [one for one in bench.params.get("history", ()) if isinstance(one, dict)]
    covers = _covers(bench)
    texts = [bench.task, *covers, *(str(one.get("task", "")) for one in earlier)]
    held = Holdings.from_json(await bench.explore("explore", texts))
    ask: Ask | None = None
    for one in earlier:
        ask = _resolved(follow_up(understand(str(one.get("task", "")), held), ask), one)
    ask = follow_up(understand(bench.task, held), ask)
    items = [(text, understand(text, held)) for text in covers]
    found = Research(bench.task, held, ask, items)
    await _listen(bench, "mentions", found)
    return found


def _resolved(ask: Ask, turn: dict[str, Any]) -> Ask:
    """An earlier ask with what the user chose then."""
    chosen = turn.get("filters")
    if not isinstance(chosen, dict):
        return ask
    filters = {str(name): tuple(map(str, values)) for name, values in chosen.items()}
    return replace(ask, filters={**ask.filters, **filters}, choices=())


async def _listen(bench: Bench, key: str, found: Research) -> None:
    """Keep the words that somebody has said; what nobody mentions is a gap, not a filter."""
    asks = [found.ask, *(ask for _, ask in found.covers)]
    terms = tuple(dict.fromkeys(term for ask in asks for term in ask.terms))[:_TERMS_MAX_COUNT]
    heard: set[str] = set()
    if terms and found.held.interactions:
        label = f"Count mentions of {listed([f'“{term}”' for term in terms], 'and')}"
        [row] = (await bench.query(key, label, mentions_statement(terms)))["rows"]
        heard = {term for place, term in enumerate(terms) if whole(row[f"t{place}"])}
    found.ask = _hearing(found.ask, heard)
    found.covers = [(text, _hearing(ask, heard)) for text, ask in found.covers]
    found.unheard = tuple(term for term in terms if term not in heard)
    unheard_count = len(found.unheard)
    is_odd = unheard_count != 1 and unheard_count >= 2 * len(found.ask.terms)
    if found.ask.is_unread and is_odd:
        found.unheard = ()
        found.gaps.append(_ENGLISH)
    elif found.unheard and found.held.texts == 0:
        named = listed([f"“{term}”" for term in found.unheard])
        found.gaps.append(f"No interaction has a text in which {named} could be found.")
        found.unheard = ()
    else:
        found.gaps += [f"No interaction mentions “{term}”." for term in found.unheard]


def _hearing(ask: Ask, heard: Container[str]) -> Ask:
    return replace(ask, terms=tuple(term for term in ask.terms if term in heard))


def decide_all(found: Research) -> None:
    """Where nobody can be asked, a word that fits several values means all of them."""
    for choice in found.ask.choices:
        found.ask = found.ask.decided(choice, choice.options)
        options = listed(choice.options, "and")
        found.gaps.append(f"“{choice.word}” can mean {options}; all of them are counted.")


def questions_of(found: Research, depth: str, *, widen: bool = True) -> list[Question]:
    """The plan. What has to be covered is asked of the same time and the same companies."""
    covers = [
        (
            text,
            replace(
                ask,
                window=ask.window or found.ask.window,
                filters={**found.ask.filters, **ask.filters},
            ),
        )
        for text, ask in found.covers
    ]
    questions = plan(found.ask, covers, found.held, depth, widen=widen)
    if found.unheard and found.held.interactions and depth != "quick":
        near = replace(found.ask, terms=found.unheard)
        questions.append(question_of(near, found.held, "voices", "near"))
    return questions


async def questions_about(bench: Bench, found: Research, key: str, text: str) -> list[Question]:
    """The questions of something that is asked for later on; empty if the data cannot tell."""
    ask = understand(text, found.held)
    item = Research(text, found.held, ask)
    await _listen(bench, key, item)
    found.gaps += item.gaps
    if not item.ask.subjects and not item.ask.terms and not item.ask.filters:
        return []
    item.ask = replace(item.ask, window=item.ask.window or found.ask.window)
    if not item.ask.subjects and item.ask.terms:
        item.ask = replace(item.ask, subjects=("voices",))
    return questions_of(item, "quick", widen=False)


async def answer_all(
    bench: Bench, found: Research, questions: Sequence[Question], name: str = "question"
) -> None:
    """Ask the data, one turn each. When the user wants to finish, what is left is a gap."""
    for place, question in enumerate(questions):
        try:
            async with bench.turn(f"{name}[{place}]"):
                answered = await _answer(bench, found, f"{name}[{place}]", question)
                found.answered.append(replace(answered, heading=heading_of(question)))
        except FinishNow:
            found.is_cut = True
            left = len(questions) - place
            told = count(left, "planned question was", "planned questions were")
            found.gaps.append(f"{told} not asked: the turns were used up.")
            return


async def _answer(bench: Bench, found: Research, key: str, question: Question) -> Answered:
    try:
        if question.shape == "documents":
            words = " ".join(question.ask.terms) or found.topic
            return document_answer(question, await bench.documents(key, words))
        if question.shape == "near":
            return near_answer(question, await bench.near(key, " ".join(question.ask.terms)))
        rows = await bench.query(key, question.text, statement_of(question, found.held))
        if not rows["rows"] and question.ask.is_told_by_words and question.shape == "quotes":
            return await _mood_by_meaning(bench, f"{key}/near", question, rows, found)
        return answer_of(question, rows, found.held.now)
    except ToolFailed as failure:
        gap = f"This could not be looked up: {failure.message}"
        return missing(question.text, gap, None, question.subject)


async def _mood_by_meaning(
    bench: Bench, key: str, question: Question, rows: dict[str, Any], found: Research
) -> Answered:
    """Where no plain word shows a mood, what was said that is near to it in meaning."""
    ask = question.ask
    if not (ask.window or ask.filters):  # what is found by meaning cannot be narrowed down
        mood = "unhappy" if ask.valence < 0 else "happy"
        hits = await bench.near(key, " ".join((mood, "customer", *ask.terms)))
        if hits:
            said = replace(ask, terms=(f"that they are {mood}",))
            return near_answer(replace(question, ask=said), hits)
    return answer_of(question, rows, found.held.now)


def _covers(bench: Bench) -> list[str]:
    given = bench.params.get("must_cover")
    if not isinstance(given, list):
        return []
    return [one.strip() for one in given if isinstance(one, str) and one.strip()][:_COVER_MAX_COUNT]
