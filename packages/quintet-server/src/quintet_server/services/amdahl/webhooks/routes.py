"""The endpoints of webhooks, and the start of the room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quintet_server.services.amdahl.context import SERVICE, Amdahl
from quintet_server.services.amdahl.endpoints import Endpoint
from quintet_server.services.amdahl.webhooks import deliveries, managing
from quintet_server.services.amdahl.webhooks.format import hook_format
from quintet_server.services.amdahl.webhooks.models import (
    ChangeWebhook,
    CreateWebhook,
    Deliveries,
    Delivery,
    Webhook,
    Webhooks,
    WebhookWithSecret,
)

__all__ = ["ENDPOINTS", "start"]

_READ, _WRITE = "webhooks:read", "webhooks:write"

ENDPOINTS = (
    Endpoint(
        path="/webhooks",
        handler=managing.create,
        operation_id="webhooks.create",
        summary="Register a webhook; its secret is shown this once",
        scope=_WRITE,
        role="editor",
        request=CreateWebhook,
        response=WebhookWithSecret,
        status=201,
    ),
    Endpoint(
        path="/webhooks",
        method="GET",
        handler=managing.list_,
        operation_id="webhooks.list",
        summary="The webhooks of the business, newest first",
        scope=_READ,
        response=Webhooks,
    ),
    Endpoint(
        path="/webhooks/{id}",
        method="GET",
        handler=managing.get,
        operation_id="webhooks.get",
        summary="One webhook, without its secret",
        scope=_READ,
        response=Webhook,
    ),
    Endpoint(
        path="/webhooks/{id}",
        method="PATCH",
        handler=managing.change,
        operation_id="webhooks.update",
        summary="Change a webhook, or rotate its secret",
        scope=_WRITE,
        role="editor",
        request=ChangeWebhook,
        response=WebhookWithSecret,
        description="After a rotation `X-Webhook-Signature` and `X-Amdahl-Signature` are made with "
        "the new secret; `X-Webhook-Signature-V2` has a `v1` for each secret that is valid, the "
        "old one for 24 hours more.",
    ),
    Endpoint(
        path="/webhooks/{id}",
        method="DELETE",
        handler=managing.delete,
        operation_id="webhooks.delete",
        summary="Remove a webhook with its deliveries",
        scope=_WRITE,
        role="editor",
        status=204,
    ),
    Endpoint(
        path="/webhooks/{id}/test",
        handler=deliveries.test,
        operation_id="webhooks.test",
        summary="Send a test event to this webhook",
        scope=_WRITE,
        role="editor",
        response=Delivery,
        status=202,
    ),
    Endpoint(
        path="/webhooks/{id}/deliveries",
        method="GET",
        handler=deliveries.list_,
        operation_id="webhooks.deliveries",
        summary="What became of each delivery, newest first",
        scope=_READ,
        response=Deliveries,
    ),
    Endpoint(
        path="/webhooks/{id}/deliveries/{did}/redeliver",
        handler=deliveries.redeliver,
        operation_id="webhooks.redeliver",
        summary="Send the event of a delivery again",
        scope=_WRITE,
        role="editor",
        response=Delivery,
        status=202,
    ),
)


async def start(parts: Amdahl) -> Callable[[], Awaitable[None]]:
    """Say how Amdahl's webhooks look; the engine sends them. Nothing needs to be stopped."""
    parts.hooks.formats.register(SERVICE, hook_format(parts.settings))

    async def stop() -> None:
        return

    return stop
