"""The shapes of answers: one object, one page of a list, instants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.responses import json_response
from quintet_server.services.flowmaestro.errors import meta
from quintet_server.store.idempotency import Reply

_PER_PAGE = 20
_PER_PAGE_MAX = 100
# Beyond any list; keeps the offset within what PostgreSQL can count.
_PAGE_MAX = 10**9


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list was asked for: `page` counts from 1, `per_page` is 1 to 100."""

    page: int
    per_page: int

    @property
    def offset(self) -> int:
        """How many items lie before this page."""
        return (self.page - 1) * self.per_page


def read_page(request: Request) -> Page:
    """The page a request asks for; whatever is no number or out of range is clamped silently."""
    query = request.query_params
    return Page(
        _clamped(query.get("page"), 1, _PAGE_MAX),
        _clamped(query.get("per_page"), _PER_PAGE, _PER_PAGE_MAX),
    )


def _clamped(text: str | None, default: int, most: int) -> int:
    digits = (text or "").strip()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if not (digits.isascii() and digits.isdigit()):
        return default
    # A number of a thousand digits is simply a large one.
    value = sign * int(digits[:18] if len(digits) <= 18 else "9" * 18)
    return max(1, min(value, most))


def ok(request: Request, data: Any, status: int = 200) -> Response:
    """`{"data", "meta"}`."""
    return json_response(_enveloped(request, data), status)


def ok_reply(request: Request, data: Any, status: int = 200) -> Reply:
    """The same as a reply that can be stored under an idempotency key."""
    return Reply(status, orjson.dumps(_enveloped(request, data)))


def ok_list(request: Request, items: Sequence[Any], page: Page, total: int) -> Response:
    """`{"data": [...], "pagination", "meta"}`, with every name the sources give the fields."""
    pages = -(-total // page.per_page)
    has_next = page.page < pages
    body = {
        "data": items,
        "pagination": {
            "page": page.page,
            "per_page": page.per_page,
            "total_count": total,
            "total_pages": pages,
            "has_next": has_next,
            "has_prev": page.page > 1,
            "has_more": has_next,
        },
        "meta": meta(request.state.request_id),
    }
    return json_response(body)


def _enveloped(request: Request, data: Any) -> dict[str, Any]:
    return {"data": data, "meta": meta(request.state.request_id)}


def instant(when: datetime | None) -> str | None:
    """`2024-01-15T10:30:00.000Z`; None stays None."""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
