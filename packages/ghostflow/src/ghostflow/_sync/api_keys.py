# Generated from ghostflow/_async/api_keys.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.api_keys``: keys, their secrets, and what they were used for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._arguments import given, ident
from ghostflow._sync.calls import Resource
from ghostflow.errors import MisuseError
from ghostflow.pages import Page

if TYPE_CHECKING:
    from datetime import datetime

    from ghostflow.types import ApiKey, ApiKeyWithSecret, AuditEntry, Deletion


class ApiKeys(Resource):
    """API keys of the team. They want a login token, or a key with ``admin``."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
    ) -> Page[ApiKey]:
        """Return the team's keys, without their secrets.

        Args:
            limit: 1 to 1000; 1000 by default.
            cursor: ``next_cursor`` of the page before.
            search: Part of the name.
            status: ``active`` or ``revoked``.
            sort: ``createdAt`` or ``name``, with ``-`` in front for descending; ``-createdAt`` by
                default.
        """
        query = given(limit=limit, cursor=cursor, search=search, status=status, sort=sort)
        return self._calls.page(wire.LIST_API_KEYS, query=query)

    def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
    ) -> Iterator[ApiKey]:
        """Iterate over all keys, fetching pages as they are needed.

        Args:
            page_size: Items per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like all the others.
        """
        query = given(limit=page_size, search=search, status=status, sort=sort)
        found = self._calls.items(wire.LIST_API_KEYS, query=query, max_items=max_items)
        for item in found:
            yield item

    def create(
        self,
        name: str,
        permissions: Sequence[str],
        *,
        expires_at: datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> ApiKeyWithSecret:
        """Create a key. Its secret is in ``key``, this one time.

        Args:
            name: 1 to 100 characters.
            permissions: Scopes such as ``read:stats``, at least one, none that you lack yourself.
            expires_at: When it stops working; never by default.
            idempotency_key: A key of your own. A repeat is not given the secret again.

        Raises:
            PermissionDeniedError: You lack one of the scopes.
            MisuseError: ``permissions`` is a single word; its letters would be sent.
        """
        if isinstance(permissions, str):
            raise MisuseError(message="permissions must be a list of scopes, not one word")
        sent = given(name=name, permissions=list(permissions), expires_at=expires_at)
        found = self._calls.answer(wire.CREATE_API_KEY, json=sent, idempotency_key=idempotency_key)
        return cast("ApiKeyWithSecret", found)

    def delete(self, key_id: str) -> Deletion:
        """Delete a key; its audit log stays.

        A repeat that finds nothing left is a success, with ``already_deleted`` true.

        Raises:
            NotFoundError: There is none with this id.
        """
        id = ident("key_id", key_id)
        found = self._calls.deletion(wire.DELETE_API_KEY, id, path={"key_id": id})
        return cast("Deletion", found)

    def revoke(self, key_id: str) -> ApiKey:
        """Make a key useless for good; twice is once."""
        path = {"key_id": ident("key_id", key_id)}
        return cast("ApiKey", self._calls.answer(wire.REVOKE_API_KEY, path=path))

    def regenerate(self, key_id: str) -> ApiKeyWithSecret:
        """Give a key another secret, in ``key``, this one time; the old one is dead at once.

        It is sent once and never repeated by itself, since a second time would void the first
        secret. If the answer is lost, ``error.outcome_unknown`` says so: regenerate again.

        Raises:
            ConflictError: The key is revoked.
        """
        path = {"key_id": ident("key_id", key_id)}
        found: Any = self._calls.answer(wire.REGENERATE_API_KEY, path=path)
        return cast("ApiKeyWithSecret", found)

    def audit_log(
        self,
        key_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        action: str | None = None,
    ) -> Page[AuditEntry]:
        """Return one page of what became of a key, newest first.

        Args:
            key_id: The key; its log is still there once it is deleted.
            limit: 1 to 1000; 1000 by default.
            cursor: ``next_cursor`` of the page before.
            action: Only ``created``, ``used``, ``denied``, ``revoked``, ``regenerated`` or
                ``deleted``.
        """
        path = {"key_id": ident("key_id", key_id)}
        query = given(limit=limit, cursor=cursor, action=action)
        return self._calls.page(wire.API_KEY_AUDIT_LOG, path=path, query=query)

    def iter_audit_log(
        self,
        key_id: str,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        action: str | None = None,
    ) -> Iterator[AuditEntry]:
        """Iterate over the whole audit log of a key, fetching pages as they are needed.

        Args:
            key_id: The key.
            page_size: Lines per request, 1 to 1000.
            max_items: Stop after this many.
            action: As for :meth:`audit_log`.
        """
        found = self._calls.items(
            wire.API_KEY_AUDIT_LOG,
            path={"key_id": ident("key_id", key_id)},
            query=given(limit=page_size, action=action),
            max_items=max_items,
        )
        for item in found:
            yield item
