"""Signing up and in: requests, the token, the user."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import NotRequired, TypedDict

from aerostack._model import BaseModel, CamelModel
from aerostack.types import UNSET, OptionalNullable

__all__ = [
    "AuthResponse",
    "AuthSigninRequestBody",
    "AuthSigninRequestBodyTypedDict",
    "AuthSignupRequestBody",
    "AuthSignupRequestBodyTypedDict",
    "Security",
    "SecurityTypedDict",
    "User",
]


class SecurityTypedDict(TypedDict):
    """The credential of the API."""

    api_key_auth: str


class Security(BaseModel):
    """The credential of the API; its ``repr`` does not show it."""

    api_key_auth: str


class AuthSignupRequestBodyTypedDict(TypedDict):
    """A new user."""

    email: str
    password: str
    name: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]


class AuthSignupRequestBody(BaseModel):
    """A new user.

    Attributes:
        email: Address that the user signs in with.
        password: At least 8 characters; masked in ``repr``.
        name: How to call the user.
        metadata: Anything else to keep with the user.
    """

    email: str
    password: str
    name: str | None = None
    metadata: dict[str, Any] | None = None


class AuthSigninRequestBodyTypedDict(TypedDict):
    """A user's address and password."""

    email: str
    password: str


class AuthSigninRequestBody(BaseModel):
    """A user's address and password; the password is masked in ``repr``."""

    email: str
    password: str


class User(CamelModel):
    """A user of the project.

    Attributes:
        name: ``UNSET`` if the service did not say, ``None`` if the user has none.
    """

    id: str | None = None
    email: str | None = None
    name: OptionalNullable[str] = UNSET
    created_at: datetime | None = None
    metadata: dict[str, Any] | None = None


class AuthResponse(CamelModel):
    """A user who is signed in.

    Attributes:
        token: The user's token (a JWT), masked in ``repr``; it never replaces the API key.
        expires_at: When it ends.
        user: Who it is.
    """

    token: str | None = None
    expires_at: datetime | None = None
    user: User | None = None
