"""The log of postbacks in the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.alias_generators import to_camel

__all__ = ["PostbackList", "PostbackObject"]


class _Attempt(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    number: int
    at: str
    status: int | None
    error: str | None
    duration_ms: int


class PostbackObject(BaseModel):
    """A postback that was received (`direction` in) or sent (out). Secrets are left out."""

    model_config = ConfigDict(alias_generator=to_camel)

    id: str
    team_id: str
    direction: str
    at: str
    outcome: str
    """in: created, updated, duplicate, ignored, click_not_found, forbidden, invalid; out: pending,
    delivered, failed."""
    reason: str | None
    http_status: int | None
    method: str
    campaign_id: str | None
    offer_id: str | None
    source_id: str | None
    network_id: str | None
    click_id: str | None
    conversion_id: str | None
    event: str | None
    tx_id: str | None
    status: str | None
    completed_at: str | None
    params: dict[str, str] | None = None
    """Received: what was sent."""
    waiting_until: str | None = None
    """Received: until when its click is waited for."""
    url: str | None = None
    """Sent: where to."""
    attempts: list[_Attempt] | None = None
    """Sent: what came of each attempt."""


class PostbackList(RootModel[list[PostbackObject]]):
    """Postbacks."""
