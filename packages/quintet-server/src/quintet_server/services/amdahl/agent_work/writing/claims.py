"""Whether a sentence says what a computed one says: the same claims, in the same order.

Sentences are read as rows of words and figures; words that carry no meaning of their own ("the",
"were") are left out. What is said has to be the computed row from its beginning, with nothing
added. It may leave out only what makes it say less and not something else: what a name is one of
("By channel,"), that it leads, the whole that a part is of, brackets from some place on, and
clauses from some place on. A figure therefore keeps its sign, its unit, its name and its scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from quintet_server.services.amdahl.agent_work.answers.figures import plain

__all__ = ["figure_count", "is_of", "tokens_of"]

_TOKEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"|(?P<figure>(?<![\w.])[+\-−–]?[$€£¥]?\d+(?:[.,]\d+)*(?:\s?%|\s(?:percent|per cent)\b)?(?!\w))"
    r"|(?P<word>\w[\w'’&.+/-]*\w|\w)"
    r"|(?P<mark>[()%$€£¥+/])"
)
# Where a computed sentence can end early: what comes behind is a claim of its own.
_CUT = re.compile(
    r",\s(?=(?:and )?(?:from|worth|over|of|a lost one)? ?[+-]?\d[\d.,]*%?[\s(])"
    r"|,\s(?=(?:up from|down from|steady at|as many as|about as|a win rate of) )"
    r"|;\s|:\s(?=\d)"
)
_BRACKET_CUT = re.compile(r",\s|\s(?=over )")
_BRACKET = re.compile(r"\([+-]?\d[^()]*\)")  # of figures; others belong to a name
_ALLOWED = re.compile(r"[\w\s.,;:!'’\"“”()%$€£¥+\-−–/&]*")
_QUOTED = re.compile(r"“[^”]*”")
_DIMENSION = re.compile(r"^By ([\w ]+?), ")
_LEAD = re.compile(
    r"^By (?P<one>[\w ]+?), (?P<name>.+) leads with (?P<n>[\d,]+) "
    r"of (?P<all>[\d,]+) (?P<noun>interactions?)(?P<scope>.*) \((?P<share>[\d.]+%)\)\.$"
)
# The same in other orders; `~` before a word: it can be left out.
_LEAD_ORDERS = (
    "With {name} leads ~most ~{noun} ~{one} with {n} of {all} {noun}{scope} ({share})",
    "{n} of {all} {noun}{scope} ({share}) {name} leads",
    "{n} {name} of {all} {noun}{scope} ({share})",
    "Of {all} ~{noun}{scope} {name} {n} ({share})",
    "Of {all} ~{noun}{scope} {n} ({share}) {name}",
    "{share} of {all} ~{noun}{scope} {name} ({n})",
    "With {name} {share} of {all} ~{noun}{scope}",
    "With {name} leads ~most ~{noun} ~{one} with {share} of {all} {noun}{scope}",
    "Of {all} ~{noun}{scope} {share} {name}",
    "Of {all} ~{noun}{scope} {name} {share}",
    "leads ~{one} {name} with {n} of {all} {noun}{scope} ({share})",
)
_IDLE = re.compile(
    r"\b(?:a total of|in total|in all|making up|makes? up|made up"
    r"|account(?:s|ed|ing)? for|a share of(?= \d)|all (?=(?:of )?(?:the )?\d)|or (?=\d[\d.]*\s?%))",
    re.IGNORECASE,
)
_IDLE_WORDS = """
a an the there is are was were be been has have had in on by with at for as among during and of it
its this these those that which who come came make represent
"""
_GLUE = frozenset(_IDLE_WORDS.split())
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SAME = {
    **dict.fromkeys(("grew", "increased", "climbed"), "rose"),
    **dict.fromkeys(("dropped", "decreased", "declined"), "fell"),
    **dict.fromkeys(("first", "leading", "top", "ahead"), "lead"),
    **dict.fromkeys(("contain", "include"), "hold"),
    "across": "over",
}
_SAME |= {word: str(number) for number, word in enumerate(_NUMBERS, 2)}
_OPTIONAL = frozenset(("lead", "most", "then", "workspace", "hold"))
_COUNTED = frozenset(("interaction", "deal", "company", "scored", "qualified"))
_Kind = Literal["word", "open", "cut", "close"]


@dataclass(frozen=True, slots=True)
class _Item:
    """A place of a computed sentence."""

    kind: _Kind
    word: str = ""
    is_optional: bool = False


def is_of(sentence: str, fact: str) -> bool:
    """Whether a sentence says what one computed sentence says, and nothing else."""
    if not _ALLOWED.fullmatch(sentence):
        return False
    if any(quote not in sentence for quote in _QUOTED.findall(fact)):
        return False  # words of somebody are told as they were said
    said = tokens_of(sentence)
    return any(_says(said, items) for items in _readings(fact))


def tokens_of(text: str) -> tuple[str, ...]:
    """The words that mean something, in one form each, and the figures with sign and unit."""
    return tuple(word for word in _tokens(text) if word not in ("(", ")"))


def figure_count(tokens: Sequence[str]) -> int:
    """How many of them are figures."""
    return sum(bool(re.fullmatch(r"(?:of:)?[+-]?\d.*", token)) for token in tokens)


def _tokens(text: str) -> Iterator[str]:
    is_first, is_part = True, False  # the second: an "of" waits for its figure
    for match in _TOKEN.finditer(_IDLE.sub(" ", text)):
        found = match[0]
        was_first, is_first = is_first, False
        if match["figure"]:
            figure = _figure(found)
            yield f"of:{figure}" if is_part and not figure.endswith("%") else figure
            is_part = False
            continue
        word = found if match["mark"] or match["date"] else _stem(found)
        is_part = word == "of" or (is_part and word in ("the", "these", "those"))
        if found[0].isupper() and not was_first and word in _GLUE | _OPTIONAL:
            yield f"^{word}"  # part of a name
        elif word not in _GLUE:
            yield word


def _figure(found: str) -> str:
    value, *unit = re.split(r"\s?(?=%)|\s", found.replace("−", "-").replace("–", "-"), maxsplit=1)
    sign = value[0] if value[0] in "+-" else ""
    return f"{sign}{plain(value.removeprefix(sign))}{'%' if any(unit) else ''}"


def _stem(word: str) -> str:
    small = re.sub(r"['’]s$", "", word.casefold())
    if len(small) > 4 and small.endswith("ies"):
        small = f"{small[:-3]}y"
    elif len(small) > 3 and small.endswith("s") and not small.endswith("ss"):
        small = small[:-1]
    return _SAME.get(small, small)


@lru_cache(maxsize=256)  # of the few facts that one text is written from
def _readings(fact: str) -> tuple[tuple[_Item, ...], ...]:
    fact = fact.replace("~", " ")  # a mark of our own, below
    orders = [_items(_DIMENSION.sub(_marked, fact))]
    lead = _LEAD.match(fact)
    if lead is not None:
        orders += [_items(order.format(**lead.groupdict()), cuts=False) for order in _LEAD_ORDERS]
    return tuple(orders)


def _marked(dimension: re.Match[str]) -> str:
    return "".join(f"~{word} " for word in dimension[1].split())


def _items(text: str, *, cuts: bool = True) -> tuple[_Item, ...]:
    items: list[_Item] = []
    place = 0
    for bracket in _BRACKET.finditer(text):
        items += _clauses(text[place : bracket.start()], cuts=cuts)
        items += [_Item("open"), *_bracketed(bracket[0][1:-1]), _Item("close")]
        place = bracket.end()
    return (*items, *_clauses(text[place:], cuts=cuts))


def _bracketed(text: str) -> Iterator[_Item]:
    parts = _BRACKET_CUT.split(text)
    for number, part in enumerate(parts):
        if number:
            yield _Item("cut")
        words = tokens_of(part)
        # "(10, 25%)": the share can stand alone.
        is_share = number + 1 < len(parts) and bool(re.fullmatch(r"[\d.]+%", parts[number + 1]))
        yield from (_Item("word", word, is_optional=is_share) for word in words)


def _clauses(text: str, *, cuts: bool) -> Iterator[_Item]:
    # A quotation is one claim.
    parts = _CUT.split(f"{text} ") if cuts and "“" not in text else [text]
    for number, part in enumerate(parts):
        if number:
            yield _Item("cut")
        yield from _words(part)


def _words(text: str) -> Iterator[_Item]:
    optional = {token for word in re.findall(r"~(\w+)", text) for token in tokens_of(word)}
    words = tokens_of(text)
    marked = text.count("~")
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        is_whole = word.startswith("of:") or (before.startswith("of:") and word in _COUNTED)
        is_named = marked > 0 and word in optional
        marked -= is_named
        can_go = word in _OPTIONAL or is_whole or is_named
        yield _Item("word", word, is_optional=can_go)


@dataclass(frozen=True, slots=True)
class _State:
    """One way of reading: how much has been said, and whether a bracket has been left out.

    Then all later ones are, or its name would get another's figures. `entered`: how much had been
    said where the bracket began.
    """

    count: int = 0
    has_left: bool = False
    entered: int = 0


def _says(said: Sequence[str], items: Sequence[_Item]) -> bool:
    """Walk the computed sentence with every way of leaving something out."""
    states = {_State()}
    outside: set[_State] | None = None  # within a bracket: those that are done with it
    for item in items:
        if item.kind == "open":
            outside = {_State(one.count, has_left=True) for one in states}
            states = {_State(one.count, entered=one.count) for one in states if not one.has_left}
        elif item.kind == "close":
            states = {_State(one.count) for one in states} | (outside or set())
            outside = None
        elif item.kind == "word":
            going = {replace(one, count=one.count + 1) for one in states if _goes(said, one, item)}
            states = going | (states if item.is_optional else set())
        elif outside is not None:
            outside |= {_State(one.count) for one in states if one.count > one.entered}
        elif any(one.count == len(said) for one in states):
            return True
    return any(one.count == len(said) for one in states)


def _goes(said: Sequence[str], state: _State, item: _Item) -> bool:
    return state.count < len(said) and said[state.count] in (item.word, item.word.lstrip("+"))
