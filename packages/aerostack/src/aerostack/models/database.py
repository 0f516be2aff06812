"""SQL."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

from aerostack._model import BaseModel

__all__ = [
    "DbBatchRequestBody",
    "DbBatchRequestBodyTypedDict",
    "DbBatchResponseBody",
    "DbBatchResult",
    "DbMeta",
    "DbQueryRequestBody",
    "DbQueryRequestBodyTypedDict",
    "DbQueryResult",
]


class DbQueryRequestBodyTypedDict(TypedDict):
    """One statement."""

    sql: str
    params: NotRequired[list[Any]]


class DbQueryRequestBody(BaseModel):
    """One statement.

    Attributes:
        sql: The statement, with ``?`` or ``?NNN`` for values.
        params: The values in order: null, booleans, numbers, strings.
    """

    sql: str
    params: list[Any] | None = None


class DbMeta(BaseModel):
    """How a statement went; ``last_row_id`` is the id of the row inserted last."""

    target: str | None = None
    row_count: Annotated[int | None, Field(alias="rowCount")] = None
    duration: float | None = None
    changes: int | None = None
    last_row_id: int | None = None


class DbQueryResult(BaseModel):
    """What a statement gave.

    Attributes:
        results: Rows, each a dictionary by column name.
        count: How many rows there are, or were changed.
        success: Whether it went well.
        meta: How it went.
    """

    results: list[dict[str, Any]] | None = None
    count: int | None = None
    success: bool | None = None
    meta: DbMeta | None = None


class DbBatchRequestBodyTypedDict(TypedDict):
    """Statements to run together."""

    queries: list[DbQueryRequestBodyTypedDict]
    atomic: NotRequired[bool]


class DbBatchRequestBody(BaseModel):
    """Statements to run together, at most 25.

    Attributes:
        queries: In the order in which they run.
        atomic: Whether the failure of one undoes all.
    """

    queries: list[DbQueryRequestBody]
    atomic: bool | None = None


class DbBatchResult(BaseModel):
    """What one statement of a batch gave.

    Attributes:
        results: As in :class:`DbQueryResult`; so are ``count`` and ``meta``.
        error: What went wrong.
        code: The same as a code.
        details: More about it, as in ``ErrorResponse.data.details``.
    """

    results: list[dict[str, Any]] | None = None
    count: int | None = None
    success: bool | None = None
    meta: DbMeta | None = None
    error: Any = None
    code: str | None = None
    details: dict[str, Any] | None = None


class DbBatchResponseBody(BaseModel):
    """One result per statement, in order; ``success`` only if all went well."""

    results: list[DbBatchResult] | None = None
    success: bool | None = None
