"""``client.offers``: where campaigns lead, and what a conversion there is worth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching
from ghostflow._async.calls import AsyncResource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ghostflow.types import Deletion, Offer, OfferChanges, OfferFields


class AsyncOffers(AsyncResource):
    """Offers of the key's team."""

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Page[Offer]:
        """Return one page of offers; :meth:`iter` walks all pages.

        Args:
            limit: 1 to 1000; the self-hosted server's default is 1000.
            cursor: ``next_cursor`` of the page before.
            search: Part of the name, in any case.
            status: ``active``, ``paused``, ``archived`` or ``all``.
            sort: ``createdAt`` or ``name``, with ``-`` in front for descending; ``-createdAt`` by
                default.
            filters: Further parameters that the service understands.
        """
        query = given(
            limit=limit, cursor=cursor, search=search, status=status, sort=sort, **filters
        )
        return await self._calls.page(wire.LIST_OFFERS, query=query)

    async def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> AsyncIterator[Offer]:
        """Iterate over all offers, fetching pages as they are needed.

        A cursor that comes for the second time ends the list.

        Args:
            page_size: Offers per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like ``status``, ``sort`` and ``filters``.
        """
        query = given(limit=page_size, search=search, status=status, sort=sort, **filters)
        found = self._calls.items(wire.LIST_OFFERS, query=query, max_items=max_items)
        async for item in found:
            yield item

    async def get(self, offer_id: str) -> Offer:
        """Return an offer.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"offer_id": ident("offer_id", offer_id)}
        return cast("Offer", await self._calls.answer(wire.GET_OFFER, path=path))

    async def create(
        self,
        name: str,
        url: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[OfferFields],
    ) -> Offer:
        """Create an offer.

        Args:
            name: 1 to 200 characters.
            url: With macros such as ``{click_id}``.
            idempotency_key: A key of your own; one is made otherwise, the same for all attempts.
            fields: Under Python's names: ``payout_currency`` is sent as ``payoutCurrency``.

        Raises:
            ValidationError: A field is not acceptable; ``details`` names it.
            ConflictError: The same object exists.
        """
        sent = body({"name": name, "url": url, **fields})
        found = await self._calls.answer(
            wire.CREATE_OFFER, json=sent, idempotency_key=idempotency_key
        )
        return cast("Offer", found)

    async def update(
        self,
        offer_id: str,
        *,
        if_match: int | str | None = None,
        **changes: Unpack[OfferChanges],
    ) -> Offer:
        """Change an offer: what is not named stays, and ``None`` clears what can be empty.

        Args:
            if_match: The ``version`` that was read; the change is refused if it is not the current
                one any more.
            changes: The new values, under Python's names.

        Raises:
            ConflictError: It was changed meanwhile (412), or its state does not allow it.
        """
        found = await self._calls.answer(
            wire.UPDATE_OFFER,
            path={"offer_id": ident("offer_id", offer_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Offer", found)

    async def delete(self, offer_id: str, *, if_match: int | str | None = None) -> Deletion:
        """Delete an offer.

        A repeat that finds nothing left is a success, with ``already_deleted`` true.

        Args:
            if_match: The ``version`` that was read.

        Raises:
            NotFoundError: There is none with this id.
            ConflictError: A campaign that is not archived uses it.
        """
        id = ident("offer_id", offer_id)
        found = await self._calls.deletion(
            wire.DELETE_OFFER, id, path={"offer_id": id}, headers=matching(if_match)
        )
        return cast("Deletion", found)
