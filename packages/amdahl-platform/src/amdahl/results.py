"""What a query brings: rows as dictionaries, their columns and types, and ways on from there."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from amdahl._shapes import mirror
from amdahl.errors import MissingExtraError
from amdahl.responses import ResponseInfo

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["QueryResult", "TruncatedResultWarning"]


class TruncatedResultWarning(UserWarning):
    """There are more rows than the answer has: raise ``limit``, or ask for less."""


class QueryResult(dict[str, Any]):
    """The answer to a query: the dictionary that the service sent, with the parts at hand.

    ``result["rows"]`` and ``result.rows`` are the same rows. All three shapes in which the service
    answers are brought to one: ``columns``, ``column_types``, ``rows``, ``row_count`` (and
    ``rowCount``), ``truncated``, ``duration_ms``.

    Attributes:
        info: Headers, request id and rate limit of the answer; ``None`` for a result of your own.
    """

    def __init__(self, answer: Mapping[str, Any], info: ResponseInfo | None = None) -> None:
        super().__init__(answer)
        self.info = info
        mirror(self, "row_count", "rowCount")
        self["rows"] = _as_objects(self.get("rows"), _names(self.get("columns")))
        if not isinstance(self.get("column_types"), list):
            columns = self.get("columns")
            typed = isinstance(columns, list) and all(isinstance(c, dict) for c in columns)
            self["column_types"] = list(columns) if typed and columns else []
        self["columns"] = _names(self.get("columns")) or _names(self["column_types"])
        if not self["columns"] and self["rows"]:
            self["columns"] = list(self["rows"][0])
        self.setdefault("row_count", len(self["rows"]))
        self.setdefault("rowCount", self["row_count"])
        self["truncated"] = bool(self.get("truncated"))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows, with values as JSON has them."""
        found: list[dict[str, Any]] = self["rows"]
        return found

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in the order of the query."""
        found: list[str] = self["columns"]
        return found

    @property
    def types(self) -> dict[str, str]:
        """The type of each column, such as ``"TIMESTAMP"``; empty if the service did not say."""
        return {
            str(each["name"]): str(each["type"]).upper()
            for each in self["column_types"]
            if isinstance(each, dict) and "name" in each and "type" in each
        }

    @property
    def row_count(self) -> int:
        """How many rows there are here."""
        found: int = self["row_count"]
        return found

    @property
    def truncated(self) -> bool:
        """Whether there would have been more."""
        found: bool = self["truncated"]
        return found

    @property
    def duration_ms(self) -> float | None:
        """How long the query ran, in milliseconds; ``None`` if the service did not say."""
        return self.get("duration_ms")

    def typed_rows(self) -> list[dict[str, Any]]:
        """Return the rows with values as Python has them.

        DATE becomes ``date``, TIME ``time``, TIMESTAMP an aware ``datetime``, NUMERIC ``Decimal``,
        BYTES ``bytes``, INTEGER ``int`` (large ones travel as text), FLOAT ``float``. JSON, STRING
        and BOOLEAN are themselves already. A value that is not what its type says stays as it is.
        """
        from amdahl._cells import decoder

        decoders = {name: decoder(kind) for name, kind in self.types.items()}
        return [
            {name: _decoded(decoders.get(name), value) for name, value in row.items()}
            for row in self.rows
        ]

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a data frame, with the columns' own types.

        Raises:
            MissingExtraError: pandas is not installed; ``amdahl-platform[pandas]`` brings it.
        """
        try:
            from amdahl._frames import data_frame
        except ImportError as error:
            raise MissingExtraError(
                message="to_pandas needs pandas: install amdahl-platform[pandas]"
            ) from error
        return data_frame(self.columns, self.types, self.typed_rows())

    def to_arrow(self) -> Any:
        """Return the rows as a ``pyarrow.Table``, with the columns' own types; JSON as text.

        Raises:
            MissingExtraError: pyarrow is not installed; ``amdahl-platform[arrow]`` brings it.
        """
        try:
            from amdahl._tables import arrow_table
        except ImportError as error:
            raise MissingExtraError(
                message="to_arrow needs pyarrow: install amdahl-platform[arrow]"
            ) from error
        return arrow_table(self.columns, self.types, self.typed_rows())

    def warn_if_truncated(self) -> QueryResult:
        """Warn the caller outside of this package if there are more rows; return the result."""
        if self.truncated:
            warnings.warn(
                f"the result has {self.row_count} rows and there are more: raise limit, "
                "or ask for less",
                TruncatedResultWarning,
                stacklevel=_levels_to_the_caller(),
            )
        return self


def _decoded(decode: Any, value: Any) -> Any:
    return value if decode is None or value is None else decode(value)


def _names(columns: Any) -> list[str]:
    if not isinstance(columns, list):
        return []
    return [str(each["name"]) if isinstance(each, dict) else str(each) for each in columns]


def _as_objects(rows: Any, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows that came as lists of values become objects like all others."""
    if not isinstance(rows, list):
        return []
    return [
        dict(zip(columns, row, strict=False)) if isinstance(row, list) else dict(row)
        for row in rows
        if isinstance(row, (list, dict))
    ]


def _levels_to_the_caller() -> int:
    """How far up, seen from the function that warns, the first frame of another package is."""
    package = __name__.partition(".")[0]
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] != package:
            break
        frame, level = frame.f_back, level + 1
    return level
