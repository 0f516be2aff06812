# Generated from ghostflow/_async/webhooks.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.webhooks``: having events delivered to a URL. ``ghostflow.webhooks`` checks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching
from ghostflow._sync.calls import Resource
from ghostflow.errors import MisuseError
from ghostflow.pages import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ghostflow.types import (
        Deletion,
        Delivery,
        Webhook,
        WebhookChanges,
        WebhookFields,
        WebhookWithSecret,
    )


class Webhooks(Resource):
    """Webhooks of the key's team; they want ``admin``. Known only of the self-hosted server."""

    # Test collectors look for names that begin with "test".
    __test__ = False

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
    ) -> Page[Webhook]:
        """Return one page of webhooks, without their secrets; :meth:`iter` walks all pages.

        Args:
            limit: 1 to 1000; 1000 by default.
            cursor: ``next_cursor`` of the page before.
            search: Part of the URL or the description.
            status: ``active``, ``disabled`` or ``all`` (the default).
            sort: ``createdAt`` or ``-createdAt``, the default.
        """
        query = given(limit=limit, cursor=cursor, search=search, status=status, sort=sort)
        return self._calls.page(wire.LIST_WEBHOOKS, query=query)

    def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
    ) -> Iterator[Webhook]:
        """Iterate over all webhooks, fetching pages as they are needed.

        Args:
            page_size: Items per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like all the others.
        """
        query = given(limit=page_size, search=search, status=status, sort=sort)
        found = self._calls.items(wire.LIST_WEBHOOKS, query=query, max_items=max_items)
        for item in found:
            yield item

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook, without its secret.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"webhook_id": ident("webhook_id", webhook_id)}
        return cast("Webhook", self._calls.answer(wire.GET_WEBHOOK, path=path))

    def create(
        self,
        url: str,
        events: Sequence[str],
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[WebhookFields],
    ) -> WebhookWithSecret:
        """Have events delivered to a URL. ``secret`` signs them; it is shown this one time.

        Args:
            url: Where to; the server refuses private addresses unless its operator allows them.
            events: Such as ``conversion.created``.
            idempotency_key: A key of your own.
            fields: The rest, under Python's names.

        Raises:
            ValidationError: The URL or an event is not acceptable.
            MisuseError: ``events`` is a single word; its letters would be sent.
        """
        if isinstance(events, str):
            raise MisuseError(message="events must be a list of event names, not one word")
        sent = body({"url": url, "events": list(events), **fields})
        found = self._calls.answer(wire.CREATE_WEBHOOK, json=sent, idempotency_key=idempotency_key)
        return cast("WebhookWithSecret", found)

    def update(
        self,
        webhook_id: str,
        *,
        if_match: int | str | None = None,
        **changes: Unpack[WebhookChanges],
    ) -> Webhook:
        """Change a webhook: what is not named stays.

        Args:
            if_match: The ``version`` that was read.
            changes: The new values, under Python's names.
        """
        found = self._calls.answer(
            wire.UPDATE_WEBHOOK,
            path={"webhook_id": ident("webhook_id", webhook_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Webhook", found)

    def delete(self, webhook_id: str, *, if_match: int | str | None = None) -> Deletion:
        """Delete a webhook with its deliveries.

        A repeat that finds nothing left is a success, with ``already_deleted`` true.

        Args:
            if_match: The ``version`` that was read.

        Raises:
            NotFoundError: There is none with this id.
        """
        id = ident("webhook_id", webhook_id)
        found = self._calls.deletion(
            wire.DELETE_WEBHOOK, id, path={"webhook_id": id}, headers=matching(if_match)
        )
        return cast("Deletion", found)

    def rotate_secret(
        self, webhook_id: str, *, idempotency_key: str | None = None
    ) -> WebhookWithSecret:
        """Sign with another secret, in ``secret``, this one time.

        For a day deliveries are signed with the old one as well: verify with both meanwhile.

        Raises:
            ConflictError: It was done before under this key, and the answer was lost: rotate again.
        """
        found = self._calls.answer(
            wire.ROTATE_WEBHOOK_SECRET,
            path={"webhook_id": ident("webhook_id", webhook_id)},
            idempotency_key=idempotency_key,
        )
        return cast("WebhookWithSecret", found)

    def test(self, webhook_id: str, *, idempotency_key: str | None = None) -> Delivery:
        """Have a ``webhook.test`` event sent to this webhook alone."""
        found = self._calls.answer(
            wire.TEST_WEBHOOK,
            path={"webhook_id": ident("webhook_id", webhook_id)},
            idempotency_key=idempotency_key,
        )
        return cast("Delivery", found)

    def deliveries(
        self,
        webhook_id: str,
        *,
        status: str | None = None,
        event: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Delivery]:
        """Return one page of what became of each delivery, newest first.

        Args:
            status: ``pending``, ``delivered`` or ``failed``.
            event: Only those of this event.
            limit: 1 to 1000.
            cursor: ``next_cursor`` of the page before.
        """
        return self._calls.page(
            wire.LIST_DELIVERIES,
            path={"webhook_id": ident("webhook_id", webhook_id)},
            query=given(status=status, event=event, limit=limit, cursor=cursor),
        )

    def iter_deliveries(
        self,
        webhook_id: str,
        *,
        status: str | None = None,
        event: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
    ) -> Iterator[Delivery]:
        """Iterate over all deliveries, newest first, fetching pages as they are needed."""
        found = self._calls.items(
            wire.LIST_DELIVERIES,
            path={"webhook_id": ident("webhook_id", webhook_id)},
            query=given(status=status, event=event, limit=page_size),
            max_items=max_items,
        )
        for item in found:
            yield item

    def redeliver(
        self, webhook_id: str, delivery_id: str, *, idempotency_key: str | None = None
    ) -> Delivery:
        """Send the event of a delivery again; returns a new delivery.

        Raises:
            ConflictError: The event is not kept any more.
        """
        found = self._calls.answer(
            wire.REDELIVER,
            path={
                "webhook_id": ident("webhook_id", webhook_id),
                "delivery_id": ident("delivery_id", delivery_id),
            },
            idempotency_key=idempotency_key,
        )
        return cast("Delivery", found)
