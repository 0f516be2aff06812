"""Managed search and embeddings."""

from __future__ import annotations

from typing import Any

from typing_extensions import NotRequired, TypedDict

from aerostack._model import BaseModel, CamelModel
from aerostack.models._open_enum import OpenEnum

__all__ = [
    "AiEmbedRequestBody",
    "AiEmbedRequestBodyTypedDict",
    "AiEmbedResponseBody",
    "EmbeddingModel",
    "SearchConfigureRequestBody",
    "SearchConfigureRequestBodyTypedDict",
    "SearchConfigureResponseBody",
    "SearchCountRequestBody",
    "SearchCountRequestBodyTypedDict",
    "SearchCountResponseBody",
    "SearchDeleteByTypeRequestBody",
    "SearchDeleteByTypeRequestBodyTypedDict",
    "SearchDeleteByTypeResponseBody",
    "SearchDeleteRequestBody",
    "SearchDeleteRequestBodyTypedDict",
    "SearchDeleteResponseBody",
    "SearchGetRequestBody",
    "SearchGetRequestBodyTypedDict",
    "SearchGetResponseBody",
    "SearchIngestRequestBody",
    "SearchIngestRequestBodyTypedDict",
    "SearchIngestResponseBody",
    "SearchItem",
    "SearchListTypesResponseBody",
    "SearchQueryRequestBody",
    "SearchQueryRequestBodyTypedDict",
    "SearchQueryResponseBody",
    "SearchType",
    "SearchUpdateRequestBody",
    "SearchUpdateRequestBodyTypedDict",
    "SearchUpdateResponseBody",
]


class EmbeddingModel(OpenEnum):
    """Which languages the search understands."""

    ENGLISH = "english"
    MULTILINGUAL = "multilingual"


class SearchIngestRequestBodyTypedDict(TypedDict):
    """A text to find later."""

    content: str
    type: str
    id: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]


class SearchIngestRequestBody(BaseModel):
    """A text to find later.

    Attributes:
        content: The text.
        type: A word to sort texts by.
        id: Replaces the text that has it; a new one without it.
        metadata: Fields to filter by.
    """

    content: str
    type: str
    id: str | None = None
    metadata: dict[str, Any] | None = None


class SearchIngestResponseBody(BaseModel):
    """Whether it was taken, and its id if the service says it."""

    success: bool | None = None
    id: str | None = None


class SearchQueryRequestBodyTypedDict(TypedDict):
    """What to look for."""

    text: str
    top_k: NotRequired[int]
    types: NotRequired[list[str]]
    filter: NotRequired[dict[str, Any]]


class SearchQueryRequestBody(CamelModel):
    """What to look for.

    Attributes:
        text: The question.
        top_k: At most so many results; 5 without it.
        types: Only texts of these types.
        filter: Only texts with these values in their metadata.
    """

    text: str
    top_k: int | None = None
    types: list[str] | None = None
    filter: dict[str, Any] | None = None


class SearchItem(BaseModel):
    """A text that was found; the higher the score, the better it fits."""

    id: str | None = None
    content: str | None = None
    score: float | None = None
    type: str | None = None
    metadata: dict[str, Any] | None = None


class SearchQueryResponseBody(BaseModel):
    """What was found, the best first."""

    results: list[SearchItem] | None = None


class SearchGetRequestBodyTypedDict(TypedDict):
    """Which text to return."""

    id: str


class SearchGetRequestBody(BaseModel):
    """Which text to return."""

    id: str


class SearchGetResponseBody(BaseModel):
    """The text, ``None`` if there is none with this id."""

    result: SearchItem | None = None
    exists: bool | None = None


class SearchUpdateRequestBodyTypedDict(TypedDict):
    """What a text becomes."""

    id: str
    content: str
    type: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]


class SearchUpdateRequestBody(BaseModel):
    """What a text becomes."""

    id: str
    content: str
    type: str | None = None
    metadata: dict[str, Any] | None = None


class SearchUpdateResponseBody(BaseModel):
    """Whether it was replaced."""

    success: bool | None = None
    id: str | None = None


class SearchDeleteRequestBodyTypedDict(TypedDict):
    """Which text to delete."""

    id: str


class SearchDeleteRequestBody(BaseModel):
    """Which text to delete."""

    id: str


class SearchDeleteResponseBody(BaseModel):
    """Whether it was deleted; ``deleted`` is 0 if there was none."""

    success: bool | None = None
    deleted: int | None = None


class SearchDeleteByTypeRequestBodyTypedDict(TypedDict):
    """Which texts to delete."""

    type: str


class SearchDeleteByTypeRequestBody(BaseModel):
    """Which texts to delete."""

    type: str


class SearchDeleteByTypeResponseBody(BaseModel):
    """How many were deleted."""

    success: bool | None = None
    deleted: int | None = None


class SearchCountRequestBodyTypedDict(TypedDict, total=False):
    """Which texts to count."""

    type: str


class SearchCountRequestBody(BaseModel):
    """Which texts to count; all without a type."""

    type: str | None = None


class SearchCountResponseBody(BaseModel):
    """How many there are."""

    count: int | None = None


class SearchType(BaseModel):
    """A type and how many texts have it."""

    type: str | None = None
    count: int | None = None


class SearchListTypesResponseBody(BaseModel):
    """All types there are."""

    types: list[SearchType] | None = None


class SearchConfigureRequestBodyTypedDict(TypedDict):
    """How the search understands texts."""

    embedding_model: EmbeddingModel | str


class SearchConfigureRequestBody(CamelModel):
    """How the search understands texts."""

    embedding_model: EmbeddingModel


class SearchConfigureResponseBody(BaseModel):
    """Which model understands texts now, and how many were read again because of it."""

    success: bool | None = None
    model: str | None = None
    reembedded: int | None = None


class AiEmbedRequestBodyTypedDict(TypedDict):
    """A text to turn into numbers."""

    text: str
    model: NotRequired[str]


class AiEmbedRequestBody(BaseModel):
    """A text to turn into numbers."""

    text: str
    model: str | None = None


class AiEmbedResponseBody(BaseModel):
    """The numbers."""

    embedding: list[float] | None = None
    model: str | None = None
