"""Users, teams and keys as callers see them; the models are for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel
from pydantic.alias_generators import to_camel

from quintet_server.services.ghostflow.account.users import Membership, User
from quintet_server.services.ghostflow.context import SERVICE
from quintet_server.services.ghostflow.wire import instant
from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.keys import ApiKey

__all__ = ["in_order", "key_shape", "team_shape", "user_shape"]

_SCOPES = KEY_FORMATS[SERVICE].scopes


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class UserShape(_Shape):
    """Somebody who can sign in."""

    id: str
    email: str
    name: str | None
    created_at: str


class OwnTeamShape(_Shape):
    """A team, as one of its members is told of it."""

    id: str
    name: str
    role: Literal["owner", "admin", "editor", "viewer"] | None


class KeyShape(_Shape):
    """An API key, without its secret."""

    id: str
    name: str
    prefix: str
    permissions: list[str]
    status: Literal["active", "revoked"]
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    revoked_at: str | None


class NewKeyShape(KeyShape):
    """An API key at the only moment its secret is shown."""

    key: str


class MeShape(_Shape):
    """The caller: a user or a key."""

    user: UserShape | None
    api_key: KeyShape | None
    team_id: str | None
    teams: list[OwnTeamShape]
    scopes: list[str]


class AuditShape(_Shape):
    """What was done to a key, or with it."""

    id: str
    key_id: str
    action: Literal["created", "used", "denied", "revoked", "regenerated", "deleted"]
    at: str
    actor: str
    ip: str
    user_agent: str
    method: str
    path: str
    status: int
    count: int


class TeamShape(_Shape):
    """A team."""

    id: str
    team_id: str
    name: str
    version: int
    created_at: str
    updated_at: str
    timezone: str
    currency: str


class Keys(RootModel[list[KeyShape]]):
    """A page of keys."""


class AuditLog(RootModel[list[AuditShape]]):
    """A page of a key's audit log."""


class Teams(RootModel[list[TeamShape]]):
    """A page of teams."""


class Subscription(_Shape):
    """What is paid for."""

    plan: str
    status: str
    limits: dict[str, int]


def user_shape(user: User) -> dict[str, Any]:
    """A user."""
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.name,
        "createdAt": instant(user.created_at),
    }


def team_shape(membership: Membership) -> dict[str, Any]:
    """A team of a user, with their role in it."""
    return {"id": str(membership.team_id), "name": membership.name, "role": membership.role}


def key_shape(key: ApiKey) -> dict[str, Any]:
    """A key; its permissions in the words they were given in."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "permissions": key.attributes.get("permissions") or in_order(key.scopes),
        "status": "active" if key.revoked_at is None else "revoked",
        "createdAt": instant(key.created_at),
        "lastUsedAt": instant(key.last_used_at),
        "expiresAt": instant(key.expires_at),
        "revokedAt": instant(key.revoked_at),
    }


def in_order(scopes: frozenset[str] | list[str]) -> list[str]:
    """Scopes in the order the vendor lists them."""
    return [scope for scope in _SCOPES if scope in scopes]
