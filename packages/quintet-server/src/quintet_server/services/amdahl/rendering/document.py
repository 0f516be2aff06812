"""A page as a standalone HTML document: no script, nothing fetched, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quintet_server.services.amdahl.rendering.components import (
    content,
    figures,
    layout,
    stats,
    tables,
)
from quintet_server.services.amdahl.rendering.components.sheet import Component, Place, Sheet
from quintet_server.services.amdahl.rendering.components.states import no_room, unknown
from quintet_server.services.amdahl.rendering.markup import element, escape
from quintet_server.services.amdahl.rendering.outcome import Outcome
from quintet_server.services.amdahl.rendering.style import stylesheet
from quintet_server.services.amdahl.rendering.values import moment

if TYPE_CHECKING:
    from quintet_server.services.amdahl.pages.model import Page

COMPONENTS: Mapping[str, Component] = {
    **layout.COMPONENTS,
    **content.COMPONENTS,
    **stats.COMPONENTS,
    **tables.COMPONENTS,
    **figures.COMPONENTS,
}
_WIDTHS = {"dashboard": 1136.0, "single": 1016.0, "document": 756.0}


def html_page(
    page: Page,
    outcomes: Mapping[str, Outcome],
    *,
    rendered_at: datetime,
    theme: str | None = None,
) -> bytes:
    """The page with its data as one HTML document in UTF-8.

    `outcomes` are those of `run_queries`; a component whose query failed or is missing says so in
    its place. `theme` is `light` or `dark`; None follows the reader's system. Nothing in it runs or
    is fetched, so it can be mailed and opened from a file. Raises nothing: what cannot be drawn is
    told where it would stand. Takes milliseconds for a normal page, so large ones belong in a
    thread.
    """
    layout_name = page.layout if page.layout in _WIDTHS else "dashboard"
    sheet = Sheet(outcomes, COMPONENTS, otherwise=unknown, full=no_room)
    body = sheet.draw(page.spec.get("root"), Place(_WIDTHS[layout_name]))
    about = element("p", escape(page.description), class_="about", dir="auto")
    written = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="{theme or "light dark"}">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(page.name)}</title><style>{stylesheet(theme)}</style></head><body>"
        f'<div class="page {layout_name}"><header class="head">'
        f'<h1 dir="auto">{escape(page.name)}</h1>{about if page.description else ""}'
        f'<p class="foot">{_rendered(rendered_at)}</p></header>'
        f'<main class="stack">{body}</main></div></body></html>'
    )
    return written.encode("utf-8", "replace")


def _rendered(when: datetime) -> str:
    when = when.astimezone(UTC)
    stamp = element("time", moment(when, with_time=True), datetime=when.isoformat())
    return f"Rendered {stamp} UTC"
