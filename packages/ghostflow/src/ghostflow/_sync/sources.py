# Generated from ghostflow/_async/sources.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.sources``: where clicks come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching
from ghostflow._sync.calls import Resource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ghostflow.types import Deletion, Source, SourceChanges, SourceFields, SourceTemplate


class Sources(Resource):
    """Traffic sources of the key's team."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Page[Source]:
        """Return one page of sources; :meth:`iter` walks all pages.

        Args:
            limit: 1 to 1000; the self-hosted server's default is 1000.
            cursor: ``next_cursor`` of the page before.
            search: Part of the name, in any case.
            status: As the service understands it.
            sort: ``createdAt`` or ``name``, with ``-`` in front for descending; ``-createdAt`` by
                default.
            filters: Further parameters that the service understands.
        """
        query = given(
            limit=limit, cursor=cursor, search=search, status=status, sort=sort, **filters
        )
        return self._calls.page(wire.LIST_SOURCES, query=query)

    def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Iterator[Source]:
        """Iterate over all sources, fetching pages as they are needed.

        A cursor that comes for the second time ends the list.

        Args:
            page_size: Sources per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like ``status``, ``sort`` and ``filters``.
        """
        query = given(limit=page_size, search=search, status=status, sort=sort, **filters)
        found = self._calls.items(wire.LIST_SOURCES, query=query, max_items=max_items)
        for item in found:
            yield item

    def get(self, source_id: str) -> Source:
        """Return a source.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"source_id": ident("source_id", source_id)}
        return cast("Source", self._calls.answer(wire.GET_SOURCE, path=path))

    def create(
        self,
        name: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[SourceFields],
    ) -> Source:
        """Create a source.

        Args:
            name: 1 to 200 characters.
            idempotency_key: A key of your own; one is made otherwise, the same for all attempts.
            fields: The rest, under Python's names: ``postback_url`` is sent as ``postbackUrl``.

        Raises:
            ValidationError: A field is not acceptable; ``details`` names it.
            ConflictError: The same object exists.
        """
        sent = body({"name": name, **fields})
        found = self._calls.answer(wire.CREATE_SOURCE, json=sent, idempotency_key=idempotency_key)
        return cast("Source", found)

    def update(
        self,
        source_id: str,
        *,
        if_match: int | str | None = None,
        **changes: Unpack[SourceChanges],
    ) -> Source:
        """Change a source: what is not named stays, and ``None`` clears what can be empty.

        Args:
            if_match: The ``version`` that was read; the change is refused if it is not the current
                one any more.
            changes: The new values, under Python's names.

        Raises:
            ConflictError: It was changed meanwhile (412).
        """
        found = self._calls.answer(
            wire.UPDATE_SOURCE,
            path={"source_id": ident("source_id", source_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Source", found)

    def delete(self, source_id: str, *, if_match: int | str | None = None) -> Deletion:
        """Delete a source.

        A repeat that finds nothing left is a success, with ``already_deleted`` true.

        Args:
            if_match: The ``version`` that was read.

        Raises:
            NotFoundError: There is none with this id.
            ConflictError: A campaign uses it.
        """
        id = ident("source_id", source_id)
        found = self._calls.deletion(
            wire.DELETE_SOURCE, id, path={"source_id": id}, headers=matching(if_match)
        )
        return cast("Deletion", found)

    def templates(self) -> Page[SourceTemplate]:
        """Return what a source of a known kind looks like, to begin with."""
        return self._calls.page(wire.SOURCE_TEMPLATES)
