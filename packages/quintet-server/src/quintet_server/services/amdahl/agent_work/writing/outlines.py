"""An outline: sections over answers that were found, and what feedback makes of it.

Feedback is read sentence by sentence: remove, add, rename, move, shorter, longer, only
this. What it asks for that is none of these is a note for whoever writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from quintet_server.services.amdahl.agent_work.answers.answered import Answered
from quintet_server.services.amdahl.agent_work.asking.vocabulary import STOP_WORDS, words_of

__all__ = ["Change", "Outline", "Section", "changes_of", "first_outline", "revised"]

Kind = Literal[
    "remove", "add", "rename", "first", "last", "shorter", "longer", "keep", "only", "note"
]

_POINT_MAX_CHARS = 240
_CLAUSE = re.compile(
    r"[.;\n]+\s*|,?\s+(?:and|but|then)\s+(?=(?:please\s+)?(?:remove|drop|delete|skip|cut|add|include|"
    r"cover|mention|move|start|lead|open|begin|end|finish|close|rename|call|make|shorten|use|keep)\b)",
    re.IGNORECASE,
)
_POLITE = re.compile(r"^\W*(?:please|kindly|can you|could you|i(?:'d| would) like you to)\s+", re.I)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_READINGS: tuple[tuple[Kind, str], ...] = (
    (
        "keep",
        r"\b(?:only|just|exactly|at most|(?:no more|not more) than|limit (?:it|this|them) to|"
        r"(?:cut|shorten|reduce) (?:it |this |them )?(?:down )?to)\s+(?:the first\s+)?"
        rf"(?P<target>\d+|{'|'.join(_NUMBERS)})\s+(?:sections?|parts?|points?)\b",
    ),
    (
        "only",
        r"^(?:focus (?:only |just |solely )on|only (?:on |about |cover |keep )?|"
        r"just (?:on |about )|"
        r"(?:limit|restrict) (?:it|this) to)\s*(?P<target>.+)"
        r"|^(?:focus|concentrate) on\s+(?P<moved>.+?)\s+only$",
    ),
    (
        "rename",
        r"^(?:rename|call|title)\s+(?P<target>.+?)\s+(?:to|as|into)\s+[\"“]?(?P<value>[^\"”]+)",
    ),
    (
        "remove",
        r"^(?:remove|drop|delete|skip|cut|omit|leave out|take out|no|without|less)\s+"
        r"(?P<target>.+)",
    ),
    (
        "first",
        r"^(?:start|lead|open|begin)\s+(?:off\s+)?with\s+(?P<target>.+)"
        r"|^(?:move|put)\s+(?P<moved>.+?)\s+"
        r"(?:to the (?:top|front|start|beginning)|first|up)\b",
    ),
    (
        "last",
        r"^(?:end|finish|close)\s+with\s+(?P<target>.+)"
        r"|^(?:move|put)\s+(?P<moved>.+?)\s+(?:to the (?:end|bottom)|last|down)\b",
    ),
    ("shorter", r"\b(?:shorter|shorten|too long|fewer sections|more concise|tighter|trim)\b"),
    ("longer", r"\b(?:longer|too short|more detail|more depth|go deeper|more sections)\b"),
    (
        "add",
        r"^(?:also\s+)?(?:add|include|cover|mention|say (?:something|more) (?:on|about)|"
        r"more (?:on|about)|focus (?:more )?on|talk about|what about)\s+(?P<target>.+)",
    ),
    ("add", r"\b(?:missing|lacks|needs|want|would like)\s+(?P<target>.+)"),
)
_PATTERNS: list[tuple[Kind, re.Pattern[str]]] = [
    (kind, re.compile(text, re.IGNORECASE)) for kind, text in _READINGS
]
_ARTICLES = re.compile(
    r"^(?:(?:an?|the|some|more|another|one|section|sections|part|paragraph|chapter|something|"
    r"information|data|figures|numbers)\s+)*(?:(?:on|about|with|for|of)\s+)?",
    re.IGNORECASE,
)
_PLACES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
_NUMBERED = re.compile(r"\bsection (\d+)\b|\bpoint (\d+)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its heading, what it says, and the places of the answers it says it from."""

    heading: str
    points: tuple[str, ...]
    sources: tuple[int, ...] = ()

    def wire(self) -> dict[str, Any]:
        """As the reader who approves it sees it."""
        return {"heading": self.heading, "points": list(self.points)}


@dataclass(frozen=True, slots=True)
class Outline:
    """A title, sections, and the notes that feedback left for the writing."""

    title: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def wire(self) -> list[dict[str, Any]]:
        """The sections as they are shown."""
        return [section.wire() for section in self.sections]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that feedback asks for; `target` is a section, or what to add."""

    kind: Kind
    target: str = ""
    value: str = ""


def first_outline(
    title: str, answered: Sequence[Answered], gaps: Sequence[str], most: int
) -> Outline:
    """A section for each answer, as many as the channel takes; of nothing, one that says so."""
    sections = sections_of(answered, 0)[:most]
    if not sections:
        told = tuple(gaps) or ("The data hold nothing on this yet.",)
        sections = [Section("What the data do not say yet", told)]
    return Outline(title, tuple(sections))


def sections_of(answered: Sequence[Answered], start: int) -> list[Section]:
    """A section for each answer that says something; answers begin at place `start`."""
    sections: dict[str, Section] = {}
    for place, one in enumerate(answered, start):
        if not one.support:
            continue
        points = [one.headline or one.answer, *(f"“{q['text']}”" for q in one.quotes[:2])]
        cut = tuple(point[:_POINT_MAX_CHARS] for point in points)
        heading = one.heading or one.question
        known = sections.get(heading)
        if known is not None:
            cut, sources = (*known.points, *cut), (*known.sources, place)
            sections[heading] = Section(heading, cut, sources)
        else:
            sections[heading] = Section(heading, cut, (place,))
    return list(sections.values())


def changes_of(feedback: str) -> list[Change]:
    """What a feedback asks for, in its order."""
    changes = []
    for clause in _CLAUSE.split(feedback):
        text = _POLITE.sub("", clause).strip(" ,.!")
        if text:
            changes.append(_change(text))
    return changes


def _change(text: str) -> Change:
    for kind, pattern in _PATTERNS:
        match = pattern.search(text)
        if match is None:
            continue
        named = match.groupdict()
        target = named.get("target") or named.get("moved") or ""
        if kind in ("add", "only"):
            target = _ARTICLES.sub("", target).strip(' ."“”') or target
        return Change(kind, target.strip(' ."“”'), (named.get("value") or "").strip(' ."“”'))
    return Change("note", text)


def revised(outline: Outline, change: Change, most: int) -> Outline:
    """The outline after one change; `add`, `only` and `longer` need new answers, so not here."""
    if change.kind == "note":
        return replace(outline, notes=(*outline.notes, change.target))
    if change.kind == "shorter":
        kept = max(1, min(most, len(outline.sections)) // 2)
        return replace(outline, sections=outline.sections[:kept])
    if change.kind == "keep":
        kept = _NUMBERS.get(change.target.lower()) or int(change.target)
        return replace(outline, sections=outline.sections[: max(1, kept)])
    place = _place_of(outline, change.target)
    if change.kind == "rename" and re.search(r"\b(?:title|it|piece|post)\b", change.target, re.I):
        return replace(outline, title=change.value)
    if place is None:
        return replace(outline, notes=(*outline.notes, f"{change.kind}: {change.target}"))
    section = outline.sections[place]
    others = [one for number, one in enumerate(outline.sections) if number != place]
    if change.kind == "rename":
        others.insert(place, replace(section, heading=change.value))
    elif change.kind == "first":
        others.insert(0, section)
    elif change.kind == "last":
        others.append(section)
    elif not others:  # the last section stays: there would be nothing to write
        return replace(outline, notes=(*outline.notes, f"{change.kind}: {change.target}"))
    return replace(outline, sections=tuple(others))


def _place_of(outline: Outline, target: str) -> int | None:
    """The section that a target means: by number, by place, or by the words it shares most."""
    count = len(outline.sections)
    numbered = _NUMBERED.search(target)
    if numbered:
        number = int(numbered[1] or numbered[2]) - 1
        return number if 0 <= number < count else None
    lower = target.lower()
    for word, place in _PLACES.items():
        if re.search(rf"\b{word}\b(?: section| point| part)?\s*$", lower):
            return place % count if -count <= place < count else None
    wanted = _content_words(target)
    scores = [
        2 * len(wanted & _content_words(one.heading))
        + len(wanted & _content_words(" ".join(one.points)))
        for one in outline.sections
    ]
    best = max(scores, default=0)
    return scores.index(best) if best else None


def _content_words(text: str) -> set[str]:
    words = (word.lower().removesuffix("'s") for word in words_of(text))
    plain = {word.removesuffix("s") if len(word) > 3 else word for word in words}
    return {word for word in plain if word not in STOP_WORDS and word not in ("section", "part")}
