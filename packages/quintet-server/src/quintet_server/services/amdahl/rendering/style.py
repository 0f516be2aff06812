"""The stylesheet of a page: colours for light and for dark, type, spacing, print.

One block within the document, for nothing may be fetched; the rules are in `page.css`. Colours are
variables, so that the same shapes are drawn for both schemes; every text keeps a contrast of 4.5 to
what lies behind it and every mark one of 3 (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

LIGHT: Mapping[str, str] = {
    "page": "#f5f6f9",
    "surface": "#ffffff",
    "raised": "#f5f7fa",
    "ink": "#171c28",
    "soft": "#3f4859",
    "muted": "#5c6678",
    "line": "#e1e5ec",
    "grid": "#e9ecf2",
    "axis": "#b3bbc9",
    "track": "#e6eaf1",
    "link": "#2456c4",
    "good": "#0b7a4b",
    "good-bg": "#e5f5ed",
    "warn": "#8f5400",
    "warn-bg": "#fdf1dc",
    "bad": "#b3261e",
    "bad-bg": "#fcebea",
    "shade": "0 1px 2px rgb(23 28 40/.05),0 2px 8px rgb(23 28 40/.04)",
    "c0": "#3366d6",
    "c1": "#0f9285",
    "c2": "#d9772b",
    "c3": "#8a56d8",
    "c4": "#d0466f",
    "c5": "#5b8f27",
    "c6": "#1a8bbd",
    "c7": "#7a8496",
}
DARK: Mapping[str, str] = {
    "page": "#0e1116",
    "surface": "#171b22",
    "raised": "#1e232c",
    "ink": "#e9ecf2",
    "soft": "#c3cad6",
    "muted": "#98a2b3",
    "line": "#2a303b",
    "grid": "#252b35",
    "axis": "#4d5666",
    "track": "#2a313d",
    "link": "#8db2ff",
    "good": "#5fd39b",
    "good-bg": "#12301f",
    "warn": "#f0b759",
    "warn-bg": "#33260f",
    "bad": "#ff8a80",
    "bad-bg": "#3a1a19",
    "shade": "none",
    "c0": "#6f9cf8",
    "c1": "#36bfae",
    "c2": "#f0a05a",
    "c3": "#b18cf7",
    "c4": "#f07a9c",
    "c5": "#8fc757",
    "c6": "#55b9e6",
    "c7": "#9aa4b5",
}

_PACKAGE = "quintet_server.services.amdahl.rendering"
_COLUMNS_MIN_PX = {1: 0, 2: 320, 3: 270, 4: 210, 5: 180, 6: 150}
_COLORS = "".join(f".c{index}{{--c:var(--c{index})}}" for index in range(8))


@lru_cache(maxsize=3)
def stylesheet(theme: str | None) -> str:
    """The whole style; `theme` is `light`, `dark`, or None for what the reader's system says."""
    if theme in {"light", "dark"}:
        chosen = LIGHT if theme == "light" else DARK
        scheme = f":root{{color-scheme:{theme};{_variables(chosen)}}}"
    else:
        scheme = (
            f":root{{color-scheme:light dark;{_variables(LIGHT)}}}"
            f"@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
        )
    paper = f"@media print{{:root{{color-scheme:light;{_variables(LIGHT)};--shade:none}}}}"
    columns = "".join(
        f".n{count}{{--n:{count};--min:{_COLUMNS_MIN_PX.get(count, 120)}px}}"
        for count in range(1, 13)
    )
    return scheme + paper + columns + _COLORS + _rules()


def _rules() -> str:
    """The file of rules without what only its readers need."""
    text = resources.files(_PACKAGE).joinpath("page.css").read_text("utf-8")
    return re.sub(r"\s*\n\s*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def _variables(colors: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colors.items())
