"""Suggestions for misspelt names, without letting a thousand mistakes cost a thousand searches."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Final

MAX_SUGGESTIONS: Final = 20
"""Different misspelt names that are looked up; each is compared with every known one."""


def did_you_mean(given: object, known: Collection[str]) -> str:
    """` (did you mean 'x'?)` if one of the known words is near; else nothing."""
    if not isinstance(given, str):
        return ""
    folded = {word.lower(): word for word in known}
    near = difflib.get_close_matches(given.lower(), folded, 1, 0.7)
    return f" (did you mean '{folded[near[0]]}'?)" if near else ""


class Suggestions:
    """Suggestions out of one set of names; a name that is asked for again costs nothing."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._given: dict[str, str] = {}

    def near(self, given: str) -> str:
        """As `did_you_mean`; nothing once `MAX_SUGGESTIONS` names were looked up."""
        if given not in self._given:
            if len(self._given) >= MAX_SUGGESTIONS:
                return ""
            self._given[given] = did_you_mean(given, self._known)
        return self._given[given]
