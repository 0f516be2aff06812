"""Signing up: a new user of a project."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

from quintet_server.engines.identity import PasswordsBusy
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import conflict, unavailable
from quintet_server.services.aerostack.users.model import User
from quintet_server.services.aerostack.users.profile import Faults
from quintet_server.services.aerostack.users.records import NewUser, create_user
from quintet_server.store.database import Connection

__all__ = ["busy", "insert_user", "new_user"]


class Registration(Protocol):
    """What somebody says who signs up."""

    @property
    def email(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def metadata(self) -> Mapping[str, Any] | None: ...


async def new_user(
    parts: Aerostack, project_id: str, wanted: Registration, *, idempotency_key: str | None = None
) -> NewUser:
    """Check and hash what a user is made of; nothing is written.

    With an idempotency key the same call gives the same hash, by which a repetition is recognised:
    a fast hash of the request would let whoever reads the database guess the password.

    Raises ApiError: 400 with every field at fault, 503 when too many passwords are being hashed.
    """
    faults = Faults(parts.settings)
    key = faults.email(wanted.email)
    faults.password(wanted.password)
    faults.name(wanted.name)
    metadata = faults.metadata(wanted.metadata)
    faults.raise_if_any()
    salt = None
    if idempotency_key is not None:
        text = f"{project_id}\0{key}\0{idempotency_key}"
        salt = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
    try:
        hashed = await parts.passwords.hash(wanted.password, salt=salt)
    except PasswordsBusy as error:
        raise busy(error) from error
    return NewUser(uuid4(), project_id, wanted.email, key, wanted.name, metadata, hashed)


async def insert_user(conn: Connection, new: NewUser) -> User:
    """Write a new user. Raises ApiError: 409 when the project has one of this address."""
    user = await create_user(conn, new)
    if user is None:
        raise conflict("A user with this e-mail address exists already.", "AUTH_USER_EXISTS")
    return user


def busy(error: PasswordsBusy) -> ApiError:
    """503: so many sign in and up at the moment that the queue is full."""
    message = "Too many users are signing in or up right now; try again shortly."
    return unavailable(message, error.retry_after)
