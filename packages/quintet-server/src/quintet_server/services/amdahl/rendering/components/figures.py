"""The charts: a caption, the drawing at a few widths, a legend, small print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from quintet_server.services.amdahl.rendering.charts import (
    bars,
    composed,
    funnel,
    gauge,
    lines,
    pie,
    radar,
    sankey,
    scatter,
    signal_map,
    treemap,
)
from quintet_server.services.amdahl.rendering.charts.figure import Figure, LegendEntry, Nothing
from quintet_server.services.amdahl.rendering.charts.svg import color, n
from quintet_server.services.amdahl.rendering.components.sheet import Component, Node, Sheet
from quintet_server.services.amdahl.rendering.components.states import (
    cut,
    empty,
    failure_of,
    notes,
)
from quintet_server.services.amdahl.rendering.markup import element, escape

NARROW_PX, MIDDLE_PX = 340.0, 580.0
MIDDLE_FROM_PX, WIDE_FROM_PX = 430.0, 840.0
"""Where the stylesheet changes from one drawing to the next."""
MARKS_MAX_COUNT = 900
"""With more shapes than this, only one drawing is made: size matters more than small print."""

Draw = Callable[[Mapping[str, Any]], Figure | Nothing]


def chart(draw: Draw, sheet: Sheet, node: Node) -> str:
    """A chart, or what stands in its place."""
    failed = failure_of(node)
    if failed:
        return element("div", failed, class_="tile")
    figure = draw(node.props)
    if isinstance(figure, Nothing):
        return element("div", empty(figure.reason), class_="tile")
    css = "caption vh" if node.place.titled or figure.titled else "caption"
    caption = element("figcaption", escape(figure.title), class_=css, dir="auto")
    plot, legend = _plot(sheet, figure, node.place.width), _legend(figure.legend)
    if figure.legend_beside:
        inside = element("div", plot + legend, class_="around")
    else:
        inside = plot + legend
    told = notes([*figure.notes, *cut(node)])
    return element("figure", caption + inside + told, class_="tile chart")


def _plot(sheet: Sheet, figure: Figure, width: float) -> str:
    if figure.fixed_width is not None:
        drawn = _svg(sheet, figure, figure.fixed_width, fixed=True)
        return element("div", drawn, class_="round")
    if figure.marks > MARKS_MAX_COUNT:
        return element("div", _svg(sheet, figure, max(MIDDLE_PX, min(width, 1100))))
    widths = [("s", min(NARROW_PX, width)), ("m", MIDDLE_PX)]
    if MIDDLE_FROM_PX <= width < WIDE_FROM_PX:
        widths[1] = ("m", width)
    elif width >= WIDE_FROM_PX:
        widths.append(("l", width))
    drawn = "".join(_svg(sheet, figure, each, css) for css, each in widths)
    return element("div", drawn, class_="plot wide" if len(widths) == 3 else "plot")


def _svg(
    sheet: Sheet, figure: Figure, width: float, css: str | None = None, *, fixed: bool = False
) -> str:
    drawing = figure.draw(width)
    title, summary = sheet.new_id(), sheet.new_id()
    # A round drawing has its own size; the others fill their column.
    size = f' width="{n(drawing.width)}" height="{n(drawing.height)}"' if fixed else ""
    kind = f' class="{css}"' if css else (' class="fixed"' if fixed else "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{kind}{size} role="img" '
        f'viewBox="0 0 {n(drawing.width)} {n(drawing.height)}" '
        f'aria-labelledby="{title} {summary}">'
        f'<title id="{title}">{escape(figure.kind)}: {escape(figure.title)}</title>'
        f'<desc id="{summary}">{escape(figure.summary)}</desc>{drawing.shapes}</svg>'
    )


def _legend(entries: Any) -> str:
    return element("ul", "".join(map(_entry, entries)), class_="legend") if entries else ""


def _entry(entry: LegendEntry) -> str:
    key = f'<i class="key {color(entry.color)}" aria-hidden="true"></i>'
    what = element("span", escape(entry.label), class_="what", dir="auto")
    much = ""
    if entry.value:
        inside = f"{escape(entry.value)}<b>{escape(entry.share)}</b>"
        much = element("span", inside, class_="much")
    return element("li", key + what + much)


_CHARTS: Mapping[str, Draw] = {
    "BarChart": bars.figure,
    "LineChart": lines.line_figure,
    "AreaChart": lines.area_figure,
    "ScatterChart": scatter.figure,
    "ComposedChart": composed.figure,
    "PieChart": pie.figure,
    "FunnelChart": funnel.figure,
    "Treemap": treemap.figure,
    "RadarChart": radar.figure,
    "GaugeChart": gauge.figure,
    "Sankey": sankey.figure,
    "SignalMap": signal_map.figure,
}
COMPONENTS: Mapping[str, Component] = {name: partial(chart, draw) for name, draw in _CHARTS.items()}
