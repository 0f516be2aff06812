"""Who calls, and with what."""

from __future__ import annotations

from typing import TypedDict


class _MeCore(TypedDict):
    business_id: str
    scopes: list[str]


class Me(_MeCore, total=False):
    """What a key is good for."""

    expires_at: str | None


class _WorkspaceCore(TypedDict):
    id: str


class Workspace(_WorkspaceCore, total=False):
    """The workspace of a key."""

    name: str
    slug: str


class _ContextCore(TypedDict):
    user_id: str
    business_id: str
    scopes: list[str]


class Context(_ContextCore, total=False):
    """Who calls, in full."""

    auth_method: str
    """``"api_key"`` or ``"oauth"``."""
    email: str | None
    workspace: Workspace | None
    role: str
    client_id: str | None


class _ApiKeyCore(TypedDict):
    id: str
    name: str
    scopes: list[str]


class ApiKey(_ApiKeyCore, total=False):
    """A key, without itself."""

    prefix: str
    role: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class CreatedApiKey(ApiKey):
    """A key that was just made."""

    key: str
    """The key itself, shown this once."""


class _AuditEntryCore(TypedDict):
    operation: str


class AuditEntry(_AuditEntryCore, total=False):
    """One operation that was called."""

    id: str
    subject: str | None
    user_id: str | None
    key_id: str | None
    status: int
    request_id: str
    created_at: str
