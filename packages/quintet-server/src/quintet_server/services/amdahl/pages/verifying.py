"""The verifier with the tenant's SQL behind it, for the calls that need a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from quintet_server.engines.sql import SqlError, SqlRefused
from quintet_server.services.amdahl.context import Amdahl, Call
from quintet_server.services.amdahl.errors import invalid_spec, missing_scope
from quintet_server.services.amdahl.pages.bodies import ValidatePage
from quintet_server.services.amdahl.pages.verifier.columns import Prepare, Refused
from quintet_server.services.amdahl.pages.verifier.verdict import Findings
from quintet_server.services.amdahl.pages.verifier.verify import Verified, verify
from quintet_server.services.amdahl.query.refusals import refusal_of
from quintet_server.services.amdahl.wire import ok

__all__ = ["CUSTOM_SCOPE", "check", "validate_page", "verify_for"]

CUSTOM_SCOPE = "pages:admin"


async def validate_page(call: Call, body: ValidatePage) -> Response:
    """Say what is wrong with a page, without making one."""
    verified = await verify_for(call, body.spec, body.declared_queries)
    return ok(verified.findings.shape())


async def verify_for(call: Call, spec: Any, declared_queries: Any) -> Verified:
    """The verdict for a caller: their tables, and whether they may use Custom.

    Raises ApiError 503 or 504 when the engine that prepares the queries cannot do so now.
    """
    may_custom = CUSTOM_SCOPE in call.scopes
    prepare = _preparing(call.parts, call.project_id)
    return await verify(spec, declared_queries, prepare, may_custom=may_custom)


def check(findings: Findings) -> None:
    """Raise 403 for Custom without its scope, 400 with the verdict for all else; or return."""
    if findings.is_valid:
        return
    if findings.has_kind("custom_forbidden"):
        raise missing_scope(CUSTOM_SCOPE)
    raise invalid_spec(findings.sentence(), findings.shape())


def _preparing(parts: Amdahl, project_id: str) -> Prepare:
    async def prepare(sql: str, types: Mapping[str, str]) -> tuple[str, ...] | Refused:
        try:
            columns = await parts.sql.prepare(project_id, sql, types)
        except SqlRefused as refused:
            return Refused(refused.message, {"reason": refused.reason, **refused.details})
        except SqlError as error:
            raise refusal_of(error) from error
        return tuple(column.name for column in columns)

    return prepare
