# Generated from ghostflow/_async/conversions.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.conversions``: what came of clicks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, ident, log_query, matching
from ghostflow._sync.calls import Resource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from datetime import date

    from typing_extensions import Unpack

    from ghostflow.types import Conversion, ConversionChanges, ConversionFields, Filters


class Conversions(Resource):
    """Conversions of the key's team. Known only of the self-hosted server."""

    def list(
        self,
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        status: str | None = None,
        click_id: str | None = None,
        tx_id: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **filters: Unpack[Filters],
    ) -> Page[Conversion]:
        """Return one page of conversions, newest first; :meth:`iter` walks all pages.

        Args:
            from_: From when on they came in: a day, or an instant; open by default.
            to: Until when: a day that still belongs to it, or an instant that does not.
            timezone: In which the days are meant, such as ``Europe/Berlin``; the team's by default.
            status: ``pending``, ``approved``, ``rejected`` or ``reversed``.
            click_id: Only those of this click.
            tx_id: Only those of this transaction.
            sort: ``receivedAt`` or ``at``, with ``-`` in front for descending; ``-receivedAt`` by
                default.
            limit: 1 to 1000.
            cursor: ``next_cursor`` of the page before.
            filters: Such as ``campaign_id=…`` or ``event="signup"``.
        """
        query = log_query(
            from_,
            to,
            filters,
            timezone=timezone,
            status=status,
            click_id=click_id,
            tx_id=tx_id,
            sort=sort,
            limit=limit,
            cursor=cursor,
        )
        return self._calls.page(wire.LIST_CONVERSIONS, query=query)

    def iter(
        self,
        from_: date | str | None = None,
        to: date | str | None = None,
        *,
        timezone: str | None = None,
        status: str | None = None,
        click_id: str | None = None,
        tx_id: str | None = None,
        sort: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        **filters: Unpack[Filters],
    ) -> Iterator[Conversion]:
        """Iterate over all conversions, newest first, fetching pages as they are needed.

        Args:
            from_: As for :meth:`list`, like all that is not named here.
            page_size: Conversions per request, 1 to 1000.
            max_items: Stop after this many.
        """
        query = log_query(
            from_,
            to,
            filters,
            timezone=timezone,
            status=status,
            click_id=click_id,
            tx_id=tx_id,
            sort=sort,
            limit=page_size,
        )
        found = self._calls.items(wire.LIST_CONVERSIONS, query=query, max_items=max_items)
        for item in found:
            yield item

    def get(self, conversion_id: str) -> Conversion:
        """Return a conversion.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"conversion_id": ident("conversion_id", conversion_id)}
        return cast("Conversion", self._calls.answer(wire.GET_CONVERSION, path=path))

    def create(
        self,
        click_id: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[ConversionFields],
    ) -> Conversion:
        """Report a conversion, as a network would by postback.

        The same click, event and ``tx_id`` again is the same conversion: it comes back as it is, or
        with the new status or payout.

        Args:
            click_id: The click it came of.
            idempotency_key: A key of your own.
            fields: The rest, under Python's names.

        Raises:
            NotFoundError: There is no such click; ``code`` is ``CLICK_NOT_FOUND``.
            ConflictError: Its state does not allow the change.
        """
        sent = body({"click_id": ident("click_id", click_id), **fields})
        found = self._calls.answer(
            wire.CREATE_CONVERSION, json=sent, idempotency_key=idempotency_key
        )
        return cast("Conversion", found)

    def update(
        self,
        conversion_id: str,
        *,
        if_match: int | str | None = None,
        **changes: Unpack[ConversionChanges],
    ) -> Conversion:
        """Change the status or the payout of a conversion.

        Args:
            if_match: The ``version`` that was read.
            changes: ``status``, ``payout``.

        Raises:
            ConflictError: Its state does not allow the change, or it was changed meanwhile (412).
        """
        found = self._calls.answer(
            wire.UPDATE_CONVERSION,
            path={"conversion_id": ident("conversion_id", conversion_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Conversion", found)
