"""Rows as parts of a whole: named sizes above zero, the smallest added up to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from quintet_server.services.amdahl.rendering.charts.figure import NO_ROWS, Nothing
from quintet_server.services.amdahl.rendering.charts.series import rows_of
from quintet_server.services.amdahl.rendering.values import name, number, title_of


class Part(NamedTuple):
    """One part."""

    label: str
    value: float


class Parts(NamedTuple):
    """Parts as the query ordered them, their sum, and what was left out."""

    parts: list[Part]
    total: float
    notes: list[str]


def parts_of(props: Mapping[str, Any], most: int, *, by_size: bool = True) -> Parts | Nothing:
    """At most `most` parts. `by_size`: biggest first, the rest as "n others"; else as they come."""
    rows = rows_of(props.get("data"))
    if not rows:
        return NO_ROWS
    label, value = str(props.get("label")), str(props.get("value"))
    found = [Part(name(row.get(label)), number(row.get(value)) or 0.0) for row in rows]
    parts = [part for part in found if part.value > 0]
    if not parts:
        return Nothing(f"None of the rows has a {title_of(value).lower()} above zero.")
    notes = []
    if len(parts) < len(found):
        notes.append(f"{len(found) - len(parts):,} without a size above zero left out.")
    total = sum(part.value for part in parts)
    if by_size:
        parts = sorted(parts, key=lambda part: -part.value)
        if len(parts) > most:
            rest = parts[most - 1 :]
            others = Part(f"{len(rest):,} others", sum(part.value for part in rest))
            parts = [*parts[: most - 1], others]
    elif len(parts) > most:
        notes.append(f"The first {most} of {len(parts):,} are shown.")
        parts = parts[:most]
    return Parts(parts, total, notes)


def share(value: float, total: float) -> str:
    """A share in percent; what is there is never 0%."""
    percent = 100 * value / total
    if percent >= 10:
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if percent >= 0.1 else "<0.1%"


def heading(props: Mapping[str, Any]) -> str:
    """`Amount by stage`."""
    value, label = str(props.get("value")), str(props.get("label"))
    return f"{title_of(value)} by {title_of(label).lower()}"


def told(found: Parts) -> str:
    """The parts in a sentence."""
    named = ", ".join(f"{p.label[:60]} {share(p.value, found.total)}" for p in found.parts[:8])
    return f"{len(found.parts)} parts: {named}."
