"""What the API keys of each service look like, and which scopes exist there.

Keys are looked up by hash, never matched against these patterns: a key of another shape (an older
one, one imported by hand) is as good as any other.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from quintet_server.store.ids import new_id, new_uuid7

__all__ = ["KEY_FORMATS", "KeyFormat"]

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_HEX = string.digits + "abcdef"


def _key_id() -> str:
    return new_id("key")


def _uuid() -> str:
    return str(new_uuid7())


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """Prefix, alphabet and length of a service's keys; every scope a key there can have.

    `bundles` are names for several scopes at once, and other names of one. `new_key_id` makes the
    ids that keys are listed by.
    """

    prefix: str
    alphabet: str
    length: int
    shown: int
    scopes: tuple[str, ...] = ()
    bundles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    new_key_id: Callable[[], str] = _key_id

    def expand(self, names: Sequence[str]) -> list[str]:
        """Return the scopes that `names`, scopes or bundles of them, stand for, each once.

        Raises ValueError for a name that is neither.
        """
        unknown = sorted(set(names) - set(self.scopes) - set(self.bundles))
        if unknown:
            known = ", ".join(dict.fromkeys((*self.scopes, *self.bundles))) or "none"
            raise ValueError(f"no scope {', '.join(unknown)} (there are: {known})")
        wanted = [scope for name in names for scope in self.bundles.get(name, (name,))]
        return list(dict.fromkeys(wanted))

    def mint(self) -> str:
        """Return a new key, from the operating system's random generator."""
        return self.prefix + "".join(secrets.choice(self.alphabet) for _ in range(self.length))


_FLOWMAESTRO = (
    *("workflows:read", "workflows:execute", "executions:read", "executions:cancel"),
    *("agents:read", "agents:execute", "threads:read", "threads:write"),
    *("triggers:read", "triggers:execute", "knowledge-bases:read", "knowledge-bases:query"),
    *("webhooks:read", "webhooks:write"),
)

_AEROSTACK = (
    *("ai:chat", "ai:ingest", "ai:search", "auth", "billing", "cache", "database"),
    *("queue:enqueue", "queue:manage", "services", "storage"),
)

_AMDAHL = (
    *("data:read", "data:write", "pages:read", "pages:write", "pages:delete", "pages:admin"),
    *("workflows:read", "workflows:write", "workflows:delegate"),
    *("webhooks:read", "webhooks:write", "artifacts:read", "artifacts:write"),
    *("conversations:read", "conversations:write", "agents:read", "agents:write"),
    *("routines:read", "routines:write", "subscriptions:read", "subscriptions:write"),
    *("evals:read", "evals:write", "evals:execute"),
    *("connections:read", "connections:write", "connections:delete"),
    *("notion_sync:read", "notion_sync:write", "notion_sync:delete"),
    *("keys:manage", "metrics:read", "context:read"),
    *("external_search:execute", "messages:execute"),
)

_GHOSTFLOW = (
    *("read:campaigns", "write:campaigns", "read:domains", "write:domains"),
    *("read:offers", "write:offers", "read:sources", "write:sources"),
    *("read:networks", "write:networks", "read:stats", "read:billing", "admin"),
)

KEY_FORMATS: dict[str, KeyFormat] = {
    "flare": KeyFormat("zf_live_sk_", _HEX, 32, shown=24),
    "flowmaestro": KeyFormat(
        "fm_live_",
        _BASE62,
        32,
        shown=16,
        scopes=_FLOWMAESTRO,
        bundles={
            "workflow-executor": (
                *("workflows:read", "workflows:execute", "executions:read", "executions:cancel"),
                *("triggers:read", "triggers:execute"),
            ),
            "agent-executor": ("agents:read", "agents:execute", "threads:read", "threads:write"),
            "knowledge-base-reader": ("knowledge-bases:read", "knowledge-bases:query"),
            "read-only": tuple(scope for scope in _FLOWMAESTRO if scope.endswith(":read")),
            "full-access": _FLOWMAESTRO,
            # One of the vendor's pages calls the right to cancel by this name.
            "executions:write": ("executions:cancel",),
        },
    ),
    "aerostack": KeyFormat(
        "ac_secret_",
        _BASE62,
        32,
        shown=16,
        scopes=_AEROSTACK,
        bundles={
            # For programs in the hands of others: no data of the project, no model at its cost.
            "public": ("auth", "queue:enqueue", "services"),
            "secret": _AEROSTACK,
        },
    ),
    "amdahl": KeyFormat(
        "amdhl_",
        _HEX,
        48,
        shown=14,
        scopes=_AMDAHL,
        bundles={
            "mcp_read_only": tuple(scope for scope in _AMDAHL if scope.endswith(":read")),
            "mcp_customer_agent": (
                *("data:read", "pages:read", "artifacts:read", "context:read"),
                *("workflows:read", "workflows:write", "conversations:read"),
                *("conversations:write", "agents:read", "messages:execute"),
            ),
            "mcp_internal_agent": tuple(
                scope for scope in _AMDAHL if scope not in ("keys:manage", "pages:admin")
            ),
            "mcp_full_admin": _AMDAHL,
            # One of the vendor's pages calls artifacts by this name.
            "assets:read": ("artifacts:read",),
        },
    ),
    "ghostflow": KeyFormat(
        "gf_",
        _BASE62,
        43,
        shown=10,
        scopes=_GHOSTFLOW,
        bundles={
            # What permissions were called before there were others.
            "read": tuple(scope for scope in _GHOSTFLOW if scope.startswith("read:")),
            "write": tuple(scope for scope in _GHOSTFLOW if scope != "admin"),
            "admin": _GHOSTFLOW,
        },
        new_key_id=_uuid,
    ),
}
