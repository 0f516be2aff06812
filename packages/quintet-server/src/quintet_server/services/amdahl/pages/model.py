"""A page, its queries, and what answers show of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = [
    "PARAM_TYPES",
    "SOURCES",
    "STATUSES",
    "Change",
    "DeclaredQuery",
    "Page",
    "Param",
    "Version",
]

Source = Literal["sql", "cluster_search", "kb_search"]
Status = Literal["draft", "published", "archived"]
ParamType = Literal["string", "integer", "float", "boolean", "date", "timestamp"]

STATUSES: tuple[Status, ...] = ("draft", "published", "archived")
SOURCES: tuple[Source, ...] = ("sql", "cluster_search", "kb_search")
PARAM_TYPES: tuple[ParamType, ...] = (
    *("string", "integer", "float", "boolean", "date", "timestamp"),
)


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a query, `@name` in its text.

    A value of a rendering wins over `default`; without either it is null, or refused if `required`.
    """

    type: ParamType
    default: Any = None
    required: bool = False

    def shape(self) -> str | dict[str, Any]:
        """As the wire has it: the bare type, or an object if there is more to say."""
        if self.default is None and not self.required:
            return self.type
        shown: dict[str, Any] = {"type": self.type}
        if self.default is not None:
            shown["default"] = self.default
        if self.required:
            shown["required"] = True
        return shown

    @classmethod
    def of(cls, shape: str | Mapping[str, Any]) -> Param:
        """The parameter of a shape that the verifier has accepted."""
        return cls(**({"type": shape} if isinstance(shape, str) else shape))


@dataclass(frozen=True, slots=True)
class DeclaredQuery:
    """A query that components of the page may name.

    `sql` has the text of one SELECT for the source `sql`; the searches have `query`, the text to
    look for, which may contain `@name` as well, and cluster_search a `target`.
    """

    name: str
    source: Source
    sql: str | None = None
    query: str | None = None
    target: str | None = None
    params: Mapping[str, Param] = field(default_factory=dict)

    def shape(self) -> dict[str, Any]:
        """As the wire has it, and as it is stored."""
        shown: dict[str, Any] = {"name": self.name, "source": self.source}
        for key in ("sql", "query", "target"):
            if (value := getattr(self, key)) is not None:
                shown[key] = value
        if self.params:
            shown["params"] = {name: param.shape() for name, param in self.params.items()}
        return shown

    @classmethod
    def of(cls, shape: Mapping[str, Any]) -> DeclaredQuery:
        """The query of a shape that the verifier has accepted."""
        params = {name: Param.of(hint) for name, hint in shape.get("params", {}).items()}
        return cls(
            name=shape["name"],
            source=shape["source"],
            sql=shape.get("sql"),
            query=shape.get("query"),
            target=shape.get("target"),
            params=params,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page in its present version; `spec` is in the canonical form and has been verified."""

    id: str
    project_id: str
    name: str
    description: str | None
    tags: tuple[str, ...]
    spec: dict[str, Any]
    declared_queries: tuple[DeclaredQuery, ...]
    status: Status
    version: int
    uses_custom: bool
    grants: tuple[str, ...]
    """The roles that may see it; none: everyone."""
    created_by: str | None
    updated_by: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None

    @property
    def layout(self) -> str:
        """How it is presented."""
        return str(self.spec.get("layout", "dashboard"))


@dataclass(frozen=True, slots=True)
class Change:
    """What made a version of a page."""

    version: int
    name: str
    uses_custom: bool
    restored_from: int | None
    """The version it repeats."""
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A page as it was, or is, after one of its changes."""

    change: Change
    spec: dict[str, Any]
    declared_queries: tuple[DeclaredQuery, ...]
