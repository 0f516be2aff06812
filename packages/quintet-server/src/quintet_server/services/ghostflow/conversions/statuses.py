"""The statuses of a conversion: networks' words for them, and what may follow what.

::

    pending ──► approved ──► rejected
       │            └──────► reversed
       └──────► rejected

Nothing ever leads back, so a conversion enters a status at most once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["STATUSES", "Status", "may_become", "read_word"]

Status = Literal["pending", "approved", "rejected", "reversed"]
STATUSES: tuple[Status, ...] = ("pending", "approved", "rejected", "reversed")
DEFAULT: Status = "approved"
"""Of a postback that names no status: most networks report what they pay for, and nothing else."""

_WORDS: dict[str, Status] = {
    **dict.fromkeys(("lead", "hold", "pending", "new"), "pending"),
    **dict.fromkeys(("sale", "approved", "approve", "confirmed", "paid", "1"), "approved"),
    **dict.fromkeys(
        ("rejected", "declined", "cancel", "canceled", "trash", "fake", "0"), "rejected"
    ),
    **dict.fromkeys(("chargeback", "refund", "reversed"), "reversed"),
}
_FOLLOWING: dict[str, tuple[str, ...]] = {
    "pending": ("approved", "rejected"),
    "approved": ("rejected", "reversed"),
}


def read_word(word: str | None, status_map: Mapping[str, str]) -> str:
    """The status that a network means by a word; its own map goes before the built-in words.

    A word that nobody knows is `pending`: nothing is paid for on a guess.
    """
    if word is None:
        return DEFAULT
    folded = word.strip().casefold()
    for own, status in status_map.items():
        if own.strip().casefold() == folded:
            return status
    return _WORDS.get(folded, "pending")


def may_become(old: str, new: str) -> bool:
    """Whether a conversion may go from one status to another; staying is allowed."""
    return old == new or new in _FOLLOWING.get(old, ())
