"""Domains: under which names tracking links are published."""

# ruff: noqa: N815 - the names are the wire's

from __future__ import annotations

from typing import TypedDict

from ghostflow.types.shared import Stored


class DomainVerification(TypedDict):
    """What is fetched from the domain to see that it is yours."""

    path: str
    token: str


class Domain(Stored):
    """A domain; ``status`` is ``pending``, ``active`` or ``failed``."""

    host: str
    status: str
    isDefault: bool
    fallbackUrl: str | None
    verification: DomainVerification
    lastCheckedAt: str | None
    lastError: str | None


class DomainFields(TypedDict, total=False):
    """What can be said of a domain besides its host.

    Attributes:
        is_default: Whether links are published under it unless a campaign says otherwise.
        fallback_url: Where unknown and stopped links lead; ``None`` for a plain 404 page.
    """

    is_default: bool
    fallback_url: str | None


class DomainChanges(DomainFields, total=False):
    """What can be changed of a domain."""

    host: str
