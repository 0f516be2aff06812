"""Components that arrange others."""

from __future__ import annotations

from typing import ClassVar, Literal

from amdahl.page import kinds
from amdahl.page.kinds import Takes
from amdahl.page.node import Node
from amdahl.page.queries import Cell

__all__ = ["Card", "Divider", "Grid", "Row", "Section", "Spacer"]

Gap = Literal["none", "sm", "md", "lg"]
_GAP = kinds.choice("none", "sm", "md", "lg")


class Section(Node):
    """A part of the page, with a title."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"title": kinds.text, "description": kinds.text}
    inside = (Node,)

    def __init__(
        self,
        *children: Node,
        title: str | Cell | None = None,
        description: str | Cell | None = None,
    ) -> None:
        super().__init__(*children, title=title, description=description)


class Row(Node):
    """Components side by side."""

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "gap": _GAP,
        "align": kinds.choice("start", "center", "end", "stretch"),
    }
    inside = (Node,)

    def __init__(
        self,
        *children: Node,
        gap: Gap | None = None,
        align: Literal["start", "center", "end", "stretch"] | None = None,
    ) -> None:
        super().__init__(*children, gap=gap, align=align)


class Grid(Node):
    """Components in columns, 1 to 12; two if unsaid."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"columns": kinds.integer(1, 12), "gap": _GAP}
    inside = (Node,)

    def __init__(self, *children: Node, columns: int | None = None, gap: Gap | None = None) -> None:
        super().__init__(*children, columns=columns, gap=gap)


class Card(Node):
    """Components in a frame."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"title": kinds.text, "subtitle": kinds.text}
    inside = (Node,)

    def __init__(
        self,
        *children: Node,
        title: str | Cell | None = None,
        subtitle: str | Cell | None = None,
    ) -> None:
        super().__init__(*children, title=title, subtitle=subtitle)


class Divider(Node):
    """A line."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()


class Spacer(Node):
    """Empty space."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"size": kinds.choice("sm", "md", "lg")}

    def __init__(self, size: Literal["sm", "md", "lg"] | None = None) -> None:
        super().__init__(size=size)
