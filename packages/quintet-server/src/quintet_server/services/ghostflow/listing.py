"""Lists: a bare array in the body, and everything about paging in headers.

Pages follow one another by (sort value, id), so that what is created in between neither repeats
nor hides a row. A cursor is signed with the team's secret and bound to the route, the order and the
filters it was given out for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from starlette.datastructures import URL
from starlette.responses import Response

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.parameters import Param, choice_of, text
from quintet_server.services.ghostflow.wire import ok

__all__ = [
    "NEWEST_FIRST",
    "PAGE",
    "SEARCH",
    "SEARCHED_PAGE",
    "ListArgs",
    "keyset",
    "like",
    "list_args",
    "list_response",
    "paging",
    "read_limit",
]

MOST = 1000
"""Rows of a page, also when no limit is given: ordinary accounts get everything at once."""

_SEARCH_MAX_CHARS = 200
_SIGNATURE_BYTES = 12
SORTS = {"createdAt": "created_at", "name": "name"}
"""What most lists can be sorted by, and the columns behind it."""
NEWEST_FIRST = "-createdAt"
PAGE = (
    Param("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": MOST}),
    text("cursor", "Where the page before ended: its `X-Next-Cursor`."),
)
"""What the query of every list may say, its order aside."""
SEARCH = text("search", "Part of the name, in any case.", maxLength=_SEARCH_MAX_CHARS)


def paging(sorts: Iterable[str] = SORTS, default: str = NEWEST_FIRST) -> tuple[Param, ...]:
    """What the query of a list may say that can be sorted by these."""
    orders = [order for name in sorts for order in (name, f"-{name}")]
    return (*PAGE, choice_of("sort", orders, default))


SEARCHED_PAGE = (*paging(), SEARCH)
"""Of a list that can be searched, too."""

Key = tuple[Any, UUID]


@dataclass(frozen=True, slots=True)
class ListArgs:
    """Which page: `limit` rows behind `after` (sort value, id)."""

    limit: int
    column: str
    descending: bool
    after: Key | None
    search: str | None
    fingerprint: str
    """Of the route, the order and the filters; part of the cursor."""


def list_args(
    call: Call,
    *,
    sorts: Mapping[str, str] = SORTS,
    default_sort: str = NEWEST_FIRST,
    **filters: Any,
) -> ListArgs:
    """Read which page is wanted; `filters` are what the list is filtered by besides `search`.

    Raises 400: a limit that is not from 1 to 1000, an order that there is not, a cursor that is
    none or belongs to another list.
    """
    sort = call.query("sort") or default_sort
    column = sorts.get(sort.removeprefix("-"))
    if column is None:
        known = ", ".join(f"{name}, -{name}" for name in sorts)
        raise invalid(f"sort: must be one of {known}", "sort")
    search = call.query("search") or None
    if search is not None and len(search) > _SEARCH_MAX_CHARS:
        raise invalid(f"search: must have at most {_SEARCH_MAX_CHARS} characters", "search")
    fingerprint = _fingerprint(call, {"sort": sort, "search": search, **filters})
    cursor = call.query("cursor")
    after = None if cursor is None else _read_cursor(call, cursor, fingerprint)
    return ListArgs(read_limit(call), column, sort.startswith("-"), after, search, fingerprint)


def read_limit(call: Call) -> int:
    """The query's `limit`; 1000 if there is none. Raises 400."""
    given = call.query("limit")
    if given is None:
        return MOST
    is_whole = len(given) <= 4 and given.isascii() and given.isdigit()
    if not is_whole or not 1 <= int(given) <= MOST:
        raise invalid(f"limit: must be a whole number from 1 to {MOST}", "limit")
    return int(given)


def keyset(args: ListArgs) -> tuple[str, dict[str, Any]]:
    """The end of a list's statement, from ` AND (…)` on, and its parameters.

    It gives one row more than the page has, if there is one: so the next page is known of.
    """
    direction = "DESC" if args.descending else "ASC"
    behind = "<" if args.descending else ">"
    where = ""
    params: dict[str, Any] = {"page_rows": args.limit + 1}
    if args.after is not None:
        where = f" AND ({args.column}, id) {behind} (%(after_value)s, %(after_id)s)"
        params |= {"after_value": args.after[0], "after_id": args.after[1]}
    order = f" ORDER BY {args.column} {direction}, id {direction} LIMIT %(page_rows)s"
    return where + order, params


def like(search: str) -> str:
    """A pattern for ILIKE that finds the text anywhere, whatever characters it has."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def list_response(
    call: Call, items: Sequence[Any], keys: Sequence[Key], total: int | None, args: ListArgs
) -> Response:
    """The answer of a list.

    Args:
        call: The request.
        items: One more than the limit, if there are as many.
        keys: (sort value, id) of the items.
        total: How many there are over the filters; None where counting them would take too long.
        args: Which page it is.
    """
    headers = [] if total is None else [("X-Total-Count", str(total))]
    if len(items) > args.limit:
        cursor = _write_cursor(call, keys[args.limit - 1], args.fingerprint)
        following = _here(call).include_query_params(cursor=cursor)
        headers += [("X-Next-Cursor", cursor), ("Link", f'<{following}>; rel="next"')]
    return ok(list(items[: args.limit]), headers=headers)


def _here(call: Call) -> URL:
    """The URL of the request, under the address that the operator says is ours."""
    url = call.request.url
    if call.parts.settings.public_url is None:
        return url
    return URL(call.parts.settings.public_url.rstrip("/") + url.path).replace(query=url.query)


def _fingerprint(call: Call, filters: Mapping[str, Any]) -> str:
    text = orjson.dumps([call.request.url.path, filters], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()[:16]


def _signature(call: Call, text: bytes) -> bytes:
    return hmac.digest(call.team.secret, b"cursor\0" + text, "sha256")[:_SIGNATURE_BYTES]


def _write_cursor(call: Call, key: Key, fingerprint: str) -> str:
    value = key[0].astimezone(UTC).isoformat() if isinstance(key[0], datetime) else key[0]
    kind = "at" if isinstance(key[0], datetime) else "text"
    text = orjson.dumps([kind, value, str(key[1]), fingerprint])
    return base64.urlsafe_b64encode(_signature(call, text) + text).decode().rstrip("=")


def _read_cursor(call: Call, cursor: str, fingerprint: str) -> Key:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        signed = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        signed = b""
    signature, text = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(_signature(call, text), signature):
        raise invalid("cursor: is not one that this list has given out", "cursor")
    kind, value, id, made_for = orjson.loads(text)
    if made_for != fingerprint:
        raise invalid("cursor: belongs to a list with another order or other filters", "cursor")
    return (datetime.fromisoformat(value) if kind == "at" else value), UUID(id)
