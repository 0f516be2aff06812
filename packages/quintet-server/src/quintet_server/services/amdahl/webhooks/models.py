"""The bodies of requests about webhooks, and of answers for the OpenAPI document."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, Field, StringConstraints

from quintet_server.services.amdahl.endpoints import Body

_URL_MAX_CHARS = 2_048
_DESCRIPTION_MAX_CHARS = 1_000
_SECRET = re.compile(r"[\x20-\x7e]{16,256}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _secret(value: str) -> str:
    if not _SECRET.fullmatch(value):
        raise ValueError("must have 16 to 256 printable ASCII characters")
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
Secret = Annotated[str, AfterValidator(_secret)]


class CreateWebhook(Body):
    """`POST /webhooks`."""

    url: Url
    events: Events
    description: Description | None = None
    secret: Secret | None = None


class ChangeWebhook(Body):
    """`PATCH /webhooks/{id}`: absent fields keep their value; only a description can be taken away.

    `enabled` is what one of the vendor's pages calls `active`.
    """

    url: Url = ""
    events: Events = Field(default_factory=list)
    description: Description | None = None
    active: bool = Field(default=True, validation_alias=AliasChoices("active", "enabled"))
    rotate_secret: bool = False


class Webhook(BaseModel):
    """A webhook."""

    id: str
    business_id: str
    user_id: str | None
    url: str
    events: list[str]
    description: str | None
    active: bool
    enabled: bool = Field(description="The same as `active`.")
    failure_count: int = Field(description="Deliveries given up since the last that arrived.")
    disabled_reason: str | None
    created_at: str
    updated_at: str


class WebhookWithSecret(Webhook):
    """A webhook where its secret is shown: made just now, or rotated."""

    secret: str | None = None


class Attempt(BaseModel):
    """One try; without a status there was no answer, and `error` says why."""

    number: int
    at: str
    response_status: int | None
    response_body: str | None = Field(description="The beginning of it.")
    error: str | None
    duration_ms: int


class Delivery(BaseModel):
    """One event on its way to one webhook."""

    id: str = Field(description="As in `X-Webhook-Delivery`: one over all attempts.")
    webhook_id: str
    event: str
    event_id: str | None = Field(description="As in `X-Webhook-Id`; null once it is not kept.")
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    response_status: int | None
    error: str | None
    created_at: str
    last_attempt_at: str | None
    next_attempt_at: str | None
    completed_at: str | None
    attempt_log: list[Attempt]


class _Page(BaseModel):
    limit: int
    offset: int
    total: int
    has_more: bool
    next_cursor: str | None


class Webhooks(_Page):
    """A page of webhooks."""

    items: list[Webhook]


class Deliveries(_Page):
    """A page of deliveries."""

    items: list[Delivery]
