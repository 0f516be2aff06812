# Generated from amdahl/_async/sessions.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.sessions``: workspaces of data; runs of agents are in ``client.agents``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from amdahl import _wire as wire
from amdahl._arguments import given, mapping
from amdahl._shapes import opened
from amdahl._sync.calls import Resource
from amdahl._sync.pager import Pager, list_all

if TYPE_CHECKING:
    from amdahl.types import Session, SessionList


class Sessions(Resource):
    """Sessions of the key's user."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
        timeout: float | None = None,
    ) -> SessionList:
        """Return one page of sessions, newest first; :meth:`iter` walks them all.

        Args:
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            offset: Sessions to skip; not with ``cursor``.
            timeout: Seconds for one attempt of this call.
        """
        query = given(limit=limit, cursor=cursor, offset=offset)
        found = self._calls.page(wire.LIST_SESSIONS, key="sessions", query=query, timeout=timeout)
        return cast("SessionList", found)

    def iter(self, *, limit: int | None = 100, timeout: float | None = None) -> Pager[Session]:
        """Return all sessions, fetched as they are needed.

        Args:
            limit: Sessions per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls, wire.LIST_SESSIONS, key="sessions", limit=limit, timeout=timeout
        )

    def create(
        self,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Session:
        """Make a session and return it.

        Args:
            title: For people.
            metadata: What the service is to keep with it.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.
        """
        body = given(title=title, metadata=mapping("metadata", metadata))
        found = self._calls.answer(
            wire.CREATE_SESSION, json=body, idempotency_key=idempotency_key, timeout=timeout
        )
        return cast("Session", opened(found, "session"))

    def get(self, session_id: str, *, timeout: float | None = None) -> Session:
        """Return a session.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(
            wire.GET_SESSION, path={"session_id": session_id}, timeout=timeout
        )
        return cast("Session", opened(found, "session"))

    def delete(
        self, session_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a session.

        Raises:
            NotFoundError: There is none with this id.
        """
        self._calls.value(
            wire.DELETE_SESSION,
            path={"session_id": session_id},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
