"""Sign-in, `/auth/me`, `/auth/api-keys`, `/teams`, `/billing/subscription`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.routing import Route

from quintet_server.services.ghostflow.account import api_keys, audit_log, auditing, shapes, teams
from quintet_server.services.ghostflow.account.failures import Failures
from quintet_server.services.ghostflow.account.me import me
from quintet_server.services.ghostflow.account.signing_in import OTHER_METHODS, login, refuse_method
from quintet_server.services.ghostflow.catalog.documents import Deleted
from quintet_server.services.ghostflow.context import Call, GhostFlow
from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.listing import SEARCHED_PAGE
from quintet_server.services.ghostflow.wire import ok

__all__ = ["ENDPOINTS", "PUBLIC_PATHS", "ROUTES", "start"]


async def subscription(call: Call) -> Response:
    """What is paid for: nothing, on one's own server."""
    del call
    return ok({"plan": "self-hosted", "status": "active", "limits": {}})


PUBLIC_PATHS = ("/auth/login",)
ROUTES = (
    Route("/auth/login", login, methods=["POST"]),
    Route("/auth/login", refuse_method, methods=OTHER_METHODS, include_in_schema=False),
)
ENDPOINTS = (
    Endpoint(
        path="/auth/me",
        handler=me,
        operation_id="auth.me",
        summary="Who is calling, in which teams, and what they may do",
        scope=None,
        response=shapes.MeShape,
    ),
    Endpoint(
        path="/auth/api-keys",
        handler=api_keys.list_,
        operation_id="apiKeys.list",
        summary="The keys of the team, newest first",
        scope=None,
        guard=api_keys.check_manager,
        query=api_keys.QUERY,
        response=shapes.Keys,
    ),
    Endpoint(
        path="/auth/api-keys",
        method="POST",
        handler=api_keys.create,
        operation_id="apiKeys.create",
        summary="Make a key; its secret is shown this once",
        scope=None,
        guard=api_keys.check_manager,
        request=api_keys.NewKey,
        response=shapes.NewKeyShape,
        status=201,
        description="For users, and for keys that may administer. Nobody can give what they do not "
        "have. `read`, `write` and `admin` stand for several permissions. With an "
        "`Idempotency-Key` a repetition is 409: the secret is not kept.",
    ),
    Endpoint(
        path="/auth/api-keys/{id}",
        method="DELETE",
        handler=api_keys.delete,
        operation_id="apiKeys.delete",
        summary="Remove a key; its audit log stays",
        scope=None,
        guard=api_keys.check_manager,
        response=Deleted,
    ),
    Endpoint(
        path="/auth/api-keys/{id}/revoke",
        method="PUT",
        handler=api_keys.revoke,
        operation_id="apiKeys.revoke",
        summary="End a key; done again, it changes nothing",
        scope=None,
        guard=api_keys.check_manager,
        response=shapes.KeyShape,
    ),
    Endpoint(
        path="/auth/api-keys/{id}/regenerate",
        method="POST",
        handler=api_keys.regenerate,
        operation_id="apiKeys.regenerate",
        summary="Give a key another secret; the old one is dead at once",
        scope=None,
        guard=api_keys.check_manager,
        response=shapes.NewKeyShape,
    ),
    Endpoint(
        path="/auth/api-keys/{id}/audit-log",
        handler=audit_log.list_,
        operation_id="apiKeys.auditLog",
        summary="What was done to a key and with it, newest first",
        scope=None,
        guard=api_keys.check_manager,
        query=audit_log.QUERY,
        response=shapes.AuditLog,
        description="Uses are one row per key, path and minute, with their `count`.",
    ),
    Endpoint(
        path="/teams",
        handler=teams.list_,
        operation_id="teams.list",
        summary="The teams of the caller",
        scope=None,
        query=SEARCHED_PAGE,
        response=shapes.Teams,
    ),
    Endpoint(
        path="/teams/{id}",
        handler=teams.get,
        operation_id="teams.get",
        summary="A team of the caller",
        scope=None,
        response=shapes.TeamShape,
    ),
    *(
        Endpoint(
            path="/teams/{id}",
            method=method,
            handler=teams.update,
            operation_id=operation,
            summary="Change a team's name, time zone or currency",
            scope=None,
            guard=teams.check_manager,
            request=teams.TeamChanges,
            response=shapes.TeamShape,
        )
        for method, operation in (("PATCH", "teams.update"), ("PUT", "teams.put"))
    ),
    Endpoint(
        path="/billing/subscription",
        handler=subscription,
        operation_id="billing.subscription",
        summary="What is paid for: nothing, on one's own server",
        scope="read:billing",
        response=shapes.Subscription,
    ),
)


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Begin to count failures and to note what keys do; returns what ends that."""
    parts.rooms[Failures] = Failures(parts.settings)
    return await auditing.start(parts)
