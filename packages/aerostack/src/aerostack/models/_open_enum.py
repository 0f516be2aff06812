"""Enumerations that grow: a value that this version does not know is kept, not refused."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["OpenEnum"]


class OpenEnum(str, Enum):
    """A string enumeration in which an unknown value becomes a member of its own.

    Such a member equals its string and has ``value`` and ``name`` like any other; it is not listed
    when iterating over the class.
    """

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    def __str__(self) -> str:
        return str(self.value)
