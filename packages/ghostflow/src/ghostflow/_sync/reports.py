# Generated from ghostflow/_async/reports.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.reports``: clicks, conversions, revenue and cost, put together."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._answers import not_as_documented
from ghostflow._arguments import selection, words
from ghostflow._sync.calls import Resource
from ghostflow.pages import cursor_text

if TYPE_CHECKING:
    from datetime import date

    from typing_extensions import Unpack

    from ghostflow.types import Breakdown, BreakdownRow, Dashboard, Filters, Timeseries
    from quintet.core.response import Response

_CSV = {"Accept": "text/csv"}


class Reports(Resource):
    """Reports of the key's team. Amounts of money are ``Decimal``.

    A period is two days, both inclusive and whole in ``timezone``, or two instants, the second
    exclusive; without one it is the last 30 days. ``attribution="conversion"`` counts a conversion
    when it happened, not with its click. Of the hosted service only the dashboard is known.
    """

    def dashboard(
        self,
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        attribution: str | None = None,
        bots: str | None = None,
        currency: str | None = None,
        compare: str | None = None,
        **filters: Unpack[Filters],
    ) -> Dashboard:
        """Return totals, a series by day (by hour up to two days), and the best five of each kind.

        Args:
            from_: Beginning: a ``date`` or ``2025-01-01``, or an instant.
            to: End: a day that still belongs to it, or an instant that does not.
            timezone: An IANA name; the team's by default.
            attribution: ``click`` (the default) or ``conversion``.
            bots: ``exclude`` (the default), ``include`` or ``only``.
            currency: The team's by default.
            compare: ``previous`` for the equally long period before as well.
            filters: Such as ``campaign_id=…`` or ``country=["US", "CA"]``.

        Raises:
            MisuseError: The period is none, or a filter is not known.
        """
        query = selection(
            from_,
            to,
            filters,
            timezone=timezone,
            attribution=attribution,
            bots=bots,
            currency=currency,
            compare=compare,
        )
        return cast("Dashboard", self._calls.answer(wire.DASHBOARD, query=query))

    def breakdown(
        self,
        group_by: str | Sequence[str],
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        attribution: str | None = None,
        bots: str | None = None,
        currency: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **filters: Unpack[Filters],
    ) -> Breakdown:
        """Return one page of metrics by group; :meth:`iter_breakdown` walks all rows.

        Known only of the self-hosted server.

        Args:
            group_by: One to three of ``campaign``, ``offer``, ``source``, ``network``, ``domain``,
                ``country``, ``device``, ``os``, ``browser``, ``referrerHost``, ``event``, ``sub1``
                to ``sub10``, ``day``, ``hour``, ``weekday``.
            from_: As for :meth:`dashboard`, like all that is not named here.
            sort: A metric, with ``-`` in front for descending; ``-revenue`` by default.
            limit: Rows, up to 1000.
            cursor: ``nextCursor`` of the page before.
        """
        query = selection(
            from_,
            to,
            filters,
            group_by=words("group_by", group_by),
            timezone=timezone,
            attribution=attribution,
            bots=bots,
            currency=currency,
            sort=sort,
            limit=limit,
            cursor=cursor,
        )
        return cast("Breakdown", self._calls.answer(wire.BREAKDOWN, query=query))

    def iter_breakdown(
        self,
        group_by: str | Sequence[str],
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        **options: Any,
    ) -> Iterator[BreakdownRow]:
        """Iterate over all rows of a breakdown, fetching pages as they are needed.

        Args:
            group_by: As for :meth:`breakdown`, like ``from_``, ``to`` and ``options``.
            page_size: Rows per request, up to 1000.
            max_items: Stop after this many.
        """
        seen: set[str] = set()
        answers: list[Response] = []
        calls = copy.copy(self._calls)
        calls.watch = answers.append

        def fetch(params: dict[str, Any]) -> tuple[Any, str | None, bool | None]:
            page = type(self)(calls).breakdown(
                group_by, from_, to, limit=page_size, cursor=params.get("cursor"), **options
            )
            answer = answers.pop()
            rows: Any = page.get("rows")
            if not isinstance(rows, list):
                raise not_as_documented(wire.BREAKDOWN, "a list of rows", answer)
            cursor = cursor_text(page.get("nextCursor"))
            return rows, self._calls.onward(wire.BREAKDOWN, cursor, seen), None

        for row in self._calls.walk(fetch, max_items):
            yield row

    def breakdown_csv(
        self,
        group_by: str | Sequence[str],
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        attribution: str | None = None,
        bots: str | None = None,
        currency: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        **filters: Unpack[Filters],
    ) -> str:
        """Return a breakdown as CSV text. Known only of the self-hosted server.

        Args:
            group_by: As for :meth:`breakdown`, like all the others.
        """
        query = selection(
            from_,
            to,
            filters,
            group_by=words("group_by", group_by),
            timezone=timezone,
            attribution=attribution,
            bots=bots,
            currency=currency,
            sort=sort,
            limit=limit,
            format="csv",
        )
        return self._calls.text(wire.BREAKDOWN, query=query, headers=_CSV)

    def timeseries(
        self,
        interval: str = "day",
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        attribution: str | None = None,
        bots: str | None = None,
        currency: str | None = None,
        **filters: Unpack[Filters],
    ) -> Timeseries:
        """Return metrics by time, without gaps. Known only of the self-hosted server.

        Args:
            interval: ``hour``, ``day``, ``week`` (from Monday) or ``month``.
            from_: As for :meth:`dashboard`, like all the others.
        """
        query = selection(
            from_,
            to,
            filters,
            interval=interval,
            timezone=timezone,
            attribution=attribution,
            bots=bots,
            currency=currency,
        )
        return cast("Timeseries", self._calls.answer(wire.TIMESERIES, query=query))

    def timeseries_csv(
        self,
        interval: str = "day",
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        attribution: str | None = None,
        bots: str | None = None,
        currency: str | None = None,
        **filters: Unpack[Filters],
    ) -> str:
        """Return metrics by time as CSV text. Known only of the self-hosted server.

        Args:
            interval: As for :meth:`timeseries`, like all the others.
        """
        query = selection(
            from_,
            to,
            filters,
            interval=interval,
            timezone=timezone,
            attribution=attribution,
            bots=bots,
            currency=currency,
            format="csv",
        )
        return self._calls.text(wire.TIMESERIES, query=query, headers=_CSV)
