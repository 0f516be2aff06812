"""What work leaves behind and what starts it: sessions, artifacts, routines."""

from __future__ import annotations

from typing import Any, TypedDict

from amdahl.types.envelope import Envelope


class _SessionCore(TypedDict):
    id: str


class Session(_SessionCore, total=False):
    """A workspace of data; not a run of an agent."""

    business_id: str
    user_id: str | None
    title: str | None
    metadata: dict[str, Any]
    created_at: str
    updated_at: str


class SessionList(Envelope):
    """A page of sessions."""

    items: list[Session]


class _ArtifactCore(TypedDict):
    id: str
    artifact_type: str
    title: str
    status: str
    """``"draft"``, ``"saved"`` or ``"archived"``."""
    current_version: int


class Artifact(_ArtifactCore, total=False):
    """Something that an agent or a person made."""

    content_json: dict[str, Any]
    created_at: str
    updated_at: str


class ArtifactList(Envelope):
    """A page of artifacts."""

    items: list[Artifact]


class _ArtifactVersionCore(TypedDict):
    version: int


class ArtifactVersion(_ArtifactVersionCore, total=False):
    """What an artifact was at a time."""

    artifact_id: str
    title: str
    content_json: dict[str, Any]
    change_summary: str | None
    created_at: str


class _RoutineCore(TypedDict):
    id: str
    name: str
    prompt: str
    cron: str
    enabled: bool


class Routine(_RoutineCore, total=False):
    """Work that begins by the clock."""

    timezone: str
    agent: str | None
    config: dict[str, Any]
    next_run_at: str | None
    last_session_id: str | None
    created_at: str
    updated_at: str


class RoutineList(Envelope):
    """A page of routines."""

    items: list[Routine]
