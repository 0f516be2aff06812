"""The agents' part of the API, and what carries their sessions out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.responses import Response

from quintet_server.services.amdahl.agent_work.work import work
from quintet_server.services.amdahl.agents.definitions import KINDS
from quintet_server.services.amdahl.agents.listing import list_runs
from quintet_server.services.amdahl.agents.profile_store import StoredProfile, list_profiles
from quintet_server.services.amdahl.agents.profiles import profile_object
from quintet_server.services.amdahl.agents.program import AgentProgram
from quintet_server.services.amdahl.agents.running import RunAgent, agent_status, run_agent
from quintet_server.services.amdahl.agents.steering import ResumeAgent, cancel_agent, resume_agent
from quintet_server.services.amdahl.agents.streams import ROUTES
from quintet_server.services.amdahl.agents.turns import get_run
from quintet_server.services.amdahl.context import Amdahl, Call
from quintet_server.services.amdahl.endpoints import Endpoint
from quintet_server.services.amdahl.errors import not_found
from quintet_server.services.amdahl.listing import envelope, list_args
from quintet_server.services.amdahl.wire import ok

__all__ = ["ENDPOINTS", "KINDS", "ROUTES", "start"]

_READ, _WRITE = "workflows:read", "workflows:write"


async def get_profiles(call: Call) -> Response:
    """`GET /agent-profiles`: the built-in ones and the project's."""
    args = list_args(call)
    async with call.parts.db.connection() as conn:
        found = list((await list_profiles(conn, call.project_id)).values())
    behind = [one for one in found if args.after is None or _key(one) < args.after]
    page = behind[args.offset : args.offset + args.limit + 1]
    items = [_shown(one) for one in page]
    return ok(envelope(items, len(found), args, [_key(one) for one in page]))


async def get_profile(call: Call) -> Response:
    """`GET /agent-profiles/{profile_id}`."""
    profile_id = call.path("profile_id")
    async with call.parts.db.connection() as conn:
        found = (await list_profiles(conn, call.project_id)).get(profile_id)
    if found is None:
        raise not_found("Profile", profile_id)
    return ok(_shown(found))


def _key(one: StoredProfile) -> tuple[datetime, str]:
    return one.created_at, one.profile.id


def _shown(one: StoredProfile) -> dict[str, object]:
    return profile_object(one.profile, one.created_at, one.updated_at)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/agents/run",
        handler=run_agent,
        operation_id="agents.run",
        summary="Start an agent on a task",
        description="With `async` true the answer comes at once (202). Otherwise it comes when the "
        "session has settled (200, the status object), or after a minute (202, `timed_out`).",
        scope=_WRITE,
        role="editor",
        request=RunAgent,
        status=202,
    ),
    Endpoint(
        path="/agents/sessions",
        handler=list_runs,
        operation_id="agents.sessions",
        summary="List agent runs",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/agents/{session_id}/status",
        handler=agent_status,
        operation_id="agents.status",
        summary="How a session stands",
        description="`wait_ms` (at most 30000) holds the answer back until it has settled.",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/agents/{session_id}/resume",
        handler=resume_agent,
        operation_id="agents.resume",
        summary="Answer what a session waits for",
        scope=_WRITE,
        role="editor",
        request=ResumeAgent,
    ),
    Endpoint(
        path="/agents/{session_id}/cancel",
        handler=cancel_agent,
        operation_id="agents.cancel",
        summary="Cancel a session",
        scope=_WRITE,
        role="editor",
    ),
    Endpoint(
        path="/agent-runs",
        handler=list_runs,
        operation_id="agent_runs.list",
        summary="List agent runs",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/agent-runs/{session_id}",
        handler=get_run,
        operation_id="agent_runs.get",
        summary="What an agent run did, turn by turn",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/agent-profiles",
        handler=get_profiles,
        operation_id="agent_profiles.list",
        summary="List agent profiles",
        scope=_READ,
        method="GET",
    ),
    Endpoint(
        path="/agent-profiles/{profile_id}",
        handler=get_profile,
        operation_id="agent_profiles.get",
        summary="Get an agent profile",
        scope=_READ,
        method="GET",
    ),
)


async def start(parts: Amdahl) -> Callable[[], Awaitable[None]]:
    """Let the engine of runs carry sessions out; it ends them when it stops."""
    program = AgentProgram(parts, work)
    parts.runs.register(program, concurrency=parts.settings.agent_concurrency_count)

    async def stop() -> None:
        """Nothing of our own runs."""

    return stop
