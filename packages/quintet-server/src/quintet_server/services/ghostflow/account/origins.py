"""Where a request comes from: address, program, method and path, as the audit log keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

from quintet_server.services.ghostflow.clicks.addresses import Addresses
from quintet_server.services.ghostflow.context import GhostFlow

__all__ = ["Origin", "address_of", "origin_of"]

# The index over paths has room for so many of the longest characters.
_TEXT_MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """What a row of the audit log says of a request; kept to what PostgreSQL can keep."""

    ip: str
    user_agent: str
    method: str
    path: str


def address_of(parts: GhostFlow, scope: Scope) -> str:
    """The client's address; empty if there is none (a socket of the file system)."""
    client = scope.get("client")
    headers = dict(scope["headers"])
    return parts.room(Addresses).client_ip(client[0], headers) if client else ""


def origin_of(parts: GhostFlow, scope: Scope) -> Origin:
    """The origin of a request."""
    agents = (value for name, value in scope["headers"] if name == b"user-agent")
    return Origin(
        address_of(parts, scope),
        _kept(next(agents, b"").decode("latin-1")),
        _kept(scope["method"]),
        _kept(scope["path"]),
    )


def _kept(text: str) -> str:
    """PostgreSQL keeps no NUL and no half characters; one bad row would hold up all others."""
    text = text[:_TEXT_MAX_CHARS].replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode()
