# Generated from ghostflow/_async/teams.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.teams`` and ``client.billing``: whose objects these are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ghostflow import _wire as wire
from ghostflow._arguments import body, given, ident, matching
from ghostflow._sync.calls import Resource
from ghostflow.pages import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ghostflow.types import Subscription, Team, TeamChanges


class Teams(Resource):
    """Your teams. Known only of the self-hosted server."""

    def list(
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
        return self._calls.page(wire.LIST_TEAMS, query=query)

    def iter(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        search: str | None = None,
        sort: str | None = None,
    ) -> Iterator[Team]:
        """Iterate over all teams, fetching pages as they are needed.

        Args:
            page_size: Items per request, 1 to 1000.
            max_items: Stop after this many.
            search: As for :meth:`list`, like all the others.
        """
        query = given(limit=page_size, search=search, sort=sort)
        found = self._calls.items(wire.LIST_TEAMS, query=query, max_items=max_items)
        for item in found:
            yield item

    def get(self, team_id: str) -> Team:
        """Return a team.

        Raises:
            NotFoundError: There is none with this id that you are in.
        """
        path = {"team_id": ident("team_id", team_id)}
        return cast("Team", self._calls.answer(wire.GET_TEAM, path=path))

    def update(
        self, team_id: str, *, if_match: int | str | None = None, **changes: Unpack[TeamChanges]
    ) -> Team:
        """Change a team's name, time zone or currency.

        Args:
            if_match: The ``version`` that was read.
            changes: The new values.

        Raises:
            ConflictError: It was changed meanwhile (412).
        """
        found = self._calls.answer(
            wire.UPDATE_TEAM,
            path={"team_id": ident("team_id", team_id)},
            json=body(changes),
            headers=matching(if_match),
        )
        return cast("Team", found)


class Billing(Resource):
    """The plan. Known only of the self-hosted server."""

    def subscription(self) -> Subscription:
        """Return the plan of the team and its limits."""
        return cast("Subscription", self._calls.answer(wire.SUBSCRIPTION))
