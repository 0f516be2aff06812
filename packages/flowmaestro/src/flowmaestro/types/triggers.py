"""Triggers."""

from __future__ import annotations

from typing import Literal, TypedDict

from flowmaestro.types.envelope import Meta, Pagination

TriggerType = Literal["schedule", "webhook", "event", "manual", "provider"]


class _TriggerCore(TypedDict):
    id: str
    name: str
    type: str
    trigger_type: str
    """The same as ``type``."""


class Trigger(_TriggerCore, total=False):
    """What starts executions of a workflow."""

    workflow_id: str
    workflow_name: str
    enabled: bool
    last_triggered_at: str | None
    trigger_count: int
    created_at: str
    updated_at: str


class TriggerResponse(TypedDict):
    """One trigger."""

    data: Trigger
    meta: Meta


class TriggerList(TypedDict):
    """A page of triggers."""

    data: list[Trigger]
    pagination: Pagination
    meta: Meta
