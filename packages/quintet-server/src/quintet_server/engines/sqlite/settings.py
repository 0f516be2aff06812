"""Every bound of the projects' SQLite databases, each an environment variable `QUINTET_SQLITE_...`.

Where the platform that we follow publishes a bound of its own, the default is that one.
"""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["SqliteSettings"]

_MIB = 1024 * 1024


class SqliteSettings(BaseSettings):
    """Settings of the group `sqlite`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_SQLITE_", extra="ignore", frozen=True)

    # One database.
    database_max_bytes: int = Field(
        default=512 * _MIB, ge=64 * 1024, description="How large the database of a project may be."
    )
    schema_max_count: int = Field(
        default=2_000, ge=1, description="Tables, indexes, views and triggers of a database."
    )
    schema_max_bytes: int = Field(
        default=4 * _MIB,
        ge=1,
        description="All CREATE statements of a database, which every connection keeps parsed.",
    )

    # One statement.
    statement_seconds: float = Field(
        default=10.0, gt=0, description="A statement, or a whole batch, is ended after this."
    )
    wait_seconds: float = Field(
        default=10.0, gt=0, description="How long a statement may wait for its turn."
    )
    sql_max_bytes: int = Field(default=100_000, ge=1, description="Longest statement.")
    parameters_max_count: int = Field(
        default=1_000, ge=1, le=32_766, description="Most placeholders of a statement."
    )
    value_max_bytes: int = Field(
        default=2_000_000,
        ge=1_000,
        description="Longest text, BLOB or row: as a parameter, stored, or on the way.",
    )
    columns_max_count: int = Field(
        default=100, ge=1, description="Columns of a table, a result, an index or a GROUP BY."
    )
    expression_max_depth: int = Field(default=100, ge=10, description="Nesting of an expression.")
    compound_select_max_count: int = Field(
        default=50, ge=2, description="Parts of a UNION, INTERSECT or EXCEPT."
    )
    program_max_count: int = Field(
        default=250_000, ge=1_000, description="Instructions that a statement may compile to."
    )
    function_arguments_max_count: int = Field(
        default=32, ge=3, description="Arguments of a function."
    )
    function_calls_max_count: int = Field(
        default=500,
        ge=10,
        description="Calls of functions in a statement and the views it uses: between two rows "
        "nothing is interrupted.",
    )
    like_pattern_max_bytes: int = Field(
        default=50, ge=10, description="Longest pattern of LIKE and GLOB: matching takes time."
    )
    trigger_max_depth: int = Field(
        default=10, ge=1, description="How deep triggers may start others."
    )
    written_max_bytes: int = Field(
        default=1024 * _MIB,
        ge=_MIB,
        description="What one statement may write, counting a page each time it is written: to the "
        "database, and to disk while it sorts, groups or recurses.",
    )

    # One answer.
    rows_max_count: int = Field(default=50_000, ge=1, description="Most rows of an answer.")
    response_max_bytes: int = Field(
        default=8 * _MIB, ge=1_000, description="All rows of an answer, or of a batch, as JSON."
    )

    # All databases of one process.
    threads_count: int = Field(
        default=32, ge=2, description="Statements under way at once; threads start when needed."
    )
    readers_count: int = Field(
        default=2,
        ge=1,
        description="Statements that only read, under way at once in one database, beside one that "
        "writes. So a project never takes more than a few of the threads.",
    )
    waiting_count: int = Field(
        default=100, ge=0, description="Statements that wait for one database; more are refused."
    )
    open_count: int = Field(
        default=64, ge=1, description="Databases kept open; the one unused for longest is closed."
    )
    cache_bytes: int = Field(
        default=2 * _MIB, ge=64 * 1024, description="Pages that each connection keeps in memory."
    )
    heap_max_bytes: int = Field(
        default=256 * _MIB,
        ge=16 * _MIB,
        description="What all statements of the process may hold in memory together. A statement "
        "that asks for more fails; large requests fail before small ones.",
    )
    crowded_seconds: float = Field(
        default=0.25,
        gt=0,
        description="A statement that runs for longer leaves half of its time to other projects, "
        "while they have anything to do.",
    )

    # Idempotency keys.
    key_ttl_seconds: float = Field(
        default=86_400.0, gt=0, description="How long a key is remembered after its request."
    )
    key_response_max_bytes: int = Field(
        default=_MIB,
        ge=1_000,
        description="Longest answer that is kept for a key; it counts as part of the database.",
    )
