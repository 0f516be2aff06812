"""Components that say something: texts, numbers, lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from amdahl.page import kinds
from amdahl.page.kinds import Takes
from amdahl.page.node import Node
from amdahl.page.queries import Cell, Query, Rows

__all__ = ["Badge", "Callout", "Heading", "List", "Markdown", "Stat", "StatRow", "Text"]

Tone = Literal["neutral", "positive", "warning", "negative"]
_TONE = kinds.choice("neutral", "positive", "warning", "negative")


class Heading(Node):
    """A heading of level 1 to 3; 2 if unsaid."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"text": kinds.text, "level": kinds.integer(1, 3)}
    needs = ("text",)

    def __init__(self, text: str | Cell, *, level: int | None = None) -> None:
        super().__init__(text=text, level=level)


class Text(Node):
    """A paragraph."""

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "text": kinds.text,
        "tone": kinds.choice("neutral", "muted", "positive", "warning", "negative"),
    }
    needs = ("text",)

    def __init__(
        self,
        text: str | Cell,
        *,
        tone: Literal["neutral", "muted", "positive", "warning", "negative"] | None = None,
    ) -> None:
        super().__init__(text=text, tone=tone)


class Markdown(Node):
    """A text in Markdown; never bound to data."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"body": kinds.plain}
    needs = ("body",)

    def __init__(self, body: str) -> None:
        super().__init__(body=body)


class Stat(Node):
    """One value, large.

    Args:
        label: What it is.
        value: A literal, or ``query.cell("field")``.
        format: ``"percent"`` takes 0.25 for 25 %.
        trend: How it changed.
        sparkline: A query whose rows are drawn small beside it.
        sparkline_field: Which of its columns.
    """

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "label": kinds.text,
        "value": kinds.scalar,
        "format": kinds.choice("number", "currency", "percent"),
        "trend": kinds.scalar,
        "sparkline": kinds.rows,
        "sparkline_field": kinds.field,
    }
    needs = ("value",)

    def __init__(
        self,
        label: str | Cell | None = None,
        *,
        value: str | float | bool | Cell,
        format: Literal["number", "currency", "percent"] | None = None,
        trend: str | float | Cell | None = None,
        sparkline: Query | Rows | str | None = None,
        sparkline_field: str | None = None,
    ) -> None:
        super().__init__(
            label=label,
            value=value,
            format=format,
            trend=trend,
            sparkline=sparkline,
            sparkline_field=sparkline_field,
        )


class StatRow(Node):
    """Values side by side."""

    __slots__ = ()
    inside = (Stat,)

    def __init__(self, *children: Stat) -> None:
        super().__init__(*children)


class Badge(Node):
    """A word in a frame."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"text": kinds.text, "tone": _TONE}
    needs = ("text",)

    def __init__(self, text: str | Cell, *, tone: Tone | None = None) -> None:
        super().__init__(text=text, tone=tone)


class Callout(Node):
    """A remark; its message stands inside, as a :class:`Text` for instance."""

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "title": kinds.text,
        "tone": kinds.choice("neutral", "positive", "warning"),
    }
    inside = (Node,)

    def __init__(
        self,
        *children: Node,
        title: str | Cell | None = None,
        tone: Literal["neutral", "positive", "warning"] | None = None,
    ) -> None:
        super().__init__(*children, title=title, tone=tone)


class List(Node):
    """Items one below the other.

    Args:
        items: Strings, or a query.
        field: Which column of the query; its first if unsaid.
        ordered: Whether they are numbered.
    """

    __slots__ = ()
    takes: ClassVar[Takes] = {"items": kinds.items, "field": kinds.field, "ordered": kinds.boolean}
    needs = ("items",)

    def __init__(
        self,
        items: Sequence[str] | Query | Rows,
        *,
        field: str | None = None,
        ordered: bool | None = None,
    ) -> None:
        super().__init__(items=items, field=field, ordered=ordered)
