"""Profiles of a project: the built-in ones and those it has defined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from quintet_server.services.amdahl.agents.definitions import ProfileSpec, profile_of
from quintet_server.services.amdahl.agents.model import Profile
from quintet_server.services.amdahl.agents.profiles import BUILT_IN
from quintet_server.store.database import Connection

__all__ = ["StoredProfile", "list_profiles"]

_LIST = "SELECT id, spec, created_at, updated_at FROM amdahl_agent_profiles WHERE project_id = %s"
# The built-in ones have been there from the beginning; lists have the newest first.
_ALWAYS = datetime(2026, 4, 14, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile, and since when it is there."""

    profile: Profile
    created_at: datetime
    updated_at: datetime


async def list_profiles(conn: Connection, project_id: str) -> Mapping[str, StoredProfile]:
    """Every profile of a project by its id, newest first."""
    rows = await (await conn.execute(_LIST, (project_id,))).fetchall()
    found = [StoredProfile(profile, _ALWAYS, _ALWAYS) for profile in BUILT_IN.values()]
    for id, spec, created_at, updated_at in rows:
        profile = profile_of(id, ProfileSpec.model_validate(spec))
        found.append(StoredProfile(profile, created_at, updated_at))
    found.sort(key=lambda one: (one.created_at, one.profile.id), reverse=True)
    return {one.profile.id: one for one in found}
