"""``client.domains``: the names under which links are published."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching
from ghostflow._async.calls import AsyncResource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ghostflow.types import Deletion, Domain, DomainChanges, DomainFields


class AsyncDomains(AsyncResource):
    """Domains of the key's team."""

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Page[Domain]:
        """Return one page of domains; :meth:`iter` walks all pages.

        Args:
            limit: 1 to 1000; the self-hosted server's default is 1000.
            cursor: ``next_cursor`` of the page before.
            search: Part of the host, in any case.
            status: ``pending``, ``active`` or ``failed``.
            sort: ``createdAt`` or ``name``, with ``-`` in front for descending; ``-createdAt`` by
                default.
            filters: Further parameters that the service understands.
        """
        query = given(
            limit=limit, cursor=cursor, search=search, status=status, sort=sort, **filters
        )
        return await self._calls.page(wire.LIST_DOMAINS, query=query)

    async def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> AsyncIterator[Domain]:
        """Iterate over all domains, fetching pages as they are needed.

        A cursor that comes for the second time ends the list.

        Args:
            page_size: Domains per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like ``status``, ``sort`` and ``filters``.
        """
        query = given(limit=page_size, search=search, status=status, sort=sort, **filters)
        found = self._calls.items(wire.LIST_DOMAINS, query=query, max_items=max_items)
        async for item in found:
            yield item

    async def get(self, domain_id: str) -> Domain:
        """Return a domain.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"domain_id": ident("domain_id", domain_id)}
        return cast("Domain", await self._calls.answer(wire.GET_DOMAIN, path=path))

    async def create(
        self,
        host: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[DomainFields],
    ) -> Domain:
        """Create a domain.

        Args:
            host: Without scheme, port and path.
            idempotency_key: A key of your own; one is made otherwise, the same for all attempts.
            fields: The rest, under Python's names: ``fallback_url`` is sent as ``fallbackUrl``.

        Raises:
            ValidationError: A field is not acceptable; ``details`` names it.
            ConflictError: The host is taken.
        """
        sent = body({"host": host, **fields})
        found = await self._calls.answer(
            wire.CREATE_DOMAIN, json=sent, idempotency_key=idempotency_key
        )
        return cast("Domain", found)

    async def update(
        self,
        domain_id: str,
        *,
        if_match: int | str | None = None,
        **changes: Unpack[DomainChanges],
    ) -> Domain:
        """Change a domain: what is not named stays, and ``None`` clears what can be empty.

        Args:
            if_match: The ``version`` that was read; the change is refused if it is not the current
                one any more.
            changes: The new values, under Python's names.

        Raises:
            ConflictError: It was changed meanwhile (412), or the host is taken.
        """
        found = await self._calls.answer(
            wire.UPDATE_DOMAIN,
            path={"domain_id": ident("domain_id", domain_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Domain", found)

    async def delete(self, domain_id: str, *, if_match: int | str | None = None) -> Deletion:
        """Delete a domain.

        A repeat that finds nothing left is a success, with ``already_deleted`` true.

        Args:
            if_match: The ``version`` that was read.

        Raises:
            NotFoundError: There is none with this id.
            ConflictError: A campaign uses it.
        """
        id = ident("domain_id", domain_id)
        found = await self._calls.deletion(
            wire.DELETE_DOMAIN, id, path={"domain_id": id}, headers=matching(if_match)
        )
        return cast("Deletion", found)

    async def verify(self, domain_id: str) -> Domain:
        """Look now whether the domain is yours; ``status`` and ``lastError`` say what was found.

        Known only of the self-hosted server.
        """
        path = {"domain_id": ident("domain_id", domain_id)}
        return cast("Domain", await self._calls.answer(wire.VERIFY_DOMAIN, path=path))
