"""`/me`, `/me/context`, `/api_keys` and `/audit_log`."""

from __future__ import annotations

from starlette.responses import Response

from quintet_server.services.amdahl.account import api_keys, audit_log
from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.endpoints import Endpoint
from quintet_server.services.amdahl.wire import instant, ok


async def me(call: Call) -> Response:
    """The business of the key, what it may do, and until when."""
    return ok(
        {
            "business_id": call.project_id,
            "scopes": sorted(call.scopes),
            "expires_at": instant(call.principal.expires_at),
        }
    )


async def me_context(call: Call) -> Response:
    """The user, the workspace and the key behind a request."""
    email = call.principal.attributes.get("email")
    return ok(
        {
            "user_id": call.user_id,
            "business_id": call.project_id,
            "scopes": sorted(call.scopes),
            "auth_method": "api_key",
            **({} if email is None else {"email": email}),
            "workspace": {
                "id": call.project_id,
                "name": call.project_name,
                "slug": call.project_name,
            },
            "role": call.role,
        }
    )


ENDPOINTS = (
    Endpoint(
        path="/me",
        method="GET",
        handler=me,
        operation_id="me.get",
        summary="Whose key this is, and what it may do",
        scope=None,
    ),
    Endpoint(
        path="/me/context",
        method="GET",
        handler=me_context,
        operation_id="me.context",
        summary="User, workspace, role and scopes",
        scope=None,
    ),
    Endpoint(
        path="/api_keys",
        handler=api_keys.create,
        operation_id="api_keys.create",
        summary="Make a key; it is shown this once",
        scope="keys:manage",
        role="admin",
        request=api_keys.NewKey,
        status=201,
    ),
    Endpoint(
        path="/api_keys",
        method="GET",
        handler=api_keys.list_,
        operation_id="api_keys.list",
        summary="The keys of the business, without their secrets",
        scope="keys:manage",
        role="admin",
    ),
    Endpoint(
        path="/api_keys/{id}",
        method="DELETE",
        handler=api_keys.revoke,
        operation_id="api_keys.revoke",
        summary="Revoke a key, at once",
        scope="keys:manage",
        role="admin",
        status=204,
    ),
    Endpoint(
        path="/audit_log",
        method="GET",
        handler=audit_log.list_,
        operation_id="audit_log.list",
        summary="What was done, by whom, newest first",
        scope="keys:manage",
        role="admin",
    ),
)
