"""What a language model may say: sentences that state only what was computed.

A sentence passes when it says what one computed sentence says, word for word or nearly so (see
`claims`). The model may join and shorten; it may not put figures to another use, which a small one
does readily.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from quintet_server.services.amdahl.agent_work.asking.vocabulary import words_of
from quintet_server.services.amdahl.agent_work.writing.claims import (
    figure_count,
    is_of,
    tokens_of,
)

__all__ = ["completed", "is_grounded", "is_told"]

_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"”]))\s+(?=[A-Z0-9\"“])")
_MARKUP = re.compile(r"[*_`#>\[\]{}|]")
_SENTENCE_MAX_CHARS = 400
_WORDS_MIN_COUNT = 4


def completed(text: str) -> tuple[list[str], str]:
    """The sentences that are over, on one line each, and the beginning of the next.

    One is over when another begins behind it: a point within a number ends nothing.
    """
    *whole, rest = _END.split(text)
    return [line for part in whole if (line := " ".join(part.split()))], rest


def is_grounded(sentence: str, facts: Sequence[str]) -> bool:
    """Whether a model's sentence states only what one of the facts states."""
    if len(sentence) > _SENTENCE_MAX_CHARS or _MARKUP.search(sentence):
        return False
    if sentence[-1:] not in '.!”"' or len(words_of(sentence)) < _WORDS_MIN_COUNT:
        return False
    # A sentence without a figure could say anything of anybody.
    if not figure_count(tokens_of(sentence)):
        return False
    return any(is_of(sentence, one) for fact in facts for one in _sentences_of(fact))


def is_told(fact: str, said: Sequence[str]) -> bool:
    """Whether all figures of a computed text have been said of what they belong to."""
    return all(
        figure_count(tokens_of(one)) and any(_tells(sentence, one) for sentence in said)
        for one in _sentences_of(fact)
    )


def _tells(sentence: str, fact: str) -> bool:
    is_whole = figure_count(tokens_of(sentence)) == figure_count(tokens_of(fact))
    return is_whole and is_of(sentence, fact)


def _sentences_of(fact: str) -> list[str]:
    whole, rest = completed(fact)
    return [*whole, rest] if rest.strip() else whole
