"""Bindings: `{"$query": "q"}` for rows, `{"$value": {"query", "field", "row"?}}` for one cell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from quintet_server.services.amdahl.pages.verifier.verdict import (
    Findings,
    Kind,
    pointer,
    shown,
)

__all__ = ["ROWS_MAX_COUNT", "Bindings", "Use", "is_binding", "query_of"]

ROWS_MAX_COUNT = 1000
"""Rows a query gives to a page, and so the end of what `row` can name."""
_CELL_KEYS = ("query", "field", "row")


@dataclass(frozen=True, slots=True)
class Use:
    """A place that needs a column of a query; of several names, any will do."""

    query: str
    columns: tuple[str, ...]
    path: str
    kind: Kind


@dataclass(slots=True)
class Bindings:
    """The queries there are, and what of them is used where."""

    names: Collection[str]
    findings: Findings
    used: set[str] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)

    def check(self, value: dict[str, Any], path: str, accepted: str | None) -> None:
        """Check a binding in a prop that takes `accepted`: `$query`, `$value`, or none at all."""
        if accepted is None:
            self._bad(path, "no binding can stand here, only a literal")
        elif list(value) != [accepted]:
            self._bad(path, f"must be an object with {accepted} alone", allowed=(accepted,))
        elif accepted == "$query":
            self._name(value["$query"], pointer(path, "$query"), path)
        else:
            self._cell(value["$value"], pointer(path, "$value"), path)

    def needs(self, query: str, columns: tuple[str, ...], path: str) -> None:
        """Note that a prop at `path` names a column of a query."""
        self.uses.append(Use(query, columns, path, "bad_prop"))

    def _name(self, name: Any, own: str, path: str) -> bool:
        if not isinstance(name, str):
            self._bad(own, f"must be the name of a declared query, not {shown(name)}")
            return False
        if name not in self.names:
            known = sorted(self.names)
            message = f"no query {shown(name)} is declared"
            self.findings.add("bindings", "unbound_query", path, message, allowed=known)
            return False
        self.used.add(name)
        return True

    def _cell(self, cell: Any, own: str, path: str) -> None:
        if not isinstance(cell, dict):
            self._bad(own, 'must be an object such as {"query": "q", "field": "f"}')
            return
        for key in cell.keys() - set(_CELL_KEYS):
            self._bad(pointer(own, key), f"{shown(key)} is not known here", allowed=_CELL_KEYS)
        row = cell.get("row", 0)
        if type(row) is not int or not 0 <= row < ROWS_MAX_COUNT:
            self._bad(pointer(own, "row"), f"must be a whole number from 0 to {ROWS_MAX_COUNT - 1}")
        column = cell.get("field")
        if not isinstance(column, str) or not column:
            self._bad(pointer(own, "field"), "must be the name of a column")
        known = self._name(cell.get("query"), pointer(own, "query"), path)
        if known and isinstance(column, str) and column:
            at = pointer(own, "field")
            self.uses.append(Use(cell["query"], (column,), at, "bad_binding"))

    def _bad(self, path: str, message: str, allowed: tuple[str, ...] | None = None) -> None:
        self.findings.add("bindings", "bad_binding", path, message, allowed=allowed)


def is_binding(value: Any) -> bool:
    """Whether a value is meant as a binding, right or wrong."""
    return isinstance(value, dict) and any(key.startswith("$") for key in value)


def query_of(value: Any, names: Collection[str]) -> str | None:
    """The declared query whose rows a prop is bound to, if it is."""
    if not isinstance(value, dict) or list(value) != ["$query"]:
        return None
    name = value["$query"]
    return name if isinstance(name, str) and name in names else None
