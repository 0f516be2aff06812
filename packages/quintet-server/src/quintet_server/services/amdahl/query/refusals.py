"""What the engine refuses, as Amdahl says it."""

from __future__ import annotations

import structlog

from quintet_server.engines.sql import SqlBusy, SqlError, SqlRefused, SqlTimeout, SqlUnavailable
from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.errors import (
    invalid_argument,
    invalid_sql,
    query_timeout,
    unavailable,
)

__all__ = ["refusal_of"]

_log = structlog.get_logger(__name__)


def refusal_of(error: SqlError) -> ApiError:
    """The answer to a statement that gave no rows.

    400 `invalid_sql` with a reason for what is wrong with the statement, 504 `timeout` at the
    deadline, 503 `unavailable` with a time to wait when there was no turn, without one when the
    operator has to do something. What, is for the log: it names roles and files of the host, and
    whoever loads an embedded page reads these answers, too.
    """
    if isinstance(error, SqlRefused):
        return invalid_sql(error.message, error.reason, **error.details)
    if isinstance(error, SqlTimeout):
        return query_timeout(str(error), deadline_seconds=round(error.seconds, 3))
    if isinstance(error, SqlBusy):
        return unavailable(str(error), retry_after=error.retry_after)
    if isinstance(error, SqlUnavailable):
        _log.error("sql_unavailable", error=str(error))
        return unavailable("The database does not run queries now; the server's log says why.")
    return invalid_argument(str(error))
