"""Webhooks, their deliveries, and what is delivered."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from flowmaestro.types.envelope import Meta, Pagination

WebhookEventType = Literal[
    "execution.started",
    "execution.completed",
    "execution.failed",
    "execution.cancelled",
    "thread.message.created",
    "thread.message.completed",
    "thread.message.failed",
    "agent.execution.started",
    "agent.execution.completed",
    "agent.execution.failed",
]


class _WebhookCore(TypedDict):
    id: str
    name: str
    url: str
    events: list[str]


class Webhook(_WebhookCore, total=False):
    """A subscription of a URL to events."""

    headers: dict[str, str] | None
    is_active: bool
    created_at: str
    updated_at: str


class CreatedWebhook(Webhook):
    """A webhook with its secret, which is shown at its creation only."""

    secret: str


class CreatedWebhookResponse(TypedDict):
    """The answer to creating a webhook."""

    data: CreatedWebhook
    meta: Meta


class WebhookResponse(TypedDict):
    """One webhook."""

    data: Webhook
    meta: Meta


class WebhookList(TypedDict):
    """A page of webhooks."""

    data: list[Webhook]
    pagination: Pagination
    meta: Meta


class _WebhookTestCore(TypedDict):
    success: bool
    response_time_ms: int
    error_message: str | None
    error: str | None
    """The same as ``error_message``."""


class WebhookTest(_WebhookTestCore, total=False):
    """What became of a test delivery."""

    webhook_id: str
    delivery_id: str
    status_code: int | None
    message: str


class WebhookTestResponse(TypedDict):
    """The answer to a test."""

    data: WebhookTest
    meta: Meta


class _DeliveryCore(TypedDict):
    id: str
    status: str
    """``pending``, ``success``, ``retrying`` or ``failed``."""


class Delivery(_DeliveryCore, total=False):
    """One event on its way to a webhook's URL."""

    webhook_id: str
    event_type: str
    attempts: int
    response_status: int | None
    response_time_ms: int | None
    error_message: str | None
    created_at: str
    last_attempt_at: str | None
    next_retry_at: str | None


class DeliveryList(TypedDict):
    """A page of deliveries."""

    data: list[Delivery]
    pagination: Pagination
    meta: Meta


class WebhookEvent(TypedDict):
    """The body of a delivery."""

    id: str
    """The same over all attempts."""
    event: str
    created_at: str
    data: dict[str, Any]
