# Generated from amdahl/_async/account.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.account``: who calls, keys, the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from amdahl import _wire as wire
from amdahl._arguments import given, names
from amdahl._sync.calls import Resource
from amdahl._sync.pager import Pager, list_all

if TYPE_CHECKING:
    from amdahl.types import ApiKey, AuditEntry, Context, CreatedApiKey, Me


class Account(Resource):
    """The key, and the workspace it belongs to."""

    def me(self, *, timeout: float | None = None) -> Me:
        """Return the key's business, its scopes, and when it expires."""
        return cast("Me", self._calls.answer(wire.ME, timeout=timeout))

    def context(self, *, timeout: float | None = None) -> Context:
        """Return user, workspace, role and scopes in full."""
        return cast("Context", self._calls.answer(wire.CONTEXT, timeout=timeout))

    def create_api_key(
        self,
        name: str,
        scopes: Iterable[str],
        *,
        role: str | None = None,
        expires_in_days: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> CreatedApiKey:
        """Make a key, and return it with itself, which is shown this once.

        Args:
            name: For people.
            scopes: What it may do; no more than the key that asks.
            role: Of its user; that of the key that asks if omitted.
            expires_in_days: When it ends; never if omitted.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            PermissionDeniedError: The key that asks may do less than this.
        """
        body = given(
            name=name, scopes=names("scopes", scopes), role=role, expires_in_days=expires_in_days
        )
        found = self._calls.answer(
            wire.CREATE_API_KEY, json=body, idempotency_key=idempotency_key, timeout=timeout
        )
        return cast("CreatedApiKey", found)

    def iter_api_keys(
        self, *, limit: int | None = 100, timeout: float | None = None
    ) -> Pager[ApiKey]:
        """Return all keys, newest first, without themselves.

        Args:
            limit: Keys per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(self._calls, wire.LIST_API_KEYS, key="keys", limit=limit, timeout=timeout)

    def revoke_api_key(self, key_id: str, *, timeout: float | None = None) -> None:
        """Revoke a key; it is refused from now on.

        Raises:
            NotFoundError: There is none with this id.
        """
        self._calls.value(wire.REVOKE_API_KEY, path={"key_id": key_id}, timeout=timeout)

    def iter_audit_log(
        self,
        *,
        q: str | None = None,
        status: str | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        limit: int | None = 100,
        timeout: float | None = None,
    ) -> Pager[AuditEntry]:
        """Return the operations that were called, newest first.

        Args:
            q: Words of the operation, its subject, the user or the request id.
            status: HTTP status of the answer.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            limit: Entries per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_AUDIT_LOG,
            q=q,
            status=status,
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            limit=limit,
            timeout=timeout,
        )
