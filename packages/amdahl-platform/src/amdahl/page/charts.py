"""Components that show data; ``data`` is a query, or the name of one that the page declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from amdahl.errors import MisuseError
from amdahl.page import kinds
from amdahl.page.kinds import Takes
from amdahl.page.node import Node
from amdahl.page.queries import Cell, Query, Rows

__all__ = [
    "AreaChart",
    "BarChart",
    "ComposedChart",
    "Custom",
    "DataNode",
    "FunnelChart",
    "GaugeChart",
    "Insight",
    "LineChart",
    "PieChart",
    "RadarChart",
    "Sankey",
    "ScatterChart",
    "SignalMap",
    "Table",
    "Treemap",
]

_SERIES = {
    "data": kinds.rows,
    "x": kinds.field,
    "y": kinds.fields,
    "series": kinds.field,
    "stacked": kinds.boolean,
}
_PARTS = {"data": kinds.rows, "label": kinds.field, "value": kinds.field}
_POINTS = {
    "data": kinds.rows,
    "x": kinds.field,
    "y": kinds.field,
    "size": kinds.field,
    "label": kinds.field,
}


class DataNode(Node):
    """A component that shows data: what a page of the layout ``"single"`` may be."""

    __slots__ = ()


class Table(DataNode):
    """Rows as a table.

    Args:
        data: The query.
        columns: Names, or mappings with ``key``, ``label`` and ``format``; all if unsaid.
        limit: Rows at most, 1 to 1000.
        empty_text: What to say if there are none.
    """

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "data": kinds.rows,
        "columns": kinds.columns,
        "limit": kinds.integer(1, 1000),
        "empty_text": kinds.text,
    }
    needs = ("data",)

    def __init__(
        self,
        data: Query | Rows | str,
        *,
        columns: Sequence[str | Mapping[str, str]] | None = None,
        limit: int | None = None,
        empty_text: str | Cell | None = None,
    ) -> None:
        super().__init__(data=data, columns=columns, limit=limit, empty_text=empty_text)


class BarChart(DataNode):
    """Bars: ``x`` names the column of the groups, ``y`` one or several of their sizes."""

    __slots__ = ()
    takes: ClassVar[Takes] = {**_SERIES, "horizontal": kinds.boolean}
    needs = ("data", "x", "y")

    def __init__(
        self,
        data: Query | Rows | str,
        *,
        x: str,
        y: str | Sequence[str],
        series: str | None = None,
        stacked: bool | None = None,
        horizontal: bool | None = None,
    ) -> None:
        super().__init__(data=data, x=x, y=y, series=series, stacked=stacked, horizontal=horizontal)


class LineChart(DataNode):
    """Lines over ``x``, one per column in ``y``, or one per value of ``series``."""

    __slots__ = ()
    takes: ClassVar[Takes] = _SERIES
    needs = ("data", "x", "y")

    def __init__(
        self,
        data: Query | Rows | str,
        *,
        x: str,
        y: str | Sequence[str],
        series: str | None = None,
        stacked: bool | None = None,
    ) -> None:
        super().__init__(data=data, x=x, y=y, series=series, stacked=stacked)


class AreaChart(DataNode):
    """Areas over ``x``; see :class:`LineChart`."""

    __slots__ = ()
    takes: ClassVar[Takes] = _SERIES
    needs = ("data", "x", "y")

    def __init__(
        self,
        data: Query | Rows | str,
        *,
        x: str,
        y: str | Sequence[str],
        series: str | None = None,
        stacked: bool | None = None,
    ) -> None:
        super().__init__(data=data, x=x, y=y, series=series, stacked=stacked)


class ScatterChart(DataNode):
    """A point per row, of a size and with a label if their columns are named."""

    __slots__ = ()
    takes: ClassVar[Takes] = _POINTS
    needs = ("data", "x", "y")

    def __init__(
        self,
        data: Query | Rows | str,
        *,
        x: str,
        y: str,
        size: str | None = None,
        label: str | None = None,
    ) -> None:
        super().__init__(data=data, x=x, y=y, size=size, label=label)


class ComposedChart(DataNode):
    """Bars and lines over the same ``x``; at least one of them."""

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "data": kinds.rows,
        "x": kinds.field,
        "bars": kinds.fields,
        "lines": kinds.fields,
    }
    needs = ("data", "x")

    def __init__(
        self,
        data: Query | Rows | str,
        *,
        x: str,
        bars: str | Sequence[str] | None = None,
        lines: str | Sequence[str] | None = None,
    ) -> None:
        if bars is None and lines is None:
            raise MisuseError(message="ComposedChart needs bars or lines")
        super().__init__(data=data, x=x, bars=bars, lines=lines)


class _Parts(DataNode):
    __slots__ = ()
    takes: ClassVar[Takes] = _PARTS
    needs = ("data", "label", "value")

    def __init__(self, data: Query | Rows | str, *, label: str, value: str) -> None:
        super().__init__(data=data, label=label, value=value)


class PieChart(_Parts):
    """Parts of a whole: the columns of their names and sizes."""

    __slots__ = ()


class FunnelChart(_Parts):
    """Stages that grow smaller: the columns of their names and sizes."""

    __slots__ = ()


class Treemap(_Parts):
    """Areas in proportion: the columns of their names and sizes."""

    __slots__ = ()


class RadarChart(DataNode):
    """Spokes: the column of their names, and one or several of their lengths."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"data": kinds.rows, "label": kinds.field, "value": kinds.fields}
    needs = ("data", "label", "value")

    def __init__(self, data: Query | Rows | str, *, label: str, value: str | Sequence[str]) -> None:
        super().__init__(data=data, label=label, value=value)


class GaugeChart(DataNode):
    """One value between two bounds, 0 and 100 if unsaid."""

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "value": kinds.scalar,
        "min": kinds.number,
        "max": kinds.number,
        "target": kinds.number,
        "label": kinds.text,
    }
    needs = ("value",)

    def __init__(
        self,
        value: str | float | Cell,
        *,
        min: float | Cell | None = None,  # noqa: A002 - the service's name
        max: float | Cell | None = None,  # noqa: A002 - the service's name
        target: float | Cell | None = None,
        label: str | Cell | None = None,
    ) -> None:
        super().__init__(value=value, min=min, max=max, target=target, label=label)


class Sankey(DataNode):
    """Flows: ``nodes`` has their ends, ``links`` the columns source, target and value."""

    __slots__ = ()
    takes: ClassVar[Takes] = {"nodes": kinds.rows, "links": kinds.rows}
    needs = ("nodes", "links")

    def __init__(self, nodes: Query | Rows | str, links: Query | Rows | str) -> None:
        super().__init__(nodes=nodes, links=links)


class SignalMap(DataNode):
    """A map of what is alike, a point per row."""

    __slots__ = ()
    takes: ClassVar[Takes] = _POINTS
    needs = ("data",)

    def __init__(
        self,
        data: Query | Rows | str,
        *,
        x: str | None = None,
        y: str | None = None,
        label: str | None = None,
        size: str | None = None,
    ) -> None:
        super().__init__(data=data, x=x, y=y, label=label, size=size)


class Insight(DataNode):
    """A finding, in words."""

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "title": kinds.text,
        "body": kinds.text,
        "tone": kinds.choice("neutral", "positive", "warning", "negative"),
    }
    needs = ("body",)

    def __init__(
        self,
        body: str | Cell,
        *,
        title: str | Cell | None = None,
        tone: Literal["neutral", "positive", "warning", "negative"] | None = None,
    ) -> None:
        super().__init__(title=title, body=body, tone=tone)


class Custom(Node):
    """Code for a sandbox; only keys with ``pages:admin`` may send it.

    Args:
        code: The code.
        data: Rows for it.
        height: Pixels, 1 to 4000.
    """

    __slots__ = ()
    takes: ClassVar[Takes] = {
        "code": kinds.plain,
        "data": kinds.rows,
        "height": kinds.integer(1, 4000),
    }
    needs = ("code",)

    def __init__(
        self, code: str, *, data: Query | Rows | str | None = None, height: int | None = None
    ) -> None:
        super().__init__(code=code, data=data, height=height)
