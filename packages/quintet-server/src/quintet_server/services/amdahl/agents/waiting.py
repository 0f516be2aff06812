"""Holding an answer back until a session has settled, the time is up, or the client has gone.

Waiters hold neither a connection nor a lock: the event log wakes them.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from quintet_server.http.disconnect import watch_disconnect
from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.sessions import Session, find_session
from quintet_server.services.amdahl.context import Amdahl
from quintet_server.store.background import end
from quintet_server.store.event_log import EventFollower

__all__ = ["settled"]


async def settled(
    parts: Amdahl, request: Request, project_id: str, session_id: str, seconds: float
) -> Session:
    """The session once it has settled, or as it is after so many seconds. Raises 404.

    Returns early when the process shuts down.
    """
    session = await find_session(parts.db, project_id, session_id)
    if session.is_settled or seconds <= 0:
        return session
    settling = asyncio.ensure_future(_settles(parts.follower, session))
    async with watch_disconnect(request) as gone:
        leaving = asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait(
                [settling, leaving], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            await end(settling, leaving)
    return await find_session(parts.db, project_id, session_id)


async def _settles(follower: EventFollower, session: Session) -> None:
    async for event in follower.follow(session.record.id, session.log_seq):
        if event is not None and event.type in events.SETTLED:
            return
