"""A statement as it is sent: PostgreSQL's text with numbered parameters, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Statement"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One SELECT.

    Attributes:
        values: one for each `$n`, as text; None is null.
        types: their types as PostgreSQL numbers them; 0 leaves it to where the parameter stands.
        spellings: output names as they were written, by the lower-case name used inside.
    """

    sql: str
    values: tuple[bytes | None, ...] = ()
    types: tuple[int, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
