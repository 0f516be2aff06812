"""The shapes of the database's requests and answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from quintet_server.services.aerostack.endpoints import Body

__all__ = ["BATCH_MAX_COUNT", "DbBatch", "DbBatchDone", "DbQuery", "DbQueryDone"]

BATCH_MAX_COUNT = 25


class DbQuery(Body):
    """One statement."""

    sql: str = Field(description="One statement of SQLite, with `?` or `?NNN` for values.")
    params: list[Any] | None = Field(
        default=None,
        description="A value for each placeholder, in order: null, booleans (as 0 and 1), integers "
        "of 64 bits, numbers, strings.",
    )


class DbBatch(Body):
    """Several statements."""

    queries: list[DbQuery] = Field(max_length=BATCH_MAX_COUNT)
    atomic: bool = Field(
        default=False,
        description="Whether all of them are one transaction, which the first failure undoes. "
        "Otherwise each stands for itself.",
    )


class DbMeta(BaseModel):
    """What a statement did, besides its rows."""

    target: Literal["d1"]
    duration: float = Field(description="Milliseconds.")
    rowCount: int  # noqa: N815 (the wire's own mixture)
    changes: int
    last_row_id: int | None


class DbQueryDone(BaseModel):
    """The outcome of one statement."""

    results: list[dict[str, Any]] = Field(
        description="Column names and values; BLOBs are base64 strings."
    )
    count: int = Field(description="Of the rows, or of those changed by a statement without any.")
    success: Literal[True]
    meta: DbMeta


class DbBatchItem(BaseModel):
    """The outcome of one statement of a batch."""

    results: list[dict[str, Any]]
    success: bool
    count: int | None = None
    meta: DbMeta | None = None
    error: str | None = Field(default=None, description="What went wrong, for people.")
    code: str | None = None
    details: dict[str, Any] | None = None


class DbBatchDone(BaseModel):
    """The outcomes of a batch, in the order of its statements."""

    results: list[DbBatchItem]
    success: bool = Field(description="Whether all of them succeeded.")
