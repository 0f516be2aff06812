"""Lists: both ways of paging the vendor documents, in one answer.

A page is asked for by `offset`, or by the `cursor` that the page before named. The cursor says
where that page ended, so what is created in between neither repeats nor hides anything. It is worth
nothing with other filters, and says so.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from quintet_server.services.amdahl.context import Call
from quintet_server.services.amdahl.errors import invalid_argument

__all__ = ["Filters", "ListArgs", "common_filters", "envelope", "list_args"]

Key = tuple[datetime, str]

_DEFAULT, _MOST = 50, 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ListArgs:
    """Which page: `limit` rows behind `offset`, or behind `after` (created_at, id)."""

    limit: int
    offset: int
    after: Key | None
    fingerprint: str
    """Of the filters; part of the cursor."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters every list has; None where none is given."""

    status: str | None
    q: str | None
    created_at_gte: datetime | None
    created_at_lte: datetime | None
    updated_at_gte: datetime | None
    updated_at_lte: datetime | None

    def as_mapping(self) -> dict[str, Any]:
        """By name, for statements and fingerprints."""
        return {name: getattr(self, name) for name in self.__slots__}


def common_filters(call: Call, *, statuses: Sequence[str] = ()) -> Filters:
    """Read the filters of a request. Raises 400 for a date or a status that is none."""
    status = call.query("status")
    if status is not None and statuses and status not in statuses:
        message = f"status: {status[:100]!r} is not one of {', '.join(statuses)}"
        raise invalid_argument(message, "status", allowed=statuses)
    return Filters(
        status,
        call.query("q"),
        *(
            _date(call, f"{field}_at_{end}")
            for field in ("created", "updated")
            for end in ("gte", "lte")
        ),
    )


def _date(call: Call, name: str) -> datetime | None:
    given = call.query(name)
    if given is None:
        return None
    try:
        when = datetime.fromisoformat(given.replace(" ", "+"))  # a plus sign, decoded
    except ValueError:
        message = f"{name}: must be a date or an instant such as 2026-04-14T18:22:11Z"
        raise invalid_argument(message, name) from None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def list_args(call: Call, **filters: Any) -> ListArgs:
    """Read which page is wanted; `filters` are what the list is filtered by.

    Raises 400: a limit below 1, an offset below 0, both ways of paging at once, a cursor that is
    none or belongs to other filters.
    """
    limit = min(_integer(call, "limit", _DEFAULT, least=1), _MOST)
    offset = _integer(call, "offset", 0, least=0)
    fingerprint = _fingerprint(call.request.url.path, filters)
    cursor = call.query("cursor")
    if cursor is None:
        return ListArgs(limit, offset, None, fingerprint)
    if call.query("offset") is not None:
        raise invalid_argument("cursor and offset cannot be used together", "cursor")
    return ListArgs(limit, 0, _read_cursor(cursor, fingerprint), fingerprint)


def _integer(call: Call, name: str, default: int, *, least: int) -> int:
    given = call.query(name)
    if given is None:
        return default
    digits = given.removeprefix("-")
    # Its length first: int() itself refuses thousands of digits.
    is_whole = len(given) <= 9 and digits.isascii() and digits.isdigit()
    if not is_whole or int(given) < least:
        raise invalid_argument(f"{name}: must be a whole number, {least} or more", name)
    return int(given)


def _fingerprint(path: str, filters: Mapping[str, Any]) -> str:
    text = orjson.dumps([path, filters], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()[:16]


def _write_cursor(key: Key, fingerprint: str) -> str:
    micros = (key[0] - _EPOCH) // timedelta(microseconds=1)
    text = orjson.dumps([micros, key[1], fingerprint])
    checked = hashlib.sha256(text).digest()[:6] + text
    return base64.urlsafe_b64encode(checked).decode().rstrip("=")


def _read_cursor(cursor: str, fingerprint: str) -> Key:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        checked = base64.b64decode(padded, altchars=b"-_", validate=True)
        check, text = checked[:6], checked[6:]
        if hashlib.sha256(text).digest()[:6] != check:
            raise ValueError
        micros, id, filtered_by = orjson.loads(text)
        when = _EPOCH + timedelta(microseconds=micros)
    except (ValueError, TypeError, binascii.Error, OverflowError):
        message = "cursor: is not one that this list has given out"
        raise invalid_argument(message, "cursor") from None
    if filtered_by != fingerprint:
        raise invalid_argument("cursor: belongs to a list with other filters", "cursor")
    return when, str(id)


def envelope(
    items: Sequence[Mapping[str, Any]], total: int, args: ListArgs, keys: Sequence[Key]
) -> dict[str, Any]:
    """The answer of a list.

    Args:
        items: One more than the limit, if there are as many.
        total: How many there are over the filters.
        args: Which page it is.
        keys: (created_at, id) of the items.
    """
    shown = list(items[: args.limit])
    has_more = len(items) > args.limit
    following = _write_cursor(keys[args.limit - 1], args.fingerprint) if has_more else None
    return {
        "items": shown,
        "limit": args.limit,
        "offset": args.offset,
        "total": total,
        "has_more": has_more,
        "next_cursor": following,
    }
