"""``client.webhooks``: having events delivered to a URL, and checking what arrives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from amdahl import _wire as wire
from amdahl._arguments import given, names, required, stated
from amdahl._async.calls import AsyncResource
from amdahl._async.pager import AsyncPager, list_all
from amdahl._shapes import shape_webhook
from quintet.options import UNSET, Unset

if TYPE_CHECKING:
    from amdahl.types import (
        CreatedWebhook,
        Delivery,
        DeliveryList,
        Webhook,
        WebhookList,
    )
    from amdahl.webhooks import WebhookEvent


class AsyncWebhooks(AsyncResource):
    """Webhooks of the key's workspace. :mod:`amdahl.webhooks` needs no client to check them."""

    # Test collectors look for names that begin with "test".
    __test__ = False

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
        timeout: float | None = None,
    ) -> WebhookList:
        """Return one page of webhooks, newest first; :meth:`iter` walks them all.

        Args:
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            offset: Webhooks to skip; not with ``cursor``.
            timeout: Seconds for one attempt of this call.
        """
        query = given(limit=limit, cursor=cursor, offset=offset)
        found = await self._calls.page(
            wire.LIST_WEBHOOKS, key="webhooks", shape=shape_webhook, query=query, timeout=timeout
        )
        return cast("WebhookList", found)

    def iter(self, *, limit: int | None = 100, timeout: float | None = None) -> AsyncPager[Webhook]:
        """Return all webhooks, fetched as they are needed.

        Args:
            limit: Webhooks per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_WEBHOOKS,
            key="webhooks",
            shape=shape_webhook,
            limit=limit,
            timeout=timeout,
        )

    async def get(self, webhook_id: str, *, timeout: float | None = None) -> Webhook:
        """Return a webhook, without its secret.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.GET_WEBHOOK,
            path={"webhook_id": webhook_id},
            shape=shape_webhook,
            timeout=timeout,
        )
        return cast("Webhook", found)

    async def create(
        self,
        url: str,
        events: Iterable[str],
        *,
        description: str | None = None,
        secret: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> CreatedWebhook:
        """Have events delivered to a URL; return the webhook with its secret.

        The secret is shown here only: keep it for :meth:`verify`.

        Args:
            url: Where to deliver.
            events: Names such as ``"session.completed"``, or ``"*"``.
            description: For people.
            secret: One of your own, 16 to 256 printable ASCII characters.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            InvalidArgumentError: The service does not accept the URL or an event.
        """
        body = given(
            url=url,
            events=names("events", events),
            description=description or None,
            secret=secret,
        )
        found = await self._calls.answer(
            wire.CREATE_WEBHOOK,
            json=body,
            shape=shape_webhook,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("CreatedWebhook", found)

    async def update(
        self,
        webhook_id: str,
        *,
        url: str | Unset = UNSET,
        events: Iterable[str] | Unset = UNSET,
        description: str | None | Unset = UNSET,
        active: bool | Unset = UNSET,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Webhook:
        """Change a webhook and return it; what is omitted stays.

        Args:
            webhook_id: What to change.
            url: Where to deliver.
            events: All events to deliver from now on.
            description: ``None`` takes it away.
            active: False to pause deliveries.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is none with this id.
            InvalidArgumentError: The service does not accept a value.
        """
        wanted = events if isinstance(events, Unset) else names("events", events)
        patch = stated(url=url, events=wanted, description=description, active=active)
        return await self.update_from(
            webhook_id, patch, idempotency_key=idempotency_key, timeout=timeout
        )

    async def update_from(
        self,
        webhook_id: str,
        patch: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Webhook:
        """Change a webhook by a whole body of changes; see :meth:`update`."""
        found = await self._calls.answer(
            wire.UPDATE_WEBHOOK,
            path={"webhook_id": webhook_id},
            json=required("the patch", patch),
            shape=shape_webhook,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("Webhook", found)

    async def rotate_secret(
        self,
        webhook_id: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> CreatedWebhook:
        """Replace a webhook's secret; return the webhook with the new one, shown this once.

        For a day deliveries are signed with both: let :meth:`verify` take both meanwhile.
        """
        found = await self.update_from(
            webhook_id,
            {"rotate_secret": True},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("CreatedWebhook", found)

    async def delete(
        self, webhook_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a webhook; deliveries that wait to be repeated are given up.

        Raises:
            NotFoundError: There is none with this id.
        """
        await self._calls.value(
            wire.DELETE_WEBHOOK,
            path={"webhook_id": webhook_id},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def test(
        self, webhook_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Delivery:
        """Deliver an event ``"webhook.test"`` to a webhook, and return what came of it so far.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = await self._calls.answer(
            wire.TEST_WEBHOOK,
            path={"webhook_id": webhook_id},
            json={},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("Delivery", found)

    async def list_deliveries(
        self,
        webhook_id: str,
        *,
        event: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        timeout: float | None = None,
    ) -> DeliveryList:
        """Return one page of a webhook's deliveries, newest first.

        Args:
            webhook_id: Whose.
            event: Only those of this event.
            status: ``"pending"``, ``"delivered"`` or ``"failed"``.
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            timeout: Seconds for one attempt of this call.
        """
        query = given(event=event, status=status, limit=limit, cursor=cursor)
        found = await self._calls.page(
            wire.LIST_DELIVERIES,
            key="deliveries",
            path={"webhook_id": webhook_id},
            query=query,
            timeout=timeout,
        )
        return cast("DeliveryList", found)

    def iter_deliveries(
        self,
        webhook_id: str,
        *,
        event: str | None = None,
        status: str | None = None,
        limit: int | None = 100,
        timeout: float | None = None,
    ) -> AsyncPager[Delivery]:
        """Return all deliveries of a webhook, newest first; see :meth:`list_deliveries`."""
        return list_all(
            self._calls,
            wire.LIST_DELIVERIES,
            key="deliveries",
            path={"webhook_id": webhook_id},
            event=event,
            status=status,
            limit=limit,
            timeout=timeout,
        )

    async def redeliver(
        self,
        webhook_id: str,
        delivery_id: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Delivery:
        """Deliver an event once more, and return the delivery.

        Raises:
            NotFoundError: There is no such webhook, or no such delivery of it.
        """
        found = await self._calls.answer(
            wire.REDELIVER,
            path={"webhook_id": webhook_id, "delivery_id": delivery_id},
            json={},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("Delivery", found)

    @staticmethod
    def verify(
        raw: bytes,
        headers: Any,
        secret: str | bytes | Iterable[str | bytes],
        *,
        tolerance: float | None = None,
    ) -> WebhookEvent:
        """Return the event of a delivery that is genuine; see :func:`amdahl.webhooks.verify`.

        Nothing is sent, and nothing blocks.

        Raises:
            SignatureError: It is not genuine, too old, or no JSON object.
        """
        # Imported here: most programs check what arrives elsewhere than they make calls.
        from amdahl.webhooks import verify

        return verify(raw, headers, secret, tolerance=tolerance)
