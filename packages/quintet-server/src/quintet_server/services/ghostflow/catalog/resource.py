"""What campaigns, offers, sources, networks and domains have in common, and where each differs.

A resource is a table whose first columns are the same everywhere, a body that names the other
columns as requests do, and a function that shows a row. What else one of them needs to do when it
is made, changed or deleted it says in three functions of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.endpoints import Body
from quintet_server.services.ghostflow.errors import invalid_fields
from quintet_server.services.ghostflow.wire import Name, instant
from quintet_server.store.database import Connection

__all__ = [
    "COMMON",
    "Part",
    "ReadOnly",
    "Resource",
    "ResourceBody",
    "Row",
    "Values",
    "check_read_only",
    "given_values",
    "show_common",
]

Row = dict[str, Any]
"""A row by column."""
Values = dict[str, Any]
"""What columns are to hold."""

COMMON = ("id", "team_id", "name", "version", "created_at", "updated_at")

_READ_ONLY = {"readOnly": True}
ReadOnly = Annotated[Any, Field(json_schema_extra=_READ_ONLY)]
"""A field that answers have: requests may repeat it, and not change it."""


class Part(Body):
    """An object within a body."""

    @abstractmethod
    def stored(self) -> dict[str, Any]:
        """What the column holds."""


class ResourceBody(Body):
    """The fields that every resource has."""

    name: Name = ""
    id: ReadOnly = None
    team_id: ReadOnly = None
    version: ReadOnly = None
    created_at: ReadOnly = None
    updated_at: ReadOnly = None


async def _no_preparation(call: Call, conn: Connection, old: Row | None, values: Values) -> None:
    """Nothing has to be looked at."""


async def _no_news(call: Call, conn: Connection, old: Row | None, new: Row) -> None:
    """Nobody has to be told."""


async def _no_ties(call: Call, conn: Connection, row: Row) -> None:
    """Nothing holds on to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One of the five."""

    noun: str
    """In refusals: `Campaign`."""
    plural: str
    """In paths and scopes: `campaigns`."""
    table: str
    body: type[ResourceBody]
    """Of changes. Fields that are not read-only have the names of their columns, and as defaults
    what a new row has there."""
    show: Callable[[Call, Row], dict[str, Any]]
    """A row as callers see it."""
    more_columns: tuple[str, ...] = ()
    """Beside the common ones and those of the body."""
    computed: str = ""
    """Another column of answers: an expression of SQL with a name."""
    json_columns: frozenset[str] = frozenset()
    unique: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Columns that are unique on the server, by the constraint that says so; and what a caller
    should know whose value is taken."""
    statuses: tuple[str, ...] = ()
    """What a list can be filtered by."""
    unlisted_statuses: tuple[str, ...] = ()
    """Left out of lists that are not asked for them."""
    searched: tuple[str, ...] = ("name",)
    locks_team: bool = False
    """Whether a change of one can change others of its team, so that only one runs at a time."""
    prepare: Callable[[Call, Connection, Row | None, Values], Awaitable[None]] = _no_preparation
    """Called before a row is written, with the row as it is (None: a new one) and what is to be
    changed: refuses, or adds what follows from it."""
    tell: Callable[[Call, Connection, Row | None, Row], Awaitable[None]] = _no_news
    """Called in the same transaction when it has been written."""
    untie: Callable[[Call, Connection, Row], Awaitable[None]] = _no_ties
    """Called before a row is deleted: refuses, or lets go of what it held."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns that requests can change."""
        fields = self.body.model_fields.items()
        return tuple(name for name, about in fields if not _is_read_only(about))

    @property
    def columns(self) -> str:
        """What is read of a row, as SQL."""
        names = dict.fromkeys((*COMMON, *self.fields, *self.more_columns))
        return ", ".join(names) + (f", {self.computed}" if self.computed else "")


def _is_read_only(about: FieldInfo) -> bool:
    return about.json_schema_extra == _READ_ONLY


def given_values(resource: Resource, body: ResourceBody, *, defaults: bool) -> Values:
    """What a body wants the columns to hold; with `defaults`, of all of them."""
    names = resource.fields if defaults else body.model_fields_set.intersection(resource.fields)
    return {name: _stored(getattr(body, name)) for name in names}


def _stored(value: Any) -> Any:
    if isinstance(value, Part):
        return value.stored()
    return [_stored(each) for each in value] if isinstance(value, list) else value


def check_read_only(body: Body, shown: Mapping[str, Any]) -> None:
    """Raise 400 for a read-only field that is not what the object has there."""
    fields = [
        (to_camel(name), "is read-only")
        for name, about in type(body).model_fields.items()
        if name in body.model_fields_set
        and _is_read_only(about)
        and not _is_same(getattr(body, name), shown[to_camel(name)])
    ]
    if fields:
        raise invalid_fields(fields)


def _is_same(given: Any, stored: Any) -> bool:
    # In Python true is 1, in JSON it is not.
    return type(given) is type(stored) and bool(given == stored)


def show_common(row: Row) -> dict[str, Any]:
    """What every answer has."""
    return {
        "id": str(row["id"]),
        "teamId": str(row["team_id"]),
        "name": row["name"],
        "version": row["version"],
        "createdAt": instant(row["created_at"]),
        "updatedAt": instant(row["updated_at"]),
    }
