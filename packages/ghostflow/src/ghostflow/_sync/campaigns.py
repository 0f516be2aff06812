# Generated from ghostflow/_async/campaigns.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.campaigns``: links that record clicks and lead to offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching, period
from ghostflow._sync.calls import Resource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from datetime import date

    from typing_extensions import Unpack

    from ghostflow.types import (
        Amount,
        BookedCost,
        Campaign,
        CampaignChanges,
        CampaignFields,
        Deletion,
    )


class Campaigns(Resource):
    """Campaigns of the key's team."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Page[Campaign]:
        """Return one page of campaigns; :meth:`iter` walks all pages.

        Args:
            limit: 1 to 1000; the self-hosted server's default is 1000.
            cursor: ``next_cursor`` of the page before.
            search: Part of the name, in any case.
            status: ``active``, ``paused``, ``archived`` or ``all``; archived ones are left out by
                default.
            sort: ``createdAt`` or ``name``, with ``-`` in front for descending; ``-createdAt`` by
                default.
            filters: Further parameters that the service understands.
        """
        query = given(
            limit=limit, cursor=cursor, search=search, status=status, sort=sort, **filters
        )
        return self._calls.page(wire.LIST_CAMPAIGNS, query=query)

    def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Iterator[Campaign]:
        """Iterate over all campaigns, fetching pages as they are needed.

        A cursor that comes for the second time ends the list.

        Args:
            page_size: Campaigns per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like ``status``, ``sort`` and ``filters``.
        """
        query = given(limit=page_size, search=search, status=status, sort=sort, **filters)
        found = self._calls.items(wire.LIST_CAMPAIGNS, query=query, max_items=max_items)
        for item in found:
            yield item

    def get(self, campaign_id: str) -> Campaign:
        """Return a campaign.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"campaign_id": ident("campaign_id", campaign_id)}
        return cast("Campaign", self._calls.answer(wire.GET_CAMPAIGN, path=path))

    def create(
        self,
        name: str,
        url: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[CampaignFields],
    ) -> Campaign:
        """Create a campaign.

        Args:
            name: 1 to 200 characters.
            url: Where it leads unless an offer is chosen; with macros such as ``{click_id}``.
            idempotency_key: A key of your own; one is made otherwise, the same for all attempts.
            fields: Under Python's names: ``append_click_id`` is sent as ``appendClickId``.

        Raises:
            ValidationError: A field is not acceptable; ``details`` names it.
            ConflictError: The slug is taken.
        """
        sent = body({"name": name, "url": url, **fields})
        found = self._calls.answer(wire.CREATE_CAMPAIGN, json=sent, idempotency_key=idempotency_key)
        return cast("Campaign", found)

    def update(
        self,
        campaign_id: str,
        *,
        if_match: int | str | None = None,
        **changes: Unpack[CampaignChanges],
    ) -> Campaign:
        """Change a campaign: what is not named stays, and ``None`` clears what can be empty.

        Args:
            if_match: The ``version`` that was read; the change is refused if it is not the current
                one any more.
            changes: The new values, under Python's names.

        Raises:
            ConflictError: It was changed meanwhile (412), or its state does not allow it.
        """
        found = self._calls.answer(
            wire.UPDATE_CAMPAIGN,
            path={"campaign_id": ident("campaign_id", campaign_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Campaign", found)

    def delete(self, campaign_id: str, *, if_match: int | str | None = None) -> Deletion:
        """Delete a campaign: its link stops, and its numbers stay in the reports.

        A repeat that finds nothing left is a success, with ``already_deleted`` true.

        Args:
            if_match: The ``version`` that was read.

        Raises:
            NotFoundError: There is none with this id.
        """
        id = ident("campaign_id", campaign_id)
        found = self._calls.deletion(
            wire.DELETE_CAMPAIGN, id, path={"campaign_id": id}, headers=matching(if_match)
        )
        return cast("Deletion", found)

    def pause(self, campaign_id: str) -> Campaign:
        """Stop a campaign: its link leads to the fallback, and counts nothing.

        Raises:
            ConflictError: It is archived; :meth:`restore` brings it back, paused.
        """
        return self.update(campaign_id, status="paused")

    def resume(self, campaign_id: str) -> Campaign:
        """Let a paused campaign run again.

        Raises:
            ConflictError: It is archived.
        """
        return self.update(campaign_id, status="active")

    def archive(self, campaign_id: str) -> Campaign:
        """Put a campaign away: it leaves the lists, and stays in the reports."""
        return self.update(campaign_id, status="archived")

    def restore(self, campaign_id: str) -> Campaign:
        """Bring an archived campaign back; it is paused then."""
        return self.update(campaign_id, status="paused")

    def clone(
        self, campaign_id: str, *, name: str | None = None, idempotency_key: str | None = None
    ) -> Campaign:
        """Return a copy of a campaign with a link of its own, paused and without statistics.

        Known only of the self-hosted server.

        Args:
            name: Of the copy, given by a second call; the server's is the old one with "(copy)".
            idempotency_key: A key of your own.
        """
        found = self._calls.answer(
            wire.CLONE_CAMPAIGN,
            path={"campaign_id": ident("campaign_id", campaign_id)},
            idempotency_key=idempotency_key,
        )
        if name is not None:
            return self.update(str(found.get("id")), name=name)
        return cast("Campaign", found)

    def add_cost(
        self,
        campaign_id: str,
        *,
        from_: date | str,
        to: date | str,
        amount: Amount,
        currency: str | None = None,
        idempotency_key: str | None = None,
    ) -> BookedCost:
        """Book an invoice total: it replaces the costs of the period's clicks, exactly divided.

        Known only of the self-hosted server.

        Args:
            from_: Beginning of the period: a day, or an instant.
            to: Its end: a day that still belongs to it, or an instant that does not.
            amount: The total.
            currency: The campaign's by default.
            idempotency_key: A key of your own.

        Raises:
            ConflictError: There are no clicks that could carry it.
            MisuseError: The period is none.
        """
        found = self._calls.answer(
            wire.ADD_COST,
            path={"campaign_id": ident("campaign_id", campaign_id)},
            json={**period(from_, to), **body({"amount": amount}), **given(currency=currency)},
            idempotency_key=idempotency_key,
        )
        return cast("BookedCost", found)
