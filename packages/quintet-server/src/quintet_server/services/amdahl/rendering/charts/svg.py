"""Shapes of SVG as text. Numbers are written short; what the data says is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable

from quintet_server.services.amdahl.rendering.markup import escape

COLORS_COUNT = 8
"""Colours in the stylesheet, `--c0` to `--c7`; further series begin again."""


def n(value: float) -> str:
    """A coordinate with a tenth of a pixel."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def color(index: int) -> str:
    """The class of the n-th colour."""
    return f"c{index % COLORS_COUNT}"


def tooltip(text: str) -> str:
    """What a browser shows when the pointer rests on the shape around it."""
    return f"<title>{escape(text)}</title>"


def label(x: float, y: float, text: str, css: str = "", anchor: str = "") -> str:
    """Text at a point. `anchor` is `m` (middle) or `e` (end); `css` further classes."""
    classes = " ".join(filter(None, (css, f"a{anchor}" if anchor else "")))
    kind = f' class="{classes}"' if classes else ""
    return f'<text x="{n(x)}" y="{n(y)}"{kind}>{escape(text)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float, css: str = "g") -> str:
    """A straight line, of the grid unless `css` says otherwise."""
    return f'<line class="{css}" x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}"/>'


def shape(path: str, css: str, inside: str = "") -> str:
    """A path."""
    return f'<path class="{css}" d="{path}">{inside}</path>'


def circle(x: float, y: float, radius: float, css: str, inside: str = "") -> str:
    """A disc."""
    return f'<circle class="{css}" cx="{n(x)}" cy="{n(y)}" r="{n(radius)}">{inside}</circle>'


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """The path through points."""
    return "M" + "L".join(f"{n(x)} {n(y)}" for x, y in points)


def bar(x: float, y: float, width: float, height: float, end: str, radius: float = 3) -> str:
    """The path of a rectangle whose corners are round at its `end`: top, bottom, left, right."""
    r = min(radius, width / 2, height / 2)
    if r < 0.5 or not end:
        return f"M{n(x)} {n(y)}h{n(width)}v{n(height)}h{n(-width)}z"
    right, bottom = x + width, y + height
    tl, tr = end in {"top", "left"}, end in {"top", "right"}
    bl, br = end in {"bottom", "left"}, end in {"bottom", "right"}
    return (
        f"M{n(x)} {n(y + r * tl)}"
        + (f"q0 {n(-r)} {n(r)} {n(-r)}" if tl else "")
        + f"H{n(right - r * tr)}"
        + (f"q{n(r)} 0 {n(r)} {n(r)}" if tr else "")
        + f"V{n(bottom - r * br)}"
        + (f"q0 {n(r)} {n(-r)} {n(r)}" if br else "")
        + f"H{n(x + r * bl)}"
        + (f"q{n(-r)} 0 {n(-r)} {n(-r)}" if bl else "")
        + "z"
    )


def arc(cx: float, cy: float, outer: float, inner: float, start: float, end: float) -> str:
    """The path of a piece of a ring between two angles in radians, clockwise from the top."""
    if end - start >= math.tau - 1e-6:
        middle = start + math.pi
        return arc(cx, cy, outer, inner, start, middle) + arc(
            cx, cy, outer, inner, middle, start + math.tau - 1e-4
        )
    large = int(end - start > math.pi)
    ax, ay = around(cx, cy, outer, start)
    bx, by = around(cx, cy, outer, end)
    path = f"M{n(ax)} {n(ay)}A{n(outer)} {n(outer)} 0 {large} 1 {n(bx)} {n(by)}"
    if inner <= 0:
        return f"{path}L{n(cx)} {n(cy)}z"
    ax, ay = around(cx, cy, inner, end)
    bx, by = around(cx, cy, inner, start)
    return f"{path}L{n(ax)} {n(ay)}A{n(inner)} {n(inner)} 0 {large} 0 {n(bx)} {n(by)}z"


def around(cx: float, cy: float, radius: float, angle: float) -> tuple[float, float]:
    """The point at an angle, clockwise from the top."""
    return cx + radius * math.sin(angle), cy - radius * math.cos(angle)
