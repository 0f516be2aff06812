"""Keys, teams, and who is asking."""

from __future__ import annotations

from typing import Literal, TypedDict

from ghostflow.types.shared import Stored

Scope = Literal[
    "read:campaigns",
    "write:campaigns",
    "read:domains",
    "write:domains",
    "read:offers",
    "write:offers",
    "read:sources",
    "write:sources",
    "read:networks",
    "write:networks",
    "read:stats",
    "read:billing",
    "admin",
    "read",
    "write",
]
"""``read`` is every ``read:…``, ``write`` those and every ``write:…``, ``admin`` everything."""


class ApiKey(TypedDict):
    """A key without its secret; ``status`` is ``active`` or ``revoked``."""

    id: str
    name: str
    prefix: str
    permissions: list[str]
    status: str
    createdAt: str
    lastUsedAt: str | None
    expiresAt: str | None
    revokedAt: str | None


class ApiKeyWithSecret(ApiKey):
    """A key with its secret, which is shown this one time."""

    key: str


class AuditEntry(TypedDict):
    """A line of a key's audit log; uses of one minute are one line with a ``count``.

    ``action`` is ``created``, ``used``, ``denied``, ``revoked``, ``regenerated`` or ``deleted``.
    """

    id: str
    keyId: str
    action: str
    at: str
    actor: str
    ip: str
    userAgent: str
    method: str
    path: str
    status: int
    count: int


class User(TypedDict):
    """A person."""

    id: str
    email: str
    name: str | None
    createdAt: str


class Membership(TypedDict):
    """A team; ``role`` is the person's in it (``owner``, ``admin``, …), ``None`` for a key."""

    id: str
    name: str
    role: str | None


class Login(TypedDict):
    """A token in exchange for a password; ``expiresIn`` counts seconds."""

    accessToken: str
    tokenType: str
    expiresIn: int
    user: User
    teams: list[Membership]


class Me(TypedDict):
    """Who is asking, a person or a key, in which teams, and what is allowed in the team meant."""

    user: User | None
    apiKey: ApiKey | None
    teamId: str | None
    teams: list[Membership]
    scopes: list[str]


class Team(Stored):
    """A team: the name, and what its reports are written in."""

    timezone: str
    currency: str


class TeamChanges(TypedDict, total=False):
    """What can be changed of a team."""

    name: str
    timezone: str
    currency: str


class Subscription(TypedDict):
    """The plan of the team."""

    plan: str
    status: str
    limits: dict[str, int]
