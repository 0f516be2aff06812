# Generated from flowmaestro/_async/webhooks.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.webhooks``: having events delivered to a URL. ``flowmaestro.webhooks`` checks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from flowmaestro import _wire as wire
from flowmaestro._arguments import given, mapping, names
from flowmaestro._shapes import mirror
from flowmaestro._sync.calls import Resource

if TYPE_CHECKING:
    from flowmaestro.types import (
        CreatedWebhookResponse,
        DeletionResponse,
        Delivery,
        DeliveryList,
        Webhook,
        WebhookList,
        WebhookResponse,
        WebhookTestResponse,
    )


class Webhooks(Resource):
    """Webhooks of the key's workspace."""

    # Test collectors look for names that begin with "test".
    __test__ = False

    def list(
        self,
        page: int | None = None,
        per_page: int | None = None,
        *,
        timeout: float | None = None,
    ) -> WebhookList:
        """Return one page of webhooks, newest first; :meth:`iter` walks all pages.

        Args:
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            timeout: Seconds for one attempt of this call.
        """
        query = given(page=page, per_page=per_page)
        found = self._calls.page(wire.LIST_WEBHOOKS, query=query, timeout=timeout)
        return cast("WebhookList", found)

    def iter(
        self, *, per_page: int = 100, max_items: int | None = None, timeout: float | None = None
    ) -> Iterator[Webhook]:
        """Iterate over all webhooks, fetching pages as they are needed.

        Args:
            per_page: Webhooks per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        def fetch(page: int | None, size: int | None) -> WebhookList:
            return self.list(page, size, timeout=timeout)

        for item in self._calls.items(fetch, per_page, max_items):
            yield item

    def get(self, webhook_id: str, *, timeout: float | None = None) -> WebhookResponse:
        """Return a webhook, without its secret.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(
            wire.GET_WEBHOOK, path={"webhook_id": webhook_id}, timeout=timeout
        )
        return cast("WebhookResponse", found)

    def create(
        self,
        name: str,
        url: str,
        events: Iterable[str],
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> CreatedWebhookResponse:
        """Have events delivered to a URL; return the webhook with its secret.

        The secret is shown here only: keep it for ``verify_webhook``. It is sent once: if no
        answer comes, the error says that the outcome is unknown.

        Args:
            name: For people.
            url: Where to deliver.
            events: Names such as ``"execution.completed"``, at least one.
            headers: Sent along with every delivery.
            timeout: Seconds for one attempt of this call.

        Raises:
            ValidationError: The service does not accept the URL or an event.
        """
        found = self._calls.answer(
            wire.CREATE_WEBHOOK,
            json=given(
                name=name,
                url=url,
                events=names("events", events),
                headers=mapping("headers", headers),
            ),
            timeout=timeout,
        )
        return cast("CreatedWebhookResponse", found)

    def update(
        self,
        webhook_id: str,
        *,
        name: str | None = None,
        url: str | None = None,
        events: Iterable[str] | None = None,
        headers: Mapping[str, str] | None = None,
        is_active: bool | None = None,
        timeout: float | None = None,
    ) -> WebhookResponse:
        """Change a webhook and return it; what is omitted stays.

        Args:
            webhook_id: What to change.
            name: For people.
            url: Where to deliver.
            events: All events to deliver from now on.
            headers: All headers to send along; ``{}`` for none.
            is_active: False to pause deliveries.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is none with this id.
            ValidationError: The service does not accept a value.
        """
        found = self._calls.answer(
            wire.UPDATE_WEBHOOK,
            path={"webhook_id": webhook_id},
            json=given(
                name=name,
                url=url,
                events=names("events", events),
                headers=mapping("headers", headers),
                is_active=is_active,
            ),
            timeout=timeout,
        )
        return cast("WebhookResponse", found)

    def delete(self, webhook_id: str, *, timeout: float | None = None) -> DeletionResponse:
        """Delete a webhook; deliveries that wait to be repeated are given up.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.deletion(
            wire.DELETE_WEBHOOK,
            {"id": webhook_id},
            path={"webhook_id": webhook_id},
            timeout=timeout,
        )
        return cast("DeletionResponse", found)

    def test(self, webhook_id: str, *, timeout: float | None = None) -> WebhookTestResponse:
        """Have a test event delivered once, now, and return what became of it.

        A receiver that fails is no exception: look at ``data["success"]``.

        Raises:
            NotFoundError: There is no such webhook.
        """
        found = self._calls.answer(
            wire.TEST_WEBHOOK, path={"webhook_id": webhook_id}, json={}, timeout=timeout
        )
        mirror(found["data"], "error_message", "error")
        found["data"].setdefault("error_message", None)
        found["data"].setdefault("error", None)
        return cast("WebhookTestResponse", found)

    def list_deliveries(
        self,
        webhook_id: str,
        page: int | None = None,
        per_page: int | None = None,
        *,
        timeout: float | None = None,
    ) -> DeliveryList:
        """Return one page of a webhook's deliveries, newest first.

        Args:
            webhook_id: Whose deliveries.
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is no such webhook.
        """
        found = self._calls.page(
            wire.LIST_DELIVERIES,
            path={"webhook_id": webhook_id},
            query=given(page=page, per_page=per_page),
            timeout=timeout,
        )
        return cast("DeliveryList", found)

    def iter_deliveries(
        self,
        webhook_id: str,
        *,
        per_page: int = 100,
        max_items: int | None = None,
        timeout: float | None = None,
    ) -> Iterator[Delivery]:
        """Iterate over a webhook's deliveries, fetching pages as they are needed.

        Args:
            webhook_id: Whose deliveries.
            per_page: Deliveries per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        def fetch(page: int | None, size: int | None) -> DeliveryList:
            return self.list_deliveries(webhook_id, page, size, timeout=timeout)

        for item in self._calls.items(fetch, per_page, max_items):
            yield item
