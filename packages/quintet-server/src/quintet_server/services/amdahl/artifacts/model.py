"""An artifact, one of its versions, and how they look on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, LiteralString, cast

from quintet_server.services.amdahl.wire import instant

__all__ = ["COLUMNS", "STATUSES", "VERSION_COLUMNS", "Artifact", "Version"]

STATUSES = ("draft", "saved", "archived")


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact without its content; the fields are those of its row.

    Attributes:
        session_id: of the agent session that made it.
    """

    project_id: str
    id: str
    artifact_type: str
    title: str
    status: str
    current_version: int
    session_id: str | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime

    def short(self) -> dict[str, Any]:
        """As events and the results of sessions name it."""
        return {
            "id": self.id,
            "artifact_type": self.artifact_type,
            "title": self.title,
            "status": self.status,
            "current_version": self.current_version,
        }

    def summary(self) -> dict[str, Any]:
        """As lists show it; `type` is an older name of `artifact_type`."""
        return {
            **self.short(),
            "type": self.artifact_type,
            "business_id": self.project_id,
            "session_id": self.session_id,
            "created_by": self.created_by,
            "created_at": instant(self.created_at),
            "updated_at": instant(self.updated_at),
        }

    def full(self, content: Any) -> dict[str, Any]:
        """With the content of its current version."""
        return {**self.summary(), "content_json": content}


@dataclass(frozen=True, slots=True)
class Version:
    """A version; the fields are those of its row."""

    artifact_id: str
    version: int
    title: str
    change_summary: str | None
    created_by: str | None
    created_at: datetime

    def wire(self) -> dict[str, Any]:
        """As lists show it."""
        return {
            "artifact_id": self.artifact_id,
            "version": self.version,
            "title": self.title,
            "change_summary": self.change_summary,
            "created_by": self.created_by,
            "created_at": instant(self.created_at),
        }

    def full(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """With its content."""
        return {**self.wire(), "content_json": content}


# Names of our own fields: as literal as if they were written out.
COLUMNS = ", ".join(
    f"a.{name}" for name in cast("list[LiteralString]", [f.name for f in fields(Artifact)])
)
VERSION_COLUMNS = ", ".join(
    f"v.{name}" for name in cast("list[LiteralString]", [f.name for f in fields(Version)])
)
