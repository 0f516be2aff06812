"""Bindings of a spec, replaced by data: `$query` by rows, `$value` by one cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from quintet_server.services.amdahl.rendering.outcome import Outcome

Outcomes = Mapping[str, Outcome]


def resolve(spec: Any, outcomes: Outcomes) -> Any:
    """A copy of a spec, or of any part of one, in which each binding is the data it names.

    `{"$query": "q"}` becomes the array of that query's rows, and
    `{"$value": {"query": "q", "field": "f", "row": 0}}` the cell. What is not there (an unknown
    query, one that failed, a row or a column that does not exist) becomes null. Raises nothing.
    """
    if isinstance(spec, dict):
        if len(spec) == 1:
            if "$query" in spec:
                return _rows(spec["$query"], outcomes)
            if "$value" in spec:
                return _cell(spec["$value"], outcomes)
        return {name: resolve(value, outcomes) for name, value in spec.items()}
    if isinstance(spec, list):
        return [resolve(value, outcomes) for value in spec]
    return spec


def queries_of(part: Any) -> Iterator[str]:
    """The names of the queries that a part of a spec is bound to."""
    if isinstance(part, dict):
        name = part.get("$query")
        if isinstance(value := part.get("$value"), dict):
            name = value.get("query")
        if isinstance(name, str):
            yield name
            return
        part = list(part.values())
    if isinstance(part, list):
        for value in part:
            yield from queries_of(value)


def bound_rows_count(part: Any, outcomes: Outcomes) -> int:
    """How many rows the `$query` bindings of a part of a spec stand for, all together."""
    if isinstance(part, dict):
        if len(part) == 1 and "$query" in part:
            outcome = _found(part["$query"], outcomes)
            return 0 if outcome is None else outcome.row_count
        part = list(part.values())
    return sum(bound_rows_count(each, outcomes) for each in part) if isinstance(part, list) else 0


def _found(name: Any, outcomes: Outcomes) -> Outcome | None:
    outcome = outcomes.get(name) if isinstance(name, str) else None
    return None if outcome is None or outcome.error is not None else outcome


def _rows(name: Any, outcomes: Outcomes) -> list[Any] | None:
    outcome = _found(name, outcomes)
    return None if outcome is None else list(outcome.rows)


def _cell(value: Any, outcomes: Outcomes) -> Any:
    if not isinstance(value, dict):
        return None
    outcome = _found(value.get("query"), outcomes)
    row, field = value.get("row", 0), value.get("field")
    if outcome is None or type(row) is not int or not 0 <= row < outcome.row_count:
        return None
    return outcome.rows[row].get(field) if isinstance(field, str) else None
