"""Which values of the data a text speaks of: companies, people, deals, owners, stages.

A value counts as named when all of it is there. A single word of it ("Acme") counts when it fits
only one value of its field; when it fits several, that is a choice for whoever asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from quintet_server.services.amdahl.agent_work.asking.holdings import Holdings
from quintet_server.services.amdahl.agent_work.asking.vocabulary import (
    CHANNELS,
    DIMENSIONS,
    STOP_WORDS,
    SUBJECT_OF,
    words_of,
)

__all__ = ["Choice", "find_mentions"]

# Companies first: a deal is often called after one.
_NAMED = ("company_name", "owner", "contact_name", "deal_name")
_LABELLED = ("stage", "source_system")
_OPTIONS_MAX_COUNT = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """A word that fits several values of a column."""

    word: str
    column: str
    options: tuple[str, ...]


def find_mentions(
    text: str, held: Holdings
) -> tuple[dict[str, tuple[str, ...]], tuple[Choice, ...], str]:
    """Return column → the values named, the undecided words, and the text without either."""
    filters: dict[str, tuple[str, ...]] = {}
    for column in (*_NAMED, *_LABELLED):
        found, text = _whole(text, held.of(column), column in _LABELLED)
        if found:
            filters[column] = found
    choices: list[Choice] = []
    for column in _NAMED:
        if column == "deal_name" and (filters or choices):
            continue  # its name repeats the company's
        values = [value for value in held.of(column) if value not in filters.get(column, ())]
        for word in dict.fromkeys(words_of(text)):
            options = _fitting(word, values, column)
            if len(options) == 1:
                filters[column] = (*filters.get(column, ()), options[0])
            elif options:
                choices.append(Choice(word, column, options[:_OPTIONS_MAX_COUNT]))
            if options:
                text = _without(text, word)
    return filters, tuple(choices), text


def _whole(text: str, values: list[str], labelled: bool) -> tuple[tuple[str, ...], str]:
    found = []
    for value in sorted(values, key=len, reverse=True):
        if len(value) < 2 or (labelled and _is_ordinary(value)):
            continue
        pattern = rf"(?<!\w){re.escape(value)}(?:['’]s)?(?!\w)"
        left = re.sub(pattern, " ", text, flags=re.IGNORECASE)
        if left != text:
            found.append(value)
            text = left
    return tuple(found), text


def _fitting(word: str, values: list[str], column: str) -> tuple[str, ...]:
    """Values that begin with the word; of people also those that end with it."""
    plain = word.casefold().removesuffix("'s")
    if len(plain) < 3 or _is_ordinary(plain):
        return ()
    people = column in ("owner", "contact_name")
    fitting = []
    for value in values:
        parts = value.casefold().split()
        if parts and (plain == parts[0] or (people and plain == parts[-1])):
            fitting.append(value)
    return tuple(fitting)


def _is_ordinary(word: str) -> bool:
    lower = word.casefold()
    tables = (STOP_WORDS, DIMENSIONS, SUBJECT_OF, CHANNELS)
    return any(lower in table for table in tables)


def _without(text: str, word: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", text)
