"""What surrounds every answer."""

from __future__ import annotations

from typing import TypedDict


class Meta(TypedDict, total=False):
    """What every answer says of itself."""

    request_id: str
    timestamp: str


class Pagination(TypedDict):
    """Where a page stands in its list. Pages count from 1."""

    page: int
    per_page: int
    total_count: int
    total_pages: int
    has_next: bool
    has_prev: bool
    has_more: bool
    """The same as ``has_next``."""


class Deletion(TypedDict):
    """Something that is gone."""

    id: str
    deleted: bool


class DeletionResponse(TypedDict):
    """The answer to a deletion."""

    data: Deletion
    meta: Meta
