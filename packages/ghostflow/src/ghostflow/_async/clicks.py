"""``client.clicks``: what was recorded, and clicks that happened elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, ident, selection
from ghostflow._async.calls import AsyncResource
from ghostflow.errors import MisuseError
from ghostflow.pages import Page

if TYPE_CHECKING:
    from datetime import date

    from typing_extensions import Unpack

    from ghostflow.types import Click, ClickFields, Filters, IngestedClick


class AsyncClicks(AsyncResource):
    """Clicks of the key's team. Known only of the self-hosted server."""

    async def list(
        self,
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        bots: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **filters: Unpack[Filters],
    ) -> Page[Click]:
        """Return one page of clicks, newest first; :meth:`iter` walks all pages.

        Args:
            from_: Beginning: a day, or an instant.
            to: End: a day that still belongs to it, or an instant that does not.
            timezone: In which the days are meant, such as ``Europe/Berlin``; the team's by default.
            bots: ``include`` (the default: what is recorded can be looked at), ``exclude`` or
                ``only``.
            limit: 1 to 1000.
            cursor: ``next_cursor`` of the page before.
            filters: Such as ``campaign_id=…`` or ``country=["US", "CA"]``; with ``!`` in front of a
                value what has it is left out.
        """
        query = selection(
            from_, to, filters, timezone=timezone, bots=bots, limit=limit, cursor=cursor
        )
        return await self._calls.page(wire.LIST_CLICKS, query=query)

    async def iter(
        self,
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        bots: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        **filters: Unpack[Filters],
    ) -> AsyncIterator[Click]:
        """Iterate over all clicks, newest first, fetching pages as they are needed.

        Args:
            from_: As for :meth:`list`, like ``to``, ``timezone``, ``bots`` and ``filters``.
            page_size: Clicks per request, 1 to 1000.
            max_items: Stop after this many.
        """
        query = selection(from_, to, filters, timezone=timezone, bots=bots, limit=page_size)
        found = self._calls.items(wire.LIST_CLICKS, query=query, max_items=max_items)
        async for item in found:
            yield item

    async def get(self, click_id: str) -> Click:
        """Return a click.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"click_id": ident("click_id", click_id)}
        return cast("Click", await self._calls.answer(wire.GET_CLICK, path=path))

    async def create(
        self,
        campaign_id: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[ClickFields],
    ) -> Click:
        """Hand in a click that happened elsewhere; a known ``click_id`` returns that click.

        Args:
            campaign_id: The campaign it belongs to.
            idempotency_key: A key of your own. A ``click_id`` makes the click itself unique.
            fields: The rest, under Python's names.

        Raises:
            ValidationError: The click is not acceptable, or there is no such campaign.
            ConflictError: The campaign is not active, or the ``click_id`` is taken.
        """
        sent = body({"campaign_id": ident("campaign_id", campaign_id), **fields})
        found = await self._calls.answer(
            wire.CREATE_CLICKS, json=sent, idempotency_key=idempotency_key
        )
        return cast("Click", found)

    async def create_many(
        self, clicks: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> Page[IngestedClick]:
        """Hand in up to 1000 clicks; each has a result of its own, in the same order.

        Args:
            clicks: Each with ``campaign_id`` and what :meth:`create` takes, under Python's names or
                the wire's.
            idempotency_key: A key of your own for the whole.

        Raises:
            ValidationError: There are too many, or they are no clicks at all.
            MisuseError: They are no list of mappings.
        """
        several = list(clicks)
        if not all(isinstance(each, Mapping) for each in several):
            raise MisuseError(message="clicks must be a list of mappings, one for each click")
        sent = [body(click) for click in several]
        return await self._calls.page(
            wire.CREATE_CLICKS, json=sent, idempotency_key=idempotency_key
        )
