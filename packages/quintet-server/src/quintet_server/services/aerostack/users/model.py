"""A user, and what a sign-up or sign-in answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.wire import instant
from quintet_server.store.ids import new_ulid

__all__ = ["Signed", "User", "signed_shape", "token_for", "user_shape"]


@dataclass(frozen=True, slots=True)
class User:
    """A user of a project; `metadata` is JSON text."""

    id: UUID
    project_id: str
    email: str
    name: str | None
    metadata: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Signed:
    """A token, and until when it holds."""

    token: str
    expires_at: datetime
    jti: str


async def token_for(parts: Aerostack, project_id: str, user_id: UUID, email: str) -> Signed:
    """A new token of a user."""
    jti = new_ulid()
    claims = {"sub": str(user_id), "email": email, "pid": project_id, "jti": jti}
    token, expires_at = await parts.tokens.issue(claims)
    return Signed(token, expires_at, jti)


def user_shape(user: User) -> dict[str, Any]:
    """The user as answers show it; without a name that is null."""
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.name,
        "createdAt": instant(user.created_at),
        # As it was given: numbers of any size, any order.
        "metadata": orjson.Fragment(user.metadata),
    }


def signed_shape(user: User, signed: Signed) -> dict[str, Any]:
    """The answer to a sign-up or sign-in."""
    return {
        "token": signed.token,
        "expiresAt": instant(signed.expires_at),
        "user": user_shape(user),
    }
