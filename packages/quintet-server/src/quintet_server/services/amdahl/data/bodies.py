"""The bodies of requests about data, and of their answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, Field

from quintet_server.services.amdahl.data.filter_lane import Lane
from quintet_server.services.amdahl.data.searching import Mode
from quintet_server.services.amdahl.endpoints import Body

_QUERY_MAX_CHARS = 2_000


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Query = Annotated[str, Field(max_length=_QUERY_MAX_CHARS), AfterValidator(_said)]


class Ingest(Body):
    """Rows for a table."""

    table: str
    rows: list[dict[str, Any]]


class Explore(Body):
    """What to describe."""

    scope: Literal["all", "schema", "clusters", "knowledge"] = "all"
    include_samples: bool = True


class Search(Body):
    """A question to the knowledge documents."""

    query: Query
    mode: Mode = "hybrid"
    limit: int = Field(default=10, ge=1, le=50)


class FilterBody(Body):
    """A condition; some operators take no value."""

    field: str
    op: str = Field(validation_alias=AliasChoices("op", "operator"))
    value: Any = Field(default=None, validation_alias=AliasChoices("value", "values"))


class MetricBody(Body):
    """A figure over the rows of a group."""

    fn: str
    field: str | None = None
    alias: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")] | None = None


class OrderBody(Body):
    """By what the rows are ordered."""

    field: str
    dir: Literal["asc", "desc"] = "asc"


def _several(given: Any) -> Any:
    """One order alone is a list of one: mistakes in it are then named as any other field's."""
    return [given] if isinstance(given, dict) else given


Orders = Annotated[
    list[OrderBody],
    BeforeValidator(_several, json_schema_input_type=OrderBody | list[OrderBody]),
]


class SearchQuery(Body):
    """A question to a table, without SQL."""

    query: Annotated[str, Field(max_length=_QUERY_MAX_CHARS)] | None = None
    mode: Lane = "auto"
    surface: str = "interactions"
    filters: list[FilterBody] = Field(default_factory=list)
    order_by: Orders | None = None
    limit: int = Field(default=100, ge=1, le=1_000)
    group_by: list[str] = Field(default_factory=list)
    metrics: list[MetricBody] = Field(default_factory=list)


class Ingested(BaseModel):
    """How many rows were new, changed, and as they are already."""

    table: str
    received: int
    inserted: int
    updated: int
    unchanged: int


class ExploredColumn(BaseModel):
    """A column, and values that are in it."""

    name: str
    type: str
    nullable: bool
    description: str
    samples: list[Any]


class ExploredTable(BaseModel):
    """A table; the number of rows comes with the samples."""

    name: str
    columns: list[ExploredColumn]
    row_count: int | None = None


class ExploredCluster(BaseModel):
    """A group of utterances that mean something similar."""

    label: str
    size: int
    share: float
    sentiment: float | None
    examples: list[str]


class Clusters(BaseModel):
    """The groups; `available` is false where no vectors can be made."""

    available: bool
    count: int
    reason: str | None = None
    pending: int | None = None
    items: list[ExploredCluster] | None = None


class Knowledge(BaseModel):
    """The knowledge documents."""

    documents: int
    pieces: int
    updated_at: str | None


class Explored(BaseModel):
    """What was asked for of the three."""

    tables: list[ExploredTable] | None = None
    clusters: Clusters | None = None
    knowledge: Knowledge | None = None


class SearchHit(BaseModel):
    """A document that was found; the score compares within the answer."""

    id: str
    title: str
    snippet: str
    score: float
    source: str | None


class Searched(BaseModel):
    """The documents found, best first; why it was not searched by meaning, if it was not."""

    results: list[SearchHit]
    mode_ran: Mode
    notice: str | None = None


class CompiledBody(BaseModel):
    """The statement that ran; `/data/query` takes it with these parameters."""

    sql: str
    params: dict[str, Any]
    filters: list[dict[str, Any]]


class Timing(BaseModel):
    """How long it took."""

    total_ms: float


class Freshness(BaseModel):
    """How old the rows are."""

    source: str
    synced_at: str


class SearchQueried(BaseModel):
    """Rows or figures."""

    success: bool
    mode_ran: Lane
    results: list[dict[str, Any]]
    truncated: bool
    compiled: CompiledBody
    timing: Timing
    freshness: Freshness


class SearchField(BaseModel):
    """A field, and what it can be asked."""

    name: str
    type: str
    description: str
    operators: list[str]


class Surface(BaseModel):
    """A table of the filter lane."""

    surface: str
    fields: list[SearchField]


class Surfaces(BaseModel):
    """Every table."""

    surfaces: list[Surface]


class DocumentBody(BaseModel):
    """A knowledge document, without its text."""

    id: str
    name: str
    title: str
    source: str | None
    content_type: str
    metadata: dict[str, Any]
    piece_count: int
    created_at: str
    updated_at: str


class Documents(BaseModel):
    """A page of documents."""

    items: list[DocumentBody]
    limit: int
    offset: int
    total: int
    has_more: bool
    next_cursor: str | None
