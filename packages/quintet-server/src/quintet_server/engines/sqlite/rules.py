"""What a tenant's statement may touch: SQLite asks about every table, function and pragma.

Allowed is what is listed; a new SQLite brings nothing that nobody has looked at. The answers are
part of the prepared statement, so SQLite asks once for each text and each change of the schema.

Our own statements run on the same connections with :attr:`Rules.trusted` set. They are kept apart
from the cache of prepared statements: a tenant who sends the same text must be asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from quintet_server.engines.sqlite.model import SqlError

__all__ = ["HIDDEN_TABLE", "Rules"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HIDDEN_TABLE = "_quintet_requests"
"""Where idempotency keys are kept. Its name is seen in the schema; it cannot be read or changed."""

_HIDDEN = frozenset({HIDDEN_TABLE, f"{HIDDEN_TABLE}_made_at"})
_SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema"})
# Readable under any name by default; these show the file rather than what is in it.
_WITHHELD_TABLES = frozenset(
    {"dbstat", "sqlite_dbpage", "sqlite_stmt", "bytecode", "tables_used", "carray", "sqlite_dbdata"}
)
_MODULES = frozenset({"fts5", "fts5vocab", "rtree", "rtree_i32"})

_PRAGMAS = _words(
    "table_list table_info table_xinfo index_list index_info index_xinfo foreign_key_list "
    "foreign_key_check quick_check integrity_check optimize defer_foreign_keys collation_list "
    "function_list module_list pragma_list compile_options data_version encoding page_count "
    "page_size freelist_count"
)
# They may be asked, not set: what a tenant sets would stay on a connection that others share.
_ASKED_PRAGMAS = frozenset({"encoding", "page_size", "page_count", "data_version"})

_FUNCTIONS = _words(
    # Values.
    "abs coalesce concat concat_ws format glob hex if ifnull iif instr length like likelihood "
    "likely lower ltrim match max min nullif octet_length printf quote random randomblob replace "
    "round rtrim sign substr substring subtype trim typeof unhex unicode unistr unistr_quote "
    "unlikely upper zeroblob char changes last_insert_rowid total_changes sqlite_version "
    "sqlite_source_id sqlite_compileoption_get sqlite_compileoption_used "
    # Numbers.
    "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 "
    "log2 mod pi pow power radians sin sinh sqrt tan tanh trunc "
    # Time.
    "current_date current_time current_timestamp date datetime julianday strftime time timediff "
    "unixepoch "
    # Over many rows. Not median and percentile: they keep every number in memory.
    "avg count group_concat string_agg sum total cume_dist dense_rank first_value lag last_value "
    "lead nth_value ntile percent_rank rank row_number "
    # JSON.
    "-> ->> json json_array json_array_insert json_array_length json_error_position json_extract "
    "json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote "
    "json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_array_insert "
    "jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch "
    "jsonb_remove jsonb_replace jsonb_set "
    # Full text and rectangles.
    "bm25 highlight snippet fts5_get_locale fts5_insttoken fts5_locale fts5_source_id rtreedepth "
    "rtreenode"
)
# Values are kept short while these run, and only the text of a query tells in time that they do.
_PATCHES = frozenset({"json_patch", "jsonb_patch"})
# Only SQLite itself can call these, while it carries out ALTER TABLE.
_INTERNAL_FUNCTIONS = (
    "sqlite_rename_",
    "sqlite_drop_",
    "sqlite_add_",
    "sqlite_find_",
    "sqlite_fail",
)

_FREE = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE})
_CHANGES = frozenset({apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE})
_TEMPORARY = frozenset(
    {
        apsw.SQLITE_CREATE_TEMP_INDEX,
        apsw.SQLITE_CREATE_TEMP_TABLE,
        apsw.SQLITE_CREATE_TEMP_TRIGGER,
        apsw.SQLITE_CREATE_TEMP_VIEW,
        apsw.SQLITE_DROP_TEMP_INDEX,
        apsw.SQLITE_DROP_TEMP_TABLE,
        apsw.SQLITE_DROP_TEMP_TRIGGER,
        apsw.SQLITE_DROP_TEMP_VIEW,
    }
)
_SCHEMA = frozenset(
    {
        apsw.SQLITE_CREATE_INDEX,
        apsw.SQLITE_CREATE_TABLE,
        apsw.SQLITE_CREATE_TRIGGER,
        apsw.SQLITE_CREATE_VIEW,
        apsw.SQLITE_DROP_INDEX,
        apsw.SQLITE_DROP_TABLE,
        apsw.SQLITE_DROP_TRIGGER,
        apsw.SQLITE_DROP_VIEW,
        apsw.SQLITE_DROP_VTABLE,
        apsw.SQLITE_ALTER_TABLE,
    }
)


class Rules:
    """The authorizer of one connection. :attr:`refusal` says why the last statement was refused."""

    def __init__(self, function_calls_max_count: int) -> None:
        self.trusted = True
        self._calls_max_count = function_calls_max_count
        self._calls_count = 0
        self.may_change_schema = True
        self.may_patch = False
        """Whether values are kept short, as the functions need it that compare each with each."""
        self.refusal: SqlError | None = None
        self._judges: dict[int, Callable[[str, str], int]] = {
            **dict.fromkeys(_CHANGES, self._judge_change),
            **dict.fromkeys(_SCHEMA, self._judge_schema),
            apsw.SQLITE_CREATE_VTABLE: self._judge_vtable,
            apsw.SQLITE_READ: self._judge_read,
            apsw.SQLITE_FUNCTION: self._judge_function,
            apsw.SQLITE_PRAGMA: self._judge_pragma,
            apsw.SQLITE_ANALYZE: self._judge_analyze,
            # A plain REINDEX goes over all indexes, ours too, and changes nothing in any.
            apsw.SQLITE_REINDEX: lambda _index, _nothing: self._judge_schema("", ""),
        }

    def __call__(
        self, code: int, first: Any, second: Any, _database: Any, _trigger: Any
    ) -> int:  # SQLite's names; which two words come depends on the code
        """Return OK, DENY or (for parts that may be skipped) IGNORE."""
        if self.trusted or code in _FREE:
            return apsw.SQLITE_OK
        judge = self._judges.get(code)
        if judge is not None:
            return judge((first or "").lower(), (second or "").lower())
        if code in _TEMPORARY:
            return self._deny(
                "Temporary tables, views and triggers are not available: they would not outlive "
                "the call. Use WITH, or an ordinary table."
            )
        if code in {apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH}:
            return self._deny("ATTACH and DETACH are not available: a project has one database.")
        return self._deny("This kind of statement is not available.")

    def begin(self, *, may_change_schema: bool, may_patch: bool) -> None:
        """Get ready to judge a tenant's statement."""
        self.trusted, self.refusal, self._calls_count = False, None, 0
        self.may_change_schema, self.may_patch = may_change_schema, may_patch

    def _deny(self, message: str) -> int:
        return self._refuse(SqlError("forbidden", message))

    def _refuse(self, error: SqlError) -> int:
        self.refusal = self.refusal or error
        return apsw.SQLITE_DENY

    def _judge_read(self, table: str, _column: str) -> int:
        if table in _HIDDEN:
            return self._deny_hidden()
        if table in _WITHHELD_TABLES:
            return self._deny(f"The table {table} is not available.")
        if table in _SCHEMA_TABLES and not self.may_change_schema:
            return self._deny(
                f"{table} cannot be read here. Ask pragma_table_list() for the tables and "
                "pragma_table_info('<table>') for their columns."
            )
        return apsw.SQLITE_OK

    def _judge_change(self, table: str, _column: str) -> int:
        # `sqlite_master` itself is changed by CREATE and DROP only: SQLite sees to that.
        return self._deny_hidden() if table in _HIDDEN else apsw.SQLITE_OK

    def _judge_schema(self, first: str, second: str) -> int:
        if first in _HIDDEN or second in _HIDDEN:
            return self._deny_hidden()
        if not self.may_change_schema:
            message = "The schema cannot be changed through queries here: this server is strict."
            return self._refuse(SqlError("schema_locked", message))
        return apsw.SQLITE_OK

    def _judge_vtable(self, table: str, module: str) -> int:
        if module not in _MODULES:
            offered = ", ".join(sorted(_MODULES))
            return self._deny(f"The module {module} is not available. There are: {offered}.")
        return self._judge_schema(table, "")

    def _judge_function(self, _nothing: str, name: str) -> int:
        if name in _PATCHES and not self.may_patch:
            return self._deny(f"{name}() is available in the text of a query only.")
        self._calls_count += 1
        if self._calls_count > self._calls_max_count:
            message = f"The statement calls functions in more than {self._calls_max_count} places."
            return self._refuse(SqlError("too_big", message))
        if name in _FUNCTIONS or name.startswith(_INTERNAL_FUNCTIONS):
            return apsw.SQLITE_OK
        return self._deny(f"The function {name}() is not available.")

    def _judge_pragma(self, name: str, argument: str) -> int:
        if name in _PRAGMAS and not (argument and name in _ASKED_PRAGMAS):
            return apsw.SQLITE_OK
        if name in _ASKED_PRAGMAS:
            return self._deny(f"PRAGMA {name} can be asked, not set.")
        return self._deny(f"PRAGMA {name} is not available.")

    def _judge_analyze(self, table: str, _index: str) -> int:
        # Skipped rather than refused: a plain ANALYZE goes over all tables.
        return apsw.SQLITE_IGNORE if table in _HIDDEN else apsw.SQLITE_OK

    def _deny_hidden(self) -> int:
        return self._deny(f"{HIDDEN_TABLE} belongs to the server and cannot be used.")
