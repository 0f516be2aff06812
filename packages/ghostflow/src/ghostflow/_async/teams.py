"""``client.teams`` and ``client.billing``: whose objects these are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching
from ghostflow._async.calls import AsyncResource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ghostflow.types import Subscription, Team, TeamChanges


class AsyncTeams(AsyncResource):
    """Your teams. Known only of the self-hosted server."""

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        search: str | None = None,
        sort: str | None = None,
    ) -> Page[Team]:
        """Return the teams that the key or the person belongs to.

        Args:
            limit: 1 to 1000; 1000 by default.
            cursor: ``next_cursor`` of the page before.
            search: Part of the name.
            sort: ``createdAt`` or ``name``, with ``-`` in front for descending; ``-createdAt`` by
                default.
        """
        query = given(limit=limit, cursor=cursor, search=search, sort=sort)
        return await self._calls.page(wire.LIST_TEAMS, query=query)

    async def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[Team]:
        """Iterate over all teams, fetching pages as they are needed.

        Args:
            page_size: Items per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like all the others.
        """
        query = given(limit=page_size, search=search, sort=sort)
        found = self._calls.items(wire.LIST_TEAMS, query=query, max_items=max_items)
        async for item in found:
            yield item

    async def get(self, team_id: str) -> Team:
        """Return a team.

        Raises:
            NotFoundError: There is none with this id that you are in.
        """
        path = {"team_id": ident("team_id", team_id)}
        return cast("Team", await self._calls.answer(wire.GET_TEAM, path=path))

    async def update(
        self, team_id: str, *, if_match: int | str | None = None, **changes: Unpack[TeamChanges]
    ) -> Team:
        """Change a team's name, time zone or currency.

        Args:
            if_match: The ``version`` that was read.
            changes: The new values.

        Raises:
            ConflictError: It was changed meanwhile (412).
        """
        found = await self._calls.answer(
            wire.UPDATE_TEAM,
            path={"team_id": ident("team_id", team_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Team", found)


class AsyncBilling(AsyncResource):
    """The plan. Known only of the self-hosted server."""

    async def subscription(self) -> Subscription:
        """Return the plan of the team and its limits."""
        return cast("Subscription", await self._calls.answer(wire.SUBSCRIPTION))
