"""A page with its data: the one call that the API, embeds and tests make."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from quintet_server.services.amdahl.errors import payload_too_large
from quintet_server.services.amdahl.rendering.bindings import bound_rows_count, resolve
from quintet_server.services.amdahl.rendering.document import html_page
from quintet_server.services.amdahl.rendering.outcome import Outcome
from quintet_server.services.amdahl.rendering.running import run_queries
from quintet_server.services.amdahl.wire import instant

if TYPE_CHECKING:
    from quintet_server.services.amdahl.context import Amdahl
    from quintet_server.services.amdahl.pages.model import Page

BOUND_ROWS_MAX_COUNT = 100_000
"""Of all bindings together: each holds a copy of its query's rows, and a page may have hundreds."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page and what its queries gave."""

    page: Page
    outcomes: Mapping[str, Outcome]
    rendered_at: datetime

    def wire(self) -> dict[str, Any]:
        """The answer in JSON."""
        return {
            "page_id": self.page.id,
            "version": self.page.version,
            "results": {name: outcome.wire() for name, outcome in self.outcomes.items()},
            "resolved_spec": resolve(self.page.spec, self.outcomes),
            "rendered_at": instant(self.rendered_at),
        }

    async def json(self) -> bytes:
        """The answer as text; written in a thread, for it may hold a hundred thousand rows."""
        return await asyncio.to_thread(lambda: orjson.dumps(self.wire()))

    async def html(self, theme: str | None = None) -> bytes:
        """The page as a document of its own; drawn in a thread, for a big one takes a while.

        `theme` is `light` or `dark`; None follows the reader's system.
        """
        return await asyncio.to_thread(
            html_page, self.page, self.outcomes, rendered_at=self.rendered_at, theme=theme
        )


async def render(parts: Amdahl, project_id: str, page: Page, params: Mapping[str, Any]) -> Rendered:
    """Run the page's declared queries for a tenant and bind what they give.

    Raises 400 when `params` do not fit what the queries declare. A query that fails tells so in
    its own outcome. Raises 413 when the bindings together hold more than 100,000 rows. Does not
    look at the page's status: that is the caller's affair.
    """
    outcomes = await run_queries(parts, project_id, page.declared_queries, params)
    count = bound_rows_count(page.spec, outcomes)
    if count > BOUND_ROWS_MAX_COUNT:
        message = (
            f"The page binds {count:,} rows; at most {BOUND_ROWS_MAX_COUNT:,} are rendered. "
            "Bind queries with fewer rows, or to fewer components."
        )
        raise payload_too_large(message, rows=count, limit=BOUND_ROWS_MAX_COUNT)
    return Rendered(page, outcomes, datetime.fromtimestamp(parts.clock.now(), UTC))
