"""Webhooks, their deliveries, and what is delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

WebhookEventType = Literal[
    "conversion.created", "conversion.updated", "campaign.updated", "domain.verified"
]
"""Besides ``webhook.test``, which comes only when it is asked for."""


class Webhook(TypedDict):
    """A subscription of a URL to events; ``status`` is ``active`` or ``disabled``.

    ``failureCount`` counts deliveries given up since the last that arrived; ``disabledReason`` says
    why the server switched it off.
    """

    id: str
    teamId: str
    url: str
    events: list[str]
    status: str
    description: str
    failureCount: int
    disabledReason: str | None
    version: int
    createdAt: str
    updatedAt: str


class WebhookWithSecret(Webhook):
    """A webhook with the secret that its deliveries are signed with, which is shown this once."""

    secret: str


class WebhookFields(TypedDict, total=False):
    """What can be said of a webhook besides its URL and its events.

    Attributes:
        status: ``active`` by default.
        description: For people.
        secret: Of 16 to 256 visible characters; the server makes one otherwise.
    """

    status: str
    description: str | None
    secret: str


class WebhookChanges(TypedDict, total=False):
    """What can be changed of a webhook."""

    url: str
    events: Sequence[str]
    status: str
    description: str | None


class DeliveryAttempt(TypedDict):
    """One try; without ``responseStatus`` there was no answer, and ``error`` says why."""

    number: int
    at: str
    responseStatus: int | None
    responseBody: str | None
    error: str | None
    durationMs: int


class Delivery(TypedDict):
    """What became of one event on its way to one URL; the answer is that of the last attempt.

    ``id`` is as in ``X-GhostFlow-Delivery``; ``status`` is ``pending``, ``delivered`` or
    ``failed``; ``eventId`` is the event's ``id``, ``None`` once it is not kept any more.
    """

    id: str
    webhookId: str
    event: str
    eventId: str | None
    status: str
    attempts: int
    responseStatus: int | None
    error: str | None
    createdAt: str
    deliveredAt: str | None
    nextAttemptAt: str | None
    attemptLog: list[DeliveryAttempt]
