"""Who is calling: API keys from headers to principals, and the scopes a call needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request
from starlette.types import Scope

from quintet_server.http.context import Kernel
from quintet_server.http.errors import ErrorEnvelope, Failure
from quintet_server.store.keys import Principal, Rejection

__all__ = ["Authenticator", "KeyAuth", "KeyHeader", "require_scopes"]

_FAILURES = {
    Rejection.UNKNOWN: (Failure.KEY_UNKNOWN, "This API key is not valid."),
    Rejection.REVOKED: (Failure.KEY_REVOKED, "This API key was revoked."),
    Rejection.EXPIRED: (Failure.KEY_EXPIRED, "This API key has expired."),
}


class Authenticator(Protocol):
    """Turns the headers of a request into a principal, or raises ApiError."""

    async def __call__(
        self, headers: Mapping[bytes, bytes], kernel: Kernel, envelope: ErrorEnvelope, scope: Scope
    ) -> Principal:
        """Return whom the request speaks for.

        ``scope`` is the request's: who is on the other side of the connection, and the path.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """One header a key may come in; ``bearer`` expects ``Bearer <key>`` (RFC 6750 §2.1)."""

    name: str = "Authorization"
    bearer: bool = True
    _wire_name: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Spell the name once as requests have it."""
        object.__setattr__(self, "_wire_name", self.name.lower().encode())

    def read(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the key, or None if this header carries none."""
        value = headers.get(self._wire_name)
        if value is None:
            return None
        if self.bearer:
            scheme, _, value = value.partition(b" ")
            if scheme.lower() != b"bearer":
                return None
        return value.strip().decode("latin-1") or None


class KeyAuth:
    """API keys of one service, looked for in several headers; the first present one counts."""

    def __init__(self, service: str, headers: Sequence[KeyHeader] = (KeyHeader(),)):
        self._service = service
        self._headers = tuple(headers)
        bearer = any(header.bearer for header in headers)
        self._challenge = {"WWW-Authenticate": "Bearer"} if bearer else {}

    async def __call__(
        self, headers: Mapping[bytes, bytes], kernel: Kernel, envelope: ErrorEnvelope, scope: Scope
    ) -> Principal:
        """Return the principal of the key, or raise the service's 401."""
        for header in self._headers:
            if (secret := header.read(headers)) is not None:
                break
        else:
            names = " or ".join(
                f"{header.name}: Bearer <key>" if header.bearer else f"{header.name}: <key>"
                for header in self._headers
            )
            message = f"No API key was sent; expected the header {names}."
            raise envelope.error(Failure.KEY_MISSING, message, headers=self._challenge)
        found = await kernel.keys.lookup(secret, self._service)
        if isinstance(found, Principal):
            return found
        failure, message = _FAILURES[found]
        raise envelope.error(failure, message, headers=self._challenge)


def require_scopes(request: Request, *scopes: str) -> None:
    """Raise the service's "missing scope" unless the caller's key has every scope named."""
    # Past `request.state`, which is made anew for every request.
    granted: frozenset[str] = request.scope["state"]["principal"].scopes
    if not granted.issuperset(scopes):
        missing = [scope for scope in scopes if scope not in granted]
        raise request.app.state.service.envelope.error(
            Failure.MISSING_SCOPE,
            f"Missing required scopes: {', '.join(missing)}",
            details={
                "required_scopes": list(scopes),
                "missing_scopes": missing,
                "your_scopes": sorted(granted),
            },
        )
