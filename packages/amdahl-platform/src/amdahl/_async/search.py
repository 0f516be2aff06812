"""``client.search``: the lane that filters, groups and measures without SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from amdahl import _wire as wire
from amdahl._arguments import given, names, objects
from amdahl._async.calls import AsyncResource

if TYPE_CHECKING:
    from amdahl.types import LaneResults, SearchFields


class AsyncSearch(AsyncResource):
    """Searches over the interactions of the key's business."""

    async def query(
        self,
        query: str | None = None,
        *,
        mode: Literal["auto", "fuzzy", "filter", "semantic"] = "auto",
        surface: str | None = None,
        filters: Sequence[Mapping[str, Any]] | None = None,
        order_by: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        limit: int | None = None,
        group_by: Iterable[str] | None = None,
        metrics: Sequence[Mapping[str, str]] | None = None,
        timeout: float | None = None,
    ) -> LaneResults:
        """Search; ``mode_ran`` of the answer says how.

        Args:
            query: What to look for; omit it to filter only.
            mode: How to look.
            surface: What to search; :meth:`fields` lists them.
            filters: ``{"field", "op", "value"}``, at most 32, all of which must hold.
            order_by: ``{"field", "dir"}``, or several.
            limit: Results at most; 100 by default, bound 1000.
            group_by: Fields to group by, at most 8; needs a metric.
            metrics: ``{"fn", "field"}``, at most 8; an ``alias`` names the column.
            timeout: Seconds for one attempt of this call.

        Raises:
            InvalidArgumentError: A field, an operator or a value is not acceptable.
        """
        body = given(
            query=query,
            mode=mode,
            surface=surface,
            filters=None if filters is None else objects("filters", filters),
            order_by=order_by,
            limit=limit,
            group_by=names("group_by", group_by),
            metrics=None if metrics is None else objects("metrics", metrics),
        )
        found = await self._calls.answer(wire.SEARCH_QUERY, json=body, timeout=timeout)
        return cast("LaneResults", found)

    async def fields(self, *, timeout: float | None = None) -> SearchFields:
        """Return what can be searched, and by which fields and operators."""
        found = await self._calls.answer(wire.SEARCH_FIELDS, timeout=timeout)
        return cast("SearchFields", found)
