# Generated from ghostflow/_async/networks.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.networks``: who reports conversions by postback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching
from ghostflow._sync.calls import Resource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ghostflow.types import Deletion, Network, NetworkChanges, NetworkFields


class Networks(Resource):
    """Affiliate networks of the key's team."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Page[Network]:
        """Return one page of networks; :meth:`iter` walks all pages.

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
        return self._calls.page(wire.LIST_NETWORKS, query=query)

    def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        **filters: Any,
    ) -> Iterator[Network]:
        """Iterate over all networks, fetching pages as they are needed.

        A cursor that comes for the second time ends the list.

        Args:
            page_size: Networks per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like ``status``, ``sort`` and ``filters``.
        """
        query = given(limit=page_size, search=search, status=status, sort=sort, **filters)
        found = self._calls.items(wire.LIST_NETWORKS, query=query, max_items=max_items)
        for item in found:
            yield item

    def get(self, network_id: str) -> Network:
        """Return a network.

        Raises:
            NotFoundError: There is none with this id.
        """
        path = {"network_id": ident("network_id", network_id)}
        return cast("Network", self._calls.answer(wire.GET_NETWORK, path=path))

    def create(
        self,
        name: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[NetworkFields],
    ) -> Network:
        """Create a network.

        Args:
            name: 1 to 200 characters.
            idempotency_key: A key of your own; one is made otherwise, the same for all attempts.
            fields: The rest, under Python's names: ``require_ip`` is sent as ``requireIp``.

        Raises:
            ValidationError: A field is not acceptable; ``details`` names it.
            ConflictError: The same object exists.
        """
        sent = body({"name": name, **fields})
        found = self._calls.answer(wire.CREATE_NETWORK, json=sent, idempotency_key=idempotency_key)
        return cast("Network", found)

    def update(
        self,
        network_id: str,
        *,
        if_match: int | str | None = None,
        **changes: Unpack[NetworkChanges],
    ) -> Network:
        """Change a network: what is not named stays, and ``None`` clears what can be empty.

        Args:
            if_match: The ``version`` that was read; the change is refused if it is not the current
                one any more.
            changes: The new values, under Python's names.

        Raises:
            ConflictError: It was changed meanwhile (412).
        """
        found = self._calls.answer(
            wire.UPDATE_NETWORK,
            path={"network_id": ident("network_id", network_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Network", found)

    def delete(self, network_id: str, *, if_match: int | str | None = None) -> Deletion:
        """Delete a network.

        A repeat that finds nothing left is a success, with ``already_deleted`` true.

        Args:
            if_match: The ``version`` that was read.

        Raises:
            NotFoundError: There is none with this id.
            ConflictError: An offer uses it.
        """
        id = ident("network_id", network_id)
        found = self._calls.deletion(
            wire.DELETE_NETWORK, id, path={"network_id": id}, headers=matching(if_match)
        )
        return cast("Deletion", found)

    def rotate_key(self, network_id: str, *, idempotency_key: str | None = None) -> Network:
        """Give a network another postback key; the old one is dead at once.

        Known only of the self-hosted server.
        """
        found = self._calls.answer(
            wire.ROTATE_NETWORK_KEY,
            path={"network_id": ident("network_id", network_id)},
            idempotency_key=idempotency_key,
        )
        return cast("Network", found)
