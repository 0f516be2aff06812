"""The endpoints of webhooks, and the start of the room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quintet_server.services.ghostflow.catalog.documents import Deleted
from quintet_server.services.ghostflow.context import SERVICE, GhostFlow
from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.webhooks import deliveries, managing
from quintet_server.services.ghostflow.webhooks.format import hook_format
from quintet_server.services.ghostflow.webhooks.shapes import (
    ChangeWebhook,
    CreateWebhook,
    DeliveryShape,
    DeliveryShapes,
    WebhookShape,
    WebhookShapes,
    WebhookWithSecret,
)

__all__ = ["ENDPOINTS", "start"]

_SCOPE = "admin"

ENDPOINTS = (
    Endpoint(
        path="/webhooks",
        handler=managing.list_,
        operation_id="webhooks.list",
        summary="The webhooks of the team, newest first",
        scope=_SCOPE,
        query=managing.QUERY,
        response=WebhookShapes,
    ),
    Endpoint(
        path="/webhooks",
        method="POST",
        handler=managing.create,
        operation_id="webhooks.create",
        summary="Have a URL told of events; the secret that signs them is shown this once",
        scope=_SCOPE,
        request=CreateWebhook,
        response=WebhookWithSecret,
        status=201,
        description="`X-GhostFlow-Signature` is `t=<seconds>,v1=<hex>`: the HMAC-SHA256 of "
        "`<seconds>.<body>`, keyed with the secret.",
    ),
    Endpoint(
        path="/webhooks/{id}",
        handler=managing.get,
        operation_id="webhooks.get",
        summary="One webhook, without its secret",
        scope=_SCOPE,
        response=WebhookShape,
    ),
    *(
        Endpoint(
            path="/webhooks/{id}",
            method=method,
            handler=managing.change,
            operation_id=operation,
            summary="Change a webhook",
            scope=_SCOPE,
            request=ChangeWebhook,
            response=WebhookShape,
        )
        for method, operation in (("PATCH", "webhooks.update"), ("PUT", "webhooks.put"))
    ),
    Endpoint(
        path="/webhooks/{id}",
        method="DELETE",
        handler=managing.delete,
        operation_id="webhooks.delete",
        summary="Remove a webhook with its deliveries",
        scope=_SCOPE,
        response=Deleted,
    ),
    Endpoint(
        path="/webhooks/{id}/rotate-secret",
        method="POST",
        handler=managing.rotate_secret,
        operation_id="webhooks.rotateSecret",
        summary="Sign with another secret, which is shown this once",
        scope=_SCOPE,
        response=WebhookWithSecret,
        description="Until the old one ends, a day later, there is a `v1` of each.",
    ),
    Endpoint(
        path="/webhooks/{id}/test",
        method="POST",
        handler=deliveries.test,
        operation_id="webhooks.test",
        summary="Send a test event to this webhook",
        scope=_SCOPE,
        response=DeliveryShape,
        status=202,
    ),
    Endpoint(
        path="/webhooks/{id}/deliveries",
        handler=deliveries.list_,
        operation_id="webhooks.deliveries",
        summary="What became of each delivery, newest first",
        scope=_SCOPE,
        query=deliveries.QUERY,
        response=DeliveryShapes,
    ),
    Endpoint(
        path="/webhooks/{id}/deliveries/{deliveryId}/redeliver",
        method="POST",
        handler=deliveries.redeliver,
        operation_id="webhooks.redeliver",
        summary="Send the event of a delivery again",
        scope=_SCOPE,
        response=DeliveryShape,
        status=202,
    ),
)


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Say how GhostFlow's webhooks look; the engine sends them. Nothing needs to be stopped."""
    parts.hooks.formats.register(SERVICE, hook_format(parts.settings))

    async def stop() -> None:
        return

    return stop
