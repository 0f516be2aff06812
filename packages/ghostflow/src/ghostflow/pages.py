"""A page of a list: the list itself, and how it goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from quintet.core.headers import Headers

__all__ = ["Page"]

T = TypeVar("T")

_ARRAYS = ("data", "items", "results")
_CURSORS = ("nextCursor", "next_cursor")
_TOTALS = ("total", "totalCount", "total_count")
# RFC 8288: the target in angle brackets, which may have commas, and then its parameters.
_LINK = r"<([^<>]*)>([^<]*)"
_RELATION = r'(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))'


class Page(list[T]):
    """The items of one page: a plain list, with what the answer says of the rest.

    Attributes:
        next_cursor: What ``list(cursor=…)`` goes on with; ``None`` on the last page.
        total: How many items there are on all pages, ``None`` if the service does not say.
    """

    def __init__(
        self, items: Iterable[T] = (), next_cursor: str | None = None, total: int | None = None
    ) -> None:
        super().__init__(items)
        self.next_cursor = next_cursor
        self.total = total


def read_page(found: Any, headers: Headers) -> Page[Any] | None:
    """Return the page that an answer is, ``None`` if there is no list in it.

    A bare array with headers is what the service sends; an object around the array is read as well,
    since what the hosted service does for long lists is not documented.
    """
    facts: Mapping[str, Any] = found if isinstance(found, dict) else {}
    items = found
    if facts:
        items = next((facts[name] for name in _ARRAYS if isinstance(facts.get(name), list)), None)
    if not isinstance(items, list):
        return None
    meta = facts.get("meta")
    sources = (facts, meta if isinstance(meta, dict) else {})
    cursor = headers.get("x-next-cursor") or _linked(headers.get("link") or "")
    total = _count(headers.get("x-total-count"))
    for source in sources:
        cursor = cursor or next((cursor_text(source[n]) for n in _CURSORS if source.get(n)), None)
        if total is None:
            total = next((_count(source[name]) for name in _TOTALS if name in source), None)
    return Page(items, cursor or None, total)


def _linked(link: str) -> str | None:
    """Return the cursor of ``<…?cursor=…>; rel="next"``."""
    for target, parameters in re.findall(_LINK, link[:4096]):
        relation = re.search(_RELATION, parameters)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            from urllib.parse import parse_qs

            # Only its query matters, and what stands before need not be a URL.
            query = target.partition("?")[2].partition("#")[0]
            return next(iter(parse_qs(query).get("cursor", ())), None)
    return None


def cursor_text(value: Any) -> str | None:
    """Return a cursor as the body of an answer may have it, ``None`` for what is none."""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
    return value if type(value) is int and value >= 0 else None
