"""The bodies of requests to managed search, and of its answers."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, Field

from quintet_server.services.aerostack.endpoints import Body
from quintet_server.services.aerostack.search.models import Choice

_ID_MAX_CHARS = 512
_TYPE_MAX_CHARS = 200
_TYPES_MAX_COUNT = 100


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return _storable(text)


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL")
    return text


def _storable_object(value: dict[str, Any]) -> dict[str, Any]:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        raise ValueError("must not hold integers of more than 64 bits") from None
    if _has_nul(value):
        raise ValueError("must not contain NUL")
    return value


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(name) or _has_nul(each) for name, each in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


Text = Annotated[str, AfterValidator(_said)]
ItemId = Annotated[str, Field(max_length=_ID_MAX_CHARS), AfterValidator(_said)]
ItemType = Annotated[str, Field(max_length=_TYPE_MAX_CHARS), AfterValidator(_said)]
Object = Annotated[dict[str, Any], AfterValidator(_storable_object)]


class Ingest(Body):
    """An item; without an id it gets one."""

    content: Text
    type: ItemType
    id: ItemId | None = None
    metadata: Object | None = None


class Update(Body):
    """An item's new content; its type and metadata stay unless given."""

    id: ItemId
    content: Text
    type: ItemType | None = None
    metadata: Object | None = None


class Query(Body):
    """A text, and what the items found for it must have."""

    text: Text
    top_k: int = Field(default=5, ge=1, le=100)
    types: list[Annotated[str, AfterValidator(_storable)]] | None = Field(
        default=None, max_length=_TYPES_MAX_COUNT
    )
    filter: Object | None = None


class Get(Body):
    """An item's id."""

    id: ItemId


class Id(Body):
    """An item's id."""

    id: ItemId


class Type(Body):
    """A type of items."""

    type: ItemType


class Count(Body):
    """A type of items; without one, all."""

    type: ItemType | None = None


class Configure(Body):
    """The embedding model of the project."""

    embedding_model: Choice


class Embed(Body):
    """A text, and the model that is to embed it."""

    text: Text
    model: str | None = Field(default=None, min_length=1, max_length=200)


class Kept(BaseModel):
    """The item was kept under this id."""

    success: bool
    id: str


class Hit(BaseModel):
    """An item that was found; the score is the cosine similarity, from 0 to 1."""

    id: str
    content: str
    score: float
    type: str
    metadata: dict[str, Any]


class Found(BaseModel):
    """The items found, best first."""

    results: list[Hit]


class _Shown(BaseModel):
    id: str
    content: str
    type: str
    metadata: dict[str, Any]


class Gotten(BaseModel):
    """The item, or null."""

    result: _Shown | None
    exists: bool


class Deleted(BaseModel):
    """Done; how many there were."""

    success: bool
    deleted: int


class Counted(BaseModel):
    """How many there are."""

    count: int


class TypeCount(BaseModel):
    """A type, and how many items it has."""

    type: str
    count: int


class Types(BaseModel):
    """Every type in use."""

    types: list[TypeCount]


class Configured(BaseModel):
    """Done; the model that is used, and how many items it embedded again."""

    success: bool
    model: str
    reembedded: int


class Embedded(BaseModel):
    """A vector, and the model that made it."""

    embedding: list[float]
    model: str
