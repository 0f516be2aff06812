# Generated from zeridion_flare/_async/webhooks.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Webhook subscriptions: create, change, delete, rotate the secret, test, look at deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from quintet.options import UNSET, Unset
from zeridion_flare import _wire as wire
from zeridion_flare._bodies import choose_body
from zeridion_flare._sync.calls import Calls

if TYPE_CHECKING:
    from zeridion_flare.types import CreatedWebhook, Delivery, DeliveryPage, Webhook, WebhookPage


class WebhookCalls(Calls):
    """The methods of the client that concern webhook subscriptions."""

    def create_webhook(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        url: str | None = None,
        events: Iterable[str] | str | None = None,
        enabled: bool | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> CreatedWebhook:
        """Subscribe a URL to events and return the subscription, its secret included.

        The secret is shown here and after a rotation only: keep it for ``verify_webhook``.

        Args:
            body: The whole request as one mapping, instead of the keywords.
            url: Where to deliver.
            events: Names such as ``"job.succeeded"``, or ``"*"`` for all.
            enabled: A disabled subscription gets nothing.
            idempotency_key: The same key and body subscribe once.
            request_id: Your id of this call for the service's logs.
            timeout: Seconds for one attempt of this call.
        """
        fields = {"url": url, "events": _event_names(events), "enabled": enabled}
        found = self._object(
            wire.CREATE_WEBHOOK,
            json=choose_body(body, fields),
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("CreatedWebhook", found)

    def get_webhook(
        self,
        webhook_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Webhook:
        """Return a subscription, without its secret.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._object(
            wire.GET_WEBHOOK,
            path={"id": webhook_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Webhook", found)

    def list_webhooks(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> WebhookPage:
        """Return one page of the project's subscriptions."""
        page = self._object(
            wire.LIST_WEBHOOKS,
            query={"limit": limit, "cursor": cursor},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("WebhookPage", page)

    def update_webhook(
        self,
        webhook_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        url: str | None = None,
        events: Iterable[str] | str | None = None,
        enabled: bool | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Webhook:
        """Change a subscription and return it; what is omitted stays.

        Raises:
            NotFoundError: There is none with this id.
        """
        fields = {"url": url, "events": _event_names(events), "enabled": enabled}
        found = self._object(
            wire.UPDATE_WEBHOOK,
            path={"id": webhook_id},
            json=choose_body(body, fields),
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Webhook", found)

    def delete_webhook(
        self,
        webhook_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> None:
        """Delete a subscription.

        Raises:
            NotFoundError: There is none with this id.
        """
        self._call(
            wire.DELETE_WEBHOOK,
            path={"id": webhook_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )

    def rotate_webhook_secret(
        self,
        webhook_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> CreatedWebhook:
        """Replace the secret and return the subscription with the new one.

        For 24 hours deliveries are signed with both, so give ``verify_webhook`` a list of both
        meanwhile.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._object(
            wire.ROTATE_WEBHOOK_SECRET,
            path={"id": webhook_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("CreatedWebhook", found)

    def test_webhook(
        self,
        webhook_id: str,
        *,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> Delivery:
        """Have a test event delivered, and return what the service says of it.

        Raises:
            NotFoundError: There is no subscription with this id.
        """
        found = self._object(
            wire.TEST_WEBHOOK,
            path={"id": webhook_id},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("Delivery", found)

    def list_webhook_deliveries(
        self,
        webhook_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None | Unset = UNSET,
    ) -> DeliveryPage:
        """Return one page of a subscription's deliveries, newest first.

        Raises:
            NotFoundError: There is no subscription with this id.
        """
        page = self._object(
            wire.LIST_WEBHOOK_DELIVERIES,
            path={"id": webhook_id},
            query={"limit": limit, "cursor": cursor},
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )
        return cast("DeliveryPage", page)


def _event_names(events: Iterable[str] | str | None) -> list[str] | str | None:
    """Return what the wire takes: a list of names, or one string for all."""
    if isinstance(events, str):
        return events if events == "*" else [events]
    return None if events is None else list(events)
