"""What can be queried, and what searches find."""

from __future__ import annotations

from typing import Any, TypedDict

from amdahl.types.envelope import Envelope


class _ColumnInfoCore(TypedDict):
    name: str
    type: str


class ColumnInfo(_ColumnInfoCore, total=False):
    """A column of a table."""

    nullable: bool
    description: str
    samples: list[Any]


class TableInfo(TypedDict):
    """A table that queries can read."""

    name: str
    columns: list[ColumnInfo]


class _ExplorationCore(TypedDict):
    tables: list[TableInfo]


class Exploration(_ExplorationCore, total=False):
    """What there is to ask about."""

    clusters: dict[str, Any]
    knowledge: dict[str, Any]


class Hit(TypedDict):
    """A document that a search found, best first."""

    id: str
    title: str
    snippet: str
    score: float


class SearchResults(TypedDict):
    """What a search of documents found."""

    results: list[Hit]


class Compiled(TypedDict, total=False):
    """What a search became."""

    sql: str
    filters: Any


class _LaneResultsCore(TypedDict):
    results: list[dict[str, Any]]


class LaneResults(_LaneResultsCore, total=False):
    """What the search lane found; ``mode_ran`` says how it looked."""

    success: bool
    mode_ran: str
    compiled: Compiled
    timing: dict[str, float]
    freshness: dict[str, Any]


class _FieldCore(TypedDict):
    name: str
    type: str
    operators: list[str]


class Field(_FieldCore, total=False):
    """A field that the search lane can filter by."""

    description: str


class Surface(TypedDict):
    """Something that the search lane searches."""

    surface: str
    fields: list[Field]


class SearchFields(TypedDict):
    """Everything that the search lane knows."""

    surfaces: list[Surface]


class Ingested(TypedDict, total=False):
    """What became of rows that were put in."""

    table: str
    inserted: int
    updated: int


class _DocumentCore(TypedDict):
    id: str
    title: str


class Document(_DocumentCore, total=False):
    """A document of the knowledge base."""

    name: str
    source: str | None
    content_type: str
    metadata: dict[str, Any]
    piece_count: int
    """Into how many pieces it was cut for searches."""
    created_at: str
    updated_at: str


class DocumentList(Envelope):
    """A page of documents."""

    items: list[Document]
