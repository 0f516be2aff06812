"""The queries of a page, and what of them stands in a component: rows, or one cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from amdahl.errors import MisuseError

__all__ = ["Cell", "Param", "Query", "Rows", "cluster_search", "kb_search", "sql"]

ParamType = Literal["string", "integer", "float", "boolean", "date", "timestamp"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_PARAM_TYPES = frozenset({"string", "integer", "float", "boolean", "date", "timestamp"})


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a query, ``@name`` in its text.

    Attributes:
        type: What it is.
        default: Its value where a rendering gives none.
        required: Whether a rendering must give one.
    """

    type: ParamType
    default: Any = None
    required: bool = False

    def to_dict(self) -> str | dict[str, Any]:
        """Return it as the service has it."""
        if self.default is None and not self.required:
            return self.type
        found: dict[str, Any] = {"type": self.type}
        if self.default is not None:
            found["default"] = self.default
        if self.required:
            found["required"] = True
        return found


@dataclass(frozen=True, slots=True)
class Query:
    """A query that a page declares; made by :func:`sql`, :func:`cluster_search`, :func:`kb_search`.

    Put it where a component wants rows, or :meth:`cell` where it wants a value.
    """

    name: str
    source: str
    sql: str | None = None
    query: str | None = None
    target: str | None = None
    params: Mapping[str, Param] = field(default_factory=dict)

    def cell(self, field: str, row: int = 0) -> Cell:
        """Return one value of its rows.

        Args:
            field: The column.
            row: Counts from 0.
        """
        return Cell(self.name, field, row, self)

    def to_dict(self) -> dict[str, Any]:
        """Return it as the service has it."""
        texts = {"sql": self.sql, "query": self.query, "target": self.target}
        found: dict[str, Any] = {"name": self.name, "source": self.source}
        found.update({name: text for name, text in texts.items() if text is not None})
        if self.params:
            found["params"] = {name: param.to_dict() for name, param in self.params.items()}
        return found


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a declared query, by its name."""

    name: str
    query: Query | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)

    def to_dict(self) -> dict[str, Any]:
        """Return the binding."""
        return {"$query": self.name}


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a declared query."""

    name: str
    field: str
    row: int = 0
    query: Query | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not isinstance(self.field, str) or not self.field:
            raise MisuseError(message="a cell names a column")
        if isinstance(self.row, bool) or not isinstance(self.row, int) or self.row < 0:
            raise MisuseError(message="the row of a cell is a whole number from 0")

    def to_dict(self) -> dict[str, Any]:
        """Return the binding."""
        found: dict[str, Any] = {"query": self.name, "field": self.field}
        if self.row:
            found["row"] = self.row
        return {"$value": found}


def sql(name: str, text: str, params: Mapping[str, ParamType | Param] | None = None) -> Query:
    """Declare a query of the page: one SELECT. The service checks the SQL when the page is sent.

    Args:
        name: A word, at most 64 characters, by which components refer to it.
        text: The SELECT, with ``@name`` for parameters.
        params: The parameters, each with its type or a :class:`Param`.

    Raises:
        MisuseError: The name, the text or a parameter is not possible.
    """
    return Query(_check_name(name), "sql", sql=_said("sql", text), params=_params(params))


def cluster_search(
    name: str,
    query: str,
    target: str = "interactions",
    params: Mapping[str, ParamType | Param] | None = None,
) -> Query:
    """Declare a search by meaning in a corpus.

    Args:
        name: A word by which components refer to it.
        query: What to look for.
        target: Where.
        params: Parameters in ``query``.
    """
    return Query(
        _check_name(name),
        "cluster_search",
        query=_said("query", query),
        target=_said("target", target),
        params=_params(params),
    )


def kb_search(
    name: str, query: str, params: Mapping[str, ParamType | Param] | None = None
) -> Query:
    """Declare a search of the knowledge base.

    Args:
        name: A word by which components refer to it.
        query: What to look for.
        params: Parameters in ``query``.
    """
    return Query(
        _check_name(name), "kb_search", query=_said("query", query), params=_params(params)
    )


def _check_name(name: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise MisuseError(
            message=f"{name!r} is no name of a query: letters, digits and _, at most 64, "
            "not beginning with a digit"
        )
    return name


def _said(what: str, text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise MisuseError(message=f"{what} of a declared query must be a text")
    return text


def _params(params: Mapping[str, ParamType | Param] | None) -> dict[str, Param]:
    found: dict[str, Param] = {}
    for name, given in (params or {}).items():
        param = given if isinstance(given, Param) else Param(given)
        if param.type not in _PARAM_TYPES:
            raise MisuseError(
                message=f"the parameter {name!r} must be one of {', '.join(sorted(_PARAM_TYPES))}"
            )
        found[_check_name(name)] = param
    return found
