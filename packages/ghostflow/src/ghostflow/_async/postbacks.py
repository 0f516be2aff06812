"""``client.postbacks``: the log of what networks reported and what sources were told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ghostflow import _wire as wire
from ghostflow._arguments import log_query
from ghostflow._async.calls import AsyncResource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from datetime import date

    from ghostflow.types import Postback


class AsyncPostbacks(AsyncResource):
    """The postback log of the key's team. Known only of the self-hosted server."""

    async def list(
        self,
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        direction: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **filters: Any,
    ) -> Page[Postback]:
        """Return one page of the log, newest first; :meth:`iter` walks all pages.

        Args:
            from_: From when on they came in: a day, or an instant; open by default.
            to: Until when: a day that still belongs to it, or an instant that does not.
            timezone: In which the days are meant, such as ``Europe/Berlin``; the team's by default.
            direction: ``in`` for what networks sent, ``out`` for what sources were sent.
            limit: 1 to 1000.
            cursor: ``next_cursor`` of the page before.
            filters: Further ones: ``outcome``, ``status``, ``campaign_id``, ``offer_id``,
                ``source_id``, ``network_id``, ``event``, ``click_id``, ``tx_id``,
                ``conversion_id``.
        """
        query = log_query(
            from_,
            to,
            {},
            timezone=timezone,
            direction=direction,
            limit=limit,
            cursor=cursor,
            **filters,
        )
        return await self._calls.page(wire.LIST_POSTBACKS, query=query)

    async def iter(
        self,
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        direction: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        **filters: Any,
    ) -> AsyncIterator[Postback]:
        """Iterate over the whole log, newest first, fetching pages as they are needed.

        Args:
            from_: As for :meth:`list`, like ``to``, ``timezone``, ``direction`` and ``filters``.
            page_size: Lines per request, 1 to 1000.
            max_items: Stop after this many.
        """
        query = log_query(
            from_, to, {}, timezone=timezone, direction=direction, limit=page_size, **filters
        )
        found = self._calls.items(wire.LIST_POSTBACKS, query=query, max_items=max_items)
        async for item in found:
            yield item
