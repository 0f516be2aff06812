# Generated from aerostack/_async/database.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``sdk.database``: SQL on the project's database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aerostack import _wire as wire
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack.models import (
        DbBatchRequestBody,
        DbBatchRequestBodyTypedDict,
        DbBatchResponseBody,
        DbQueryRequestBody,
        DbQueryRequestBodyTypedDict,
        DbQueryResult,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _Database(Resource):
    """The project's database; SQLite's dialect."""

    def db_query(
        self,
        request: DbQueryRequestBody | DbQueryRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> DbQueryResult:
        """Run one statement; return rows, or how many changed.

        The call carries an idempotency key, so a repeat does not insert twice.

        Raises:
            ErrorResponse: 400, 401, 500: ``data.code`` says what is wrong. An SQL error is final.
            RequestTypeError: A parameter is ``bytes``, or of another type that has no JSON form.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.DB_QUERY, request, choice)

    def db_batch(
        self,
        request: DbBatchRequestBody | DbBatchRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> DbBatchResponseBody:
        """Run up to 25 statements; return one result for each.

        One that fails does not undo the others, unless ``atomic`` is set.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.DB_BATCH, request, choice)

    def dbQuery(  # noqa: N802 - so it is called in newer SDKs of the service
        self,
        request: DbQueryRequestBody | DbQueryRequestBodyTypedDict | None = None,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
        sql: str | None = None,
        params: Sequence[Any] | None = None,
    ) -> DbQueryResult:
        """Run one statement, given as a request or spelled out; see :meth:`db_query`."""
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        spelled = {"sql": sql, "params": None if params is None else list(params)}
        return self._calls.answer(wire.DB_QUERY, spelled if request is None else request, choice)
