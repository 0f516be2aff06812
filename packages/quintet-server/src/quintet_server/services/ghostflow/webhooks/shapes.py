"""Webhooks and deliveries: the bodies of requests, and what callers see."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from quintet_server.engines.hooks.deliveries import Attempt, Delivery
from quintet_server.engines.hooks.formats import Subscription
from quintet_server.services.ghostflow.catalog.resource import ReadOnly
from quintet_server.services.ghostflow.endpoints import Body
from quintet_server.services.ghostflow.webhooks.format import TEAM_HEADER, event_id
from quintet_server.services.ghostflow.wire import instant

__all__ = [
    "ChangeWebhook",
    "CreateWebhook",
    "DeliveryShape",
    "DeliveryShapes",
    "WebhookShape",
    "WebhookShapes",
    "WebhookWithSecret",
    "delivery_object",
    "webhook_object",
]

_URL_MAX_CHARS = 2_048
_DESCRIPTION_MAX_CHARS = 1_000
_SECRET = re.compile(r"[\x21-\x7e]{16,256}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _secret(value: str) -> str:
    if not _SECRET.fullmatch(value):
        raise ValueError("must have 16 to 256 visible ASCII characters")
    return value


def _text(value: str) -> str:
    if _CONTROL.search(value):  # PostgreSQL keeps no NUL, and nobody can read the others
        raise ValueError("must have no control characters")
    return value


Url = Annotated[str, StringConstraints(min_length=1, max_length=_URL_MAX_CHARS)]
Events = Annotated[list[str], Field(min_length=1, max_length=100)]
Description = Annotated[
    str, StringConstraints(max_length=_DESCRIPTION_MAX_CHARS), AfterValidator(_text)
]
Status = Literal["active", "disabled"]


class CreateWebhook(Body):
    """`POST /webhooks`."""

    url: Url
    events: Events
    status: Status = "active"
    description: Description | None = None
    secret: Annotated[str, AfterValidator(_secret)] | None = None


class ChangeWebhook(Body):
    """`PATCH /webhooks/{id}`: absent fields keep their value."""

    url: Url = ""
    events: Events = Field(default_factory=list)
    status: Status = "active"
    description: Description | None = None
    id: ReadOnly = None
    team_id: ReadOnly = None
    version: ReadOnly = None
    failure_count: ReadOnly = None
    disabled_reason: ReadOnly = None
    created_at: ReadOnly = None
    updated_at: ReadOnly = None


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class WebhookShape(_Shape):
    """A webhook."""

    id: str
    team_id: str
    url: str
    events: list[str]
    status: Status
    description: str
    failure_count: int = Field(description="Deliveries given up since the last that arrived.")
    disabled_reason: str | None = Field(description="Why the server switched it off.")
    version: int
    created_at: str
    updated_at: str


class WebhookWithSecret(WebhookShape):
    """A webhook where its secret is shown: made just now, or given a new one."""

    secret: str


class WebhookShapes(RootModel[list[WebhookShape]]):
    """A page of webhooks."""


class AttemptShape(_Shape):
    """One try; without a status there was no answer, and `error` says why."""

    number: int
    at: str
    response_status: int | None
    response_body: str | None = Field(description="The beginning of it.")
    error: str | None
    duration_ms: int


class DeliveryShape(_Shape):
    """One event on its way to one webhook."""

    id: str = Field(description="As in `X-GhostFlow-Delivery`: one over all attempts.")
    webhook_id: str
    event: str
    event_id: str | None = Field(description="The body's `id`; null once it is not kept.")
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    response_status: int | None
    error: str | None
    created_at: str
    delivered_at: str | None
    next_attempt_at: str | None
    attempt_log: list[AttemptShape]


class DeliveryShapes(RootModel[list[DeliveryShape]]):
    """A page of deliveries."""


def webhook_object(webhook: Subscription) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {
        "id": webhook.id,
        "teamId": webhook.headers.get(TEAM_HEADER),
        "url": webhook.url,
        "events": list(webhook.events),
        "status": "active" if webhook.enabled else "disabled",
        "description": webhook.description or "",
        "failureCount": webhook.failure_count,
        "disabledReason": webhook.disabled_reason,
        "version": webhook.version,
        "createdAt": instant(webhook.created_at),
        "updatedAt": instant(webhook.updated_at),
    }


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """A delivery with its attempts; what was answered is that of the last."""
    last = delivery.attempts[-1] if delivery.attempts else None
    known = delivery.event_created_at
    return {
        "id": str(delivery.id),
        "webhookId": delivery.subscription_id,
        "event": delivery.event_type,
        "eventId": None if known is None else str(event_id(known, delivery.event_seq)),
        "status": delivery.state,
        "attempts": len(delivery.attempts),
        "responseStatus": last.status if last else None,
        "error": delivery.trouble,
        "createdAt": instant(delivery.created_at),
        "deliveredAt": instant(delivery.completed_at) if delivery.state == "delivered" else None,
        "nextAttemptAt": instant(delivery.next_attempt_at),
        "attemptLog": [_attempt_object(attempt) for attempt in delivery.attempts],
    }


def _attempt_object(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "at": instant(attempt.at),
        "responseStatus": attempt.status,
        "responseBody": attempt.response,
        "error": attempt.error,
        "durationMs": attempt.duration_ms,
    }
