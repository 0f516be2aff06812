"""The catalog: every component a page can be made of, with its props and what may stand inside.

29 of them: 6 for layout, 8 for content, 14 that show data, and Custom. The verifier refuses what is
not written here; the renderer draws from the same table. Names of components, and the props the
vendor's texts attest, are theirs; the other props are our decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

__all__ = ["CATALOG", "COLUMN_FORMATS", "LAYOUTS", "Component", "Kind", "Prop"]

LAYOUTS = ("dashboard", "single", "document")
COLUMN_FORMATS = ("text", "number", "currency", "percent", "date", "datetime")


class Kind(StrEnum):
    """What a prop takes. A `$value` binding stands for one cell, a `$query` binding for rows."""

    TEXT = "text"
    """A string or `$value`."""
    PLAIN = "plain"
    """A string, never bound to data."""
    SCALAR = "scalar"
    """A string, number, boolean or null, or `$value`."""
    CHOICE = "choice"
    """One of `choices`."""
    INTEGER = "integer"
    """A whole number from `minimum` to `maximum`."""
    NUMBER = "number"
    """A number, or `$value`."""
    BOOLEAN = "boolean"
    ROWS = "rows"
    """`$query`: the rows of a declared query, with the columns named by `columns`."""
    FIELD = "field"
    """The name of a column of the rows in the prop `of`."""
    FIELDS = "fields"
    """One such name, or a list of them that is not empty."""
    COLUMNS = "columns"
    """A list of names of columns, or of `{"key", "label"?, "format"?}`."""
    ITEMS = "items"
    """A list of strings, or `$query`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """One prop of a component; `default` is what the renderer takes when it is missing."""

    kind: Kind
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    of: str | None = None
    columns: tuple[tuple[str, ...], ...] = ()
    """Of `rows`: the columns they must have; of several names in one place, any will do."""


Group = Literal["layout", "content", "data-viz", "custom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component. `children`: anything, nothing, or only these."""

    name: str
    group: Group
    props: Mapping[str, Prop] = field(default_factory=dict)
    children: Literal["any", "none"] | tuple[str, ...] = "none"
    any_of: tuple[str, ...] = ()
    """Props of which at least one must be there."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to do instead of a prop that is a likely mistake."""


_REQUIRED_TEXT = Prop(kind=Kind.TEXT, required=True)
_TEXT = Prop(kind=Kind.TEXT)
_BOOLEAN = Prop(kind=Kind.BOOLEAN, default=False)
_ROWS = Prop(kind=Kind.ROWS, required=True)
_FIELD = Prop(kind=Kind.FIELD, of="data")
_REQUIRED_FIELD = Prop(kind=Kind.FIELD, of="data", required=True)
_FIELDS = Prop(kind=Kind.FIELDS, of="data")
_REQUIRED_FIELDS = Prop(kind=Kind.FIELDS, of="data", required=True)
_NUMBER = Prop(kind=Kind.NUMBER)


def _choice(*choices: str, default: str | None = None) -> Prop:
    return Prop(kind=Kind.CHOICE, choices=choices, default=default or choices[0])


def _integer(minimum: int, maximum: int, default: int | None) -> Prop:
    return Prop(kind=Kind.INTEGER, minimum=minimum, maximum=maximum, default=default)


_GAP = _choice("none", "sm", "md", "lg", default="md")
_TONE = _choice("neutral", "positive", "warning", "negative")
_CALLOUT_TONE = _choice("neutral", "positive", "warning")
_TEXT_TONE = _choice("neutral", "muted", "positive", "warning", "negative")
_SERIES = {
    "data": _ROWS,
    "x": _REQUIRED_FIELD,
    "y": _REQUIRED_FIELDS,
    "series": _FIELD,
    "stacked": _BOOLEAN,
}
_PARTS = {"data": _ROWS, "label": _REQUIRED_FIELD, "value": _REQUIRED_FIELD}
# Percent is of a fraction: 0.25 reads 25 %.
_STAT = {
    "label": _TEXT,
    "value": Prop(kind=Kind.SCALAR, required=True),
    "format": _choice("number", "currency", "percent"),
    "trend": Prop(kind=Kind.SCALAR),
    "sparkline": Prop(kind=Kind.ROWS),
    "sparkline_field": Prop(kind=Kind.FIELD, of="sparkline"),
}


def _layout() -> tuple[Component, ...]:
    align = _choice("start", "center", "end", "stretch", default="stretch")
    columns = _integer(1, 12, default=2)
    return (
        Component(
            name="Section",
            group="layout",
            props={"title": _TEXT, "description": _TEXT},
            children="any",
        ),
        Component(name="Row", group="layout", props={"gap": _GAP, "align": align}, children="any"),
        Component(
            name="Grid", group="layout", props={"columns": columns, "gap": _GAP}, children="any"
        ),
        Component(
            name="Card",
            group="layout",
            props={"title": _TEXT, "subtitle": _TEXT},
            children="any",
        ),
        Component(name="Divider", group="layout"),
        Component(
            name="Spacer", group="layout", props={"size": _choice("sm", "md", "lg", default="md")}
        ),
    )


def _content() -> tuple[Component, ...]:
    body = Prop(kind=Kind.PLAIN, required=True)
    items = Prop(kind=Kind.ITEMS, required=True)
    return (
        Component(
            name="Heading",
            group="content",
            props={"text": _REQUIRED_TEXT, "level": _integer(1, 3, default=2)},
        ),
        Component(name="Text", group="content", props={"text": _REQUIRED_TEXT, "tone": _TEXT_TONE}),
        Component(
            name="Markdown",
            group="content",
            props={"body": body},
            hints={"text": "the text of a Markdown goes into body"},
        ),
        Component(name="Stat", group="content", props=_STAT),
        Component(name="StatRow", group="content", children=("Stat",)),
        Component(name="Badge", group="content", props={"text": _REQUIRED_TEXT, "tone": _TONE}),
        Component(
            name="Callout",
            group="content",
            props={"title": _TEXT, "tone": _CALLOUT_TONE},
            children="any",
            hints={"text": "the message of a Callout goes into a child, such as a Text"},
        ),
        Component(
            name="List",
            group="content",
            props={
                "items": items,
                "field": Prop(kind=Kind.FIELD, of="items"),
                "ordered": _BOOLEAN,
            },
        ),
    )


def _data() -> tuple[Component, ...]:
    columns = Prop(kind=Kind.COLUMNS, of="data")
    table = {
        "data": _ROWS,
        "columns": columns,
        "limit": _integer(1, 1000, default=None),
        "empty_text": _TEXT,
    }
    flows = (("source",), ("target",), ("value",))
    sankey = {
        "nodes": Prop(kind=Kind.ROWS, required=True, columns=(("id", "name"),)),
        "links": Prop(kind=Kind.ROWS, required=True, columns=flows),
    }
    gauge = {
        "value": Prop(kind=Kind.SCALAR, required=True),
        "min": Prop(kind=Kind.NUMBER, default=0),
        "max": Prop(kind=Kind.NUMBER, default=100),
        "target": _NUMBER,
        "label": _TEXT,
    }
    points = {"x": _FIELD, "y": _FIELD, "label": _FIELD, "size": _FIELD}
    scatter = {**points, "x": _REQUIRED_FIELD, "y": _REQUIRED_FIELD}
    composed = {"data": _ROWS, "x": _REQUIRED_FIELD, "bars": _FIELDS, "lines": _FIELDS}
    radar = {"data": _ROWS, "label": _REQUIRED_FIELD, "value": _REQUIRED_FIELDS}
    insight = {"title": _TEXT, "body": _REQUIRED_TEXT, "tone": _TONE}
    found: dict[str, Mapping[str, Prop]] = {
        "Table": table,
        "BarChart": {**_SERIES, "horizontal": _BOOLEAN},
        "LineChart": _SERIES,
        "AreaChart": _SERIES,
        "ScatterChart": {"data": _ROWS, **scatter},
        "ComposedChart": composed,
        "PieChart": _PARTS,
        "FunnelChart": _PARTS,
        "Treemap": _PARTS,
        "RadarChart": radar,
        "GaugeChart": gauge,
        "Sankey": sankey,
        "SignalMap": {"data": _ROWS, **points},
        "Insight": insight,
    }
    any_of = {"ComposedChart": ("bars", "lines")}
    return tuple(
        Component(name=name, group="data-viz", props=props, any_of=any_of.get(name, ()))
        for name, props in found.items()
    )


# Its code is kept and handed to whoever may run it in a sandbox; the server never does.
_CUSTOM = Component(
    name="Custom",
    group="custom",
    props={
        "code": Prop(kind=Kind.PLAIN, required=True),
        "data": Prop(kind=Kind.ROWS),
        "height": _integer(1, 4000, default=320),
    },
)

CATALOG: Mapping[str, Component] = {
    component.name: component for component in (*_layout(), *_content(), *_data(), _CUSTOM)
}
