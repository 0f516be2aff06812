"""A task in words, understood: what about, by what, when, of whom.

Deterministic: words of the vocabulary, time in words, and the values that the data hold. Where a
word fits several values ("Acme" of "Acme Labs" and "Acme Foods") the ask says so and decides
nothing. What is left over is what has to be searched for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

from quintet_server.services.amdahl.agent_work.asking.holdings import Holdings
from quintet_server.services.amdahl.agent_work.asking.mentions import Choice, find_mentions
from quintet_server.services.amdahl.agent_work.asking.vocabulary import (
    ASKING_WORDS,
    CHANNELS,
    DIMENSIONS,
    KNOWN_WORDS,
    STOP_WORDS,
    SUBJECT_OF,
    SUBJECTS,
    Subject,
    words_of,
)
from quintet_server.services.amdahl.agent_work.asking.windows import GRAINS, Window, find_window

__all__ = ["AUTO", "Ask", "follow_up", "topic_of", "understand"]

AUTO = "auto"
"""A grain that the length of the window decides."""
_TERMS_MAX_COUNT = 6

_DELIVERABLE = re.compile(
    r"\b(?:write|draft|compose|create|prepare|make|produce|publish)\s+"
    r"(?:(?:an?|the|me|us|our|short|brief|long|new)\s+)*"
    r"(?:linkedin|blog|e-?mail|newsletter|research|status)?\s*"
    r"(?:posts?|article|newsletter|e-?mail|report|summary|memo|piece|blog|brief|page|update)\b"
    r"(?:\s+(?:about|on|for|of))?",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:(?:please|find out|research|analy[sz]e|investigate|summari[sz]e|about|on|for)\s+)+",
    re.IGNORECASE,
)
# "Who should I call": something to do, not the channel.
_TO_DO = re.compile(
    r"(\b(?:should|shall|must|can|could|to)(?: (?:i|we))?) "
    r"(?:call|e-?mail|chat|meet)\b(?! (?:with|from)\b)",
    re.IGNORECASE,
)
_AT_RISK = re.compile(r"\bat risk(?: of \w+)?|\bchurn(?:s|ed|ing)?\b", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:list|name|which)\s+(?:[\w-]+\s+){0,3}deals\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“]([^\"”]{2,60})[\"”]")
# "What do they say about quality": then it is what to search for.
_SPOKEN_OF = re.compile(
    r"\b(?:say|says|said|saying|think|feel|feedback|quotes?|compl\w+|(?:un)?happy|worried|talk\w*)"
    r"\s+(?:about|on|of|regarding|concerning|with)\s+(?:(?:the|our|your|their)\s+)?(\w+)",
    re.IGNORECASE,
)
_TOP = re.compile(r"\b(?:top|best|biggest|largest|first)\s+(\d{1,2})\b", re.IGNORECASE)
_RATE = re.compile(r"\b(?:win|loss|closing|close|success|conversion) rates?\b", re.IGNORECASE)
_SIZES = frozenset(("biggest", "largest", "smallest", "top"))
_TOP_COUNT = 5
_COUNTING = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b", re.IGNORECASE)
_OVER_TIME = re.compile(
    r"\bover time\b|\btrends?\b|\bdevelop|\bevol|\bchang(?:e|ed|ing)\b"
    r"|\b(?:improv|worsen|declin|grow|increas|decreas)ing\b",
    re.IGNORECASE,
)
_GRAIN = re.compile(rf"\b(?:by|per|each|every)\s+({'|'.join(GRAINS)})s?\b", re.IGNORECASE)
_GRAIN_ADVERBS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
}
# How many words after it a cue can still mean: "by channel", "across all our channels".
_CUES = {
    "by": 2,
    "per": 2,
    "each": 2,
    "every": 2,
    "which": 2,
    "what": 1,
    "across": 3,
    "top": 3,
    "most": 3,
    "best": 2,
    "worst": 2,
    "between": 3,
    "compare": 3,
    "comparing": 3,
}
_BEHIND = frozenset(("breakdown", "mix", "split", "ranking", "wise", "distribution"))
_FOCUS = {"won": "won", "win": "won", "wins": "won", "winning": "won", "closed-won": "won"}
_FOCUS |= {"lost": "lost", "lose": "lost", "losing": "lost", "loss": "lost", "losses": "lost"}
_FOCUS |= {"open": "open", "pipeline": "open", "forecast": "open"}
# Money that is earned, not merely named.
_EARNED = frozenset(("revenue", "bookings", "sales"))
_AMOUNT = _EARNED - {"sales"} | {"amount", "amounts", "value", "worth", "biggest", "largest"}
_NEGATIVE = frozenset(
    [
        "negative",
        "unhappy",
        "worst",
        "dissatisfied",
        "complaint",
        "complaints",
        "complain",
        "concern",
        "concerns",
        "objection",
        "objections",
        "worried",
        "angry",
        "frustrated",
        "upset",
        "pain",
    ]
)
_POSITIVE = frozenset(("positive", "happy", "happiest", "satisfied", "praise"))
_ASCENDING = frozenset(("worst", "lowest", "fewest", "least", "unhappiest", "smallest", "quiet"))
_ELLIPSIS = re.compile(
    r"^\s*(?:and|or|what about|how about|now|only|same|but|just|also|by|per|for)\b", re.IGNORECASE
)
_SPEAKS_MOST = re.compile(
    r"\bwho\s+(?:\w+\s+)?(?:speaks?|spoke|talks?|talked|writes?|wrote)\b"
    r".*\b(?:most|least|often|frequently|more)\b"
    r"|\bwho\s+(?:is|are)\s+speaking\b.*\b(?:most|often)\b",
    re.IGNORECASE,
)
_SPEAKING = frozenset(
    ("speak", "speaks", "speaking", "spoke", "write", "writes", "wrote", "talked")
)
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_UNDERSTOOD_SHARE = 1 / 3
_SCORE_WORDS = frozenset(("score", "scores", "scoring"))


@dataclass(frozen=True, slots=True)
class Ask:
    """What a task asks for.

    Attributes:
        subjects: what about; empty when no word says it.
        dimensions: columns to break down by, in the order of the task.
        grain: of time to break down by; AUTO for one that fits, None for no breakdown.
        filters: column → values, one of which has to hold.
        focus: deals that are `won`, `lost` or `open`; None for all.
        by_amount: whether deals are weighed by money, `by_rate`: by the share that is won.
        is_any_worth: whether every amount counts, whatever became of the deal.
        is_told_by_words: whether no score tells the mood, so that the texts have to.
        is_unread: whether too few of the words are understood: another language, or no sense.
        valence: -1 for bad news, 1 for good ones, 0 for either.
        terms: words to search for.
        choices: words that fit several values.
    """

    text: str
    subjects: tuple[Subject, ...] = ()
    dimensions: tuple[str, ...] = ()
    grain: str | None = None
    window: Window | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    focus: str | None = None
    by_amount: bool = False
    by_rate: bool = False
    is_any_worth: bool = False
    is_told_by_words: bool = False
    is_unread: bool = False
    valence: int = 0
    top: int | None = None
    ascending: bool = False
    terms: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()

    def decided(self, choice: Choice, values: tuple[str, ...]) -> Ask:
        """The same ask once one of the choices is made."""
        chosen = tuple(dict.fromkeys((*self.filters.get(choice.column, ()), *values)))
        filters = {**self.filters, choice.column: chosen}
        left = tuple(one for one in self.choices if one != choice)
        return replace(self, filters=filters, choices=left)

    def about(self) -> tuple[Subject, ...]:
        """The subjects, with what is meant when no word says it."""
        if self.subjects:
            return self.subjects
        if self.terms and not self.filters:
            return ("voices", "activity", "sentiment")
        return ("activity", "sentiment", "deals", "voices")

    def as_json(self) -> dict[str, Any]:
        """As results and later turns of a conversation keep it."""
        shown = asdict(self)
        if self.window is not None:
            shown["window"] = {
                "from": self.window.start.isoformat(),
                "to": self.window.end.isoformat(),
                "words": self.window.words,
            }
        shown["filters"] = {column: list(values) for column, values in self.filters.items()}
        return shown


def understand(text: str, held: Holdings) -> Ask:
    """Read a task with the data at hand."""
    told = _DELIVERABLE.sub(" ", text)
    window, rest = find_window(told, held.now)
    filters, choices, rest = find_mentions(_TO_DO.sub(r"\1", rest), held)
    rest = _AT_RISK.sub(" unhappy ", rest)  # what the data know of it is the sentiment
    quoted = tuple(found.lower() for found in _QUOTED.findall(rest))
    words = [word.lower() for word in words_of(rest)]
    channels = [CHANNELS[w] for w in words if w in CHANNELS and CHANNELS[w] in held.of("channel")]
    if channels:
        filters["channel"] = tuple(dict.fromkeys(channels))
    valence = (1 if _POSITIVE & {*words} else 0) - (1 if _NEGATIVE & {*words} else 0)
    speaks_most = _SPEAKS_MOST.search(rest) is not None
    dimensions = ["speaker_name"] if speaks_most else _dimensions(words)
    dimensions = [_held_speaker(name, held) for name in dimensions]
    dimensions += [name for name, values in filters.items() if len(values) > 1]
    subjects = _subjects(words, valence)
    focus, by_amount = _focus(words), not _AMOUNT.isdisjoint(words)
    top = _TOP.search(rest)
    named = [word for word in _terms(words) if not (speaks_most and word in _SPEAKING)]
    terms = tuple(dict.fromkeys((*quoted, *_spoken_of(rest), *named)))
    is_ranked = not _SIZES.isdisjoint(words) or (
        not dimensions and _LISTED.search(rest) is not None
    )
    return Ask(
        text=text,
        subjects=subjects or (("activity",) if speaks_most or _COUNTING.search(rest) else ()),
        dimensions=tuple(dict.fromkeys(dimensions)),
        grain=_grain(rest, words),
        window=window,
        filters=filters,
        focus=focus,
        by_amount=by_amount,
        is_any_worth=by_amount and focus is None and _EARNED.isdisjoint(words),
        is_told_by_words=_is_told_by_words(valence, subjects, held),
        is_unread=window is None and not filters and not choices and _is_unread(told),
        by_rate=_RATE.search(rest) is not None,
        valence=valence,
        top=int(top[1]) if top else _TOP_COUNT if is_ranked else None,
        ascending=not _ASCENDING.isdisjoint(words),
        terms=terms[:_TERMS_MAX_COUNT],
        choices=choices,
    )


def topic_of(task: str) -> str:
    """What a task is about, without the words that say what to make of it."""
    topic = " ".join(_DELIVERABLE.sub(" ", task).split()).strip(" ,.:;")
    return _LEADING.sub("", topic).strip(" ,.:;")


def follow_up(ask: Ask, earlier: Ask | None) -> Ask:
    """An ask in the light of the one before: "and by month?" goes on with its subject.

    It goes on when it begins like the middle of a sentence or names no subject; what it does say
    replaces what was said.
    """
    says_little = not ask.subjects and not ask.terms
    if earlier is None or not (_ELLIPSIS.match(ask.text) or says_little):
        return ask
    says_how = bool(ask.dimensions or ask.grain)
    return replace(
        ask,
        subjects=ask.subjects or earlier.subjects,
        dimensions=ask.dimensions if says_how else earlier.dimensions,
        grain=ask.grain if says_how else earlier.grain,
        window=ask.window or earlier.window,
        filters={**earlier.filters, **ask.filters},
        focus=ask.focus or (None if ask.subjects else earlier.focus),
        by_amount=ask.by_amount or (not ask.subjects and earlier.by_amount),
        by_rate=ask.by_rate or (not ask.subjects and earlier.by_rate),
        is_any_worth=ask.is_any_worth or (not ask.subjects and earlier.is_any_worth),
        is_told_by_words=ask.is_told_by_words or (not ask.subjects and earlier.is_told_by_words),
        valence=ask.valence or (0 if ask.subjects else earlier.valence),
        terms=ask.terms or (() if ask.subjects else earlier.terms),
    )


def _held_speaker(column: str, held: Holdings) -> str:
    """Who speaks, as far as the data tell it."""
    known = (name for name in ("speaker_name", "contact_name", "speaker_type") if held.of(name))
    return next(known, column) if column == "speaker_name" else column


def _is_told_by_words(valence: int, subjects: Sequence[Subject], held: Holdings) -> bool:
    # Objections and concerns are looked for among all that was said.
    return bool(valence and held.interactions and not held.scored) and "voices" not in subjects


def _is_unread(text: str) -> bool:
    words = [word.lower().replace("’", "'") for word in _LETTERS.findall(text)]
    known = [word for word in words if word.partition("'")[0] in KNOWN_WORDS or word in _FOCUS]
    return bool(text.strip()) and len(known) <= len(words) * _UNDERSTOOD_SHARE


def _subjects(words: Sequence[str], valence: int) -> tuple[Subject, ...]:
    causes: dict[Subject, set[str]] = {}
    for word in words:
        for subject in SUBJECT_OF.get(word, ()):
            causes.setdefault(subject, set()).add(word)
    others = causes.keys() - {"activity"}
    if others and causes.get("activity", set()) <= CHANNELS.keys():
        causes.pop("activity", None)  # "sentiment on calls" is not about the number of calls
    if "sentiment" in causes and causes.get("qualification", set()) <= _SCORE_WORDS:
        causes.pop("qualification", None)
    if valence and "deals" not in causes:
        causes.setdefault("sentiment", set())
    return tuple(subject for subject in _by_first_word(causes, words) if subject in SUBJECTS)


def _by_first_word(causes: Mapping[Subject, set[str]], words: Sequence[str]) -> list[Subject]:
    def place(subject: Subject) -> int:
        return min((words.index(word) for word in causes[subject]), default=len(words))

    return sorted(causes, key=place)


def _focus(words: Sequence[str]) -> str | None:
    """The one status that is asked about; "won and lost" asks about both."""
    named = {_FOCUS[word] for word in words if word in _FOCUS}
    return named.pop() if len(named) == 1 and not {"rate", "rates"} & {*words} else None


def _dimensions(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    reach = 0
    for place, word in enumerate(words):
        column = DIMENSIONS.get(word)
        behind = words[place + 1] if place + 1 < len(words) else ""
        # "What customers say" does not ask for a list of them; "what channels" does.
        is_speaker = column == "company_name" and place > 0 and words[place - 1] == "what"
        if column and not is_speaker and (reach > 0 or behind in _BEHIND):
            found.append(column)
            reach = 3  # "by channel and owner"
        reach = max(reach - 1, _CUES.get(word, 0))
        if word == "and" and found:
            reach = max(reach, 1)
    return found


def _grain(text: str, words: Sequence[str]) -> str | None:
    match = _GRAIN.search(text)
    if match:
        return match[1].lower()
    for word in words:
        if word in _GRAIN_ADVERBS:
            return _GRAIN_ADVERBS[word]
    # "by channel and month": the second of a list.
    for before, word in pairwise(words):
        if before == "and" and word.removesuffix("s") in GRAINS:
            return word.removesuffix("s")
    return AUTO if _OVER_TIME.search(text) else None


def _spoken_of(text: str) -> list[str]:
    """Words of asking that are meant as what somebody speaks of."""
    found = (word.lower() for word in _SPOKEN_OF.findall(text))
    return [word for word in found if word in ASKING_WORDS and word not in _NEGATIVE]


def _terms(words: Sequence[str]) -> list[str]:
    return [
        word
        for word in words
        if word not in STOP_WORDS
        and word.partition("'")[0] not in STOP_WORDS  # "what's"
        and word not in DIMENSIONS
        and word not in SUBJECT_OF
        and word not in CHANNELS
        and word not in _FOCUS
        and len(word) > 2
        and not word[0].isdigit()
    ]
