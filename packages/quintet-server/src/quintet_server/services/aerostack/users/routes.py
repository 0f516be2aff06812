"""`POST /auth/signup` and `POST /auth/signin`: users of a project, for who has its key."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from quintet_server.services.aerostack.context import Call, write
from quintet_server.services.aerostack.endpoints import Body, Endpoint
from quintet_server.services.aerostack.users.model import signed_shape, token_for
from quintet_server.services.aerostack.users.public_routes import (
    HOST_PREFIXES,
    HOST_ROUTES,
    PUBLIC_PREFIXES,
)
from quintet_server.services.aerostack.users.records import NewUser
from quintet_server.services.aerostack.users.signing_in import sign_in
from quintet_server.services.aerostack.users.signing_up import insert_user, new_user
from quintet_server.services.aerostack.users.tidying import start
from quintet_server.services.aerostack.wire import ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ENDPOINTS", "HOST_PREFIXES", "HOST_ROUTES", "PUBLIC_PREFIXES", "start"]


class AuthSignup(Body):
    """A new user."""

    email: str = Field(json_schema_extra={"format": "email"})
    password: str = Field(json_schema_extra={"minLength": 8, "format": "password"})
    name: str | None = None
    metadata: dict[str, Any] | None = None


class AuthSignin(Body):
    """A user's address and password."""

    email: str = Field(json_schema_extra={"format": "email"})
    password: str = Field(json_schema_extra={"format": "password"})


class AuthUser(BaseModel):
    """A user of the project."""

    model_config = ConfigDict(alias_generator=to_camel)

    id: UUID
    email: str
    name: str | None
    created_at: datetime
    metadata: dict[str, Any]


class AuthResponse(BaseModel):
    """A token of the user, and until when it holds."""

    model_config = ConfigDict(alias_generator=to_camel)

    token: str
    expires_at: datetime
    user: AuthUser


async def auth_signup(call: Call, body: AuthSignup) -> Response:
    """Make a user and sign them in."""
    idempotency_key = call.request.headers.get("idempotency-key")
    new = await new_user(call.parts, call.project_id, body, idempotency_key=idempotency_key)
    # Issued before the transaction: that holds a connection, and this may need one.
    signed = await token_for(call.parts, call.project_id, new.id, new.email)
    call.raw = _sameness(new)

    async def action(conn: Connection) -> Reply:
        return ok_reply(signed_shape(await insert_user(conn, new), signed), 201)

    return await write(call, action)


async def auth_signin(call: Call, body: AuthSignin) -> Response:
    """Sign a user in. Repeating it makes another token, so an idempotency key changes nothing."""
    user = await sign_in(call.parts, call.project_id, body.email, body.password)
    signed = await token_for(call.parts, call.project_id, user.id, user.email)
    return ok(signed_shape(user, signed))


def _sameness(new: NewUser) -> bytes:
    """What a repetition has in common with the first request; of the password, the slow hash."""
    return orjson.dumps([new.email, new.name, new.metadata, new.password_hash])


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/auth/signup",
        handler=auth_signup,
        operation_id="authSignup",
        summary="Sign up new user",
        scope="auth",
        request=AuthSignup,
        response=AuthResponse,
        status=201,
    ),
    Endpoint(
        path="/auth/signin",
        handler=auth_signin,
        operation_id="authSignin",
        summary="Sign in user",
        scope="auth",
        request=AuthSignin,
        response=AuthResponse,
    ),
)
