"""Webhooks and what became of their deliveries."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from amdahl.types.envelope import Envelope

WebhookEventName = Literal[
    "artifact.created",
    "artifact.updated",
    "artifact.status_changed",
    "session.completed",
    "session.failed",
    "session.canceled",
    "session.awaiting_input",
    "page.created",
    "page.updated",
    "page.archived",
    "audit_log.entry_created",
    "webhook.test",
    "*",
]
"""The events known today; a plain ``str`` on the wire."""


class _WebhookCore(TypedDict):
    id: str
    url: str
    events: list[str]
    active: bool


class Webhook(_WebhookCore, total=False):
    """Where events are delivered to."""

    business_id: str
    user_id: str | None
    description: str | None
    enabled: bool
    """The same as ``active``."""
    failure_count: int
    disabled_reason: str | None
    created_at: str
    updated_at: str


class CreatedWebhook(Webhook):
    """A webhook that was just made, or whose secret was just replaced."""

    secret: str
    """Shown this once: keep it for :func:`amdahl.webhooks.verify`."""


class WebhookList(Envelope):
    """A page of webhooks."""

    items: list[Webhook]


class _DeliveryCore(TypedDict):
    id: str
    event: str
    event_id: str | None
    status: str
    attempts: int
    attempt_log: list[dict[str, Any]]


class Delivery(_DeliveryCore, total=False):
    """One event on its way to one webhook."""

    webhook_id: str
    response_status: int | None
    error: str | None
    created_at: str
    last_attempt_at: str | None
    next_attempt_at: str | None
    completed_at: str | None


class DeliveryList(Envelope):
    """A page of deliveries, newest first."""

    items: list[Delivery]
