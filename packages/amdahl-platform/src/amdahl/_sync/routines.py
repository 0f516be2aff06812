# Generated from amdahl/_async/routines.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.routines``: work that begins by the clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from amdahl import _wire as wire
from amdahl._arguments import given, mapping, stated
from amdahl._shapes import opened
from amdahl._sync.calls import Resource
from amdahl._sync.pager import Pager, list_all
from quintet.options import UNSET, Unset

if TYPE_CHECKING:
    from amdahl.types import Routine


class Routines(Resource):
    """Routines of the key's workspace."""

    def iter(self, *, limit: int | None = 100, timeout: float | None = None) -> Pager[Routine]:
        """Return all routines, fetched as they are needed.

        Args:
            limit: Routines per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls, wire.LIST_ROUTINES, key="routines", limit=limit, timeout=timeout
        )

    def get(self, routine_id: str, *, timeout: float | None = None) -> Routine:
        """Return a routine.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(
            wire.GET_ROUTINE, path={"routine_id": routine_id}, timeout=timeout
        )
        return cast("Routine", opened(found, "routine"))

    def create(
        self,
        name: str,
        prompt: str,
        cron: str,
        *,
        timezone: str | None = None,
        agent: str | None = None,
        config: Mapping[str, Any] | None = None,
        enabled: bool | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Routine:
        """Make a routine and return it, with the time of its next run.

        Args:
            name: For people.
            prompt: What to do.
            cron: When, as five fields.
            timezone: Of ``cron``; UTC by default.
            agent: Who does it.
            config: As for the chat lane.
            enabled: False to make it without starting it.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            InvalidArgumentError: The service cannot read the time, or knows no such agent.
        """
        body = given(
            name=name,
            prompt=prompt,
            cron=cron,
            timezone=timezone,
            agent=agent,
            config=mapping("config", config),
            enabled=enabled,
        )
        found = self._calls.answer(
            wire.CREATE_ROUTINE, json=body, idempotency_key=idempotency_key, timeout=timeout
        )
        return cast("Routine", opened(found, "routine"))

    def update(
        self,
        routine_id: str,
        *,
        name: str | Unset = UNSET,
        prompt: str | Unset = UNSET,
        cron: str | Unset = UNSET,
        timezone: str | Unset = UNSET,
        agent: str | None | Unset = UNSET,
        config: Mapping[str, Any] | None | Unset = UNSET,
        enabled: bool | Unset = UNSET,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Routine:
        """Change a routine and return it; what is omitted stays. See :meth:`create`.

        Raises:
            NotFoundError: There is none with this id.
        """
        patch = stated(
            name=name,
            prompt=prompt,
            cron=cron,
            timezone=timezone,
            agent=agent,
            config=config,
            enabled=enabled,
        )
        found = self._calls.answer(
            wire.UPDATE_ROUTINE,
            path={"routine_id": routine_id},
            json=patch,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("Routine", opened(found, "routine"))

    def delete(
        self, routine_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a routine.

        Raises:
            NotFoundError: There is none with this id.
        """
        self._calls.value(
            wire.DELETE_ROUTINE,
            path={"routine_id": routine_id},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def run_now(
        self, routine_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> dict[str, Any]:
        """Begin a routine's work now; return what the service says of the run.

        Raises:
            NotFoundError: There is none with this id.
        """
        return self._calls.answer(
            wire.RUN_ROUTINE,
            path={"routine_id": routine_id},
            json={},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
