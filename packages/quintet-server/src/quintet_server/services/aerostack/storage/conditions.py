"""Whether a request still wants the object as it is now: RFC 9110 §13."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum, auto

__all__ = ["Wanted", "http_date", "range_counts", "wanted"]


class Wanted(Enum):
    """What the preconditions of a request come to."""

    YES = auto()
    NOT_MODIFIED = auto()
    """304: the client has it."""
    FAILED = auto()
    """412: it is not the one the client means."""


def http_date(when: datetime) -> str:
    """An instant as headers say it, in whole seconds."""
    return format_datetime(_whole(when), usegmt=True)


def wanted(headers: Mapping[str, str], etag: str, modified: datetime) -> Wanted:
    """Evaluate the four conditions in the order of §13.2.2; dates nobody can read are ignored.

    `etag` without its quotation marks. Reading an object by POST counts as reading.
    """
    if (given := headers.get("if-match")) is not None:
        if not _lists(given, etag, weak=False):
            return Wanted.FAILED
    elif (limit := _date(headers.get("if-unmodified-since"))) and _whole(modified) > limit:
        return Wanted.FAILED
    if (given := headers.get("if-none-match")) is not None:
        return Wanted.NOT_MODIFIED if _lists(given, etag, weak=True) else Wanted.YES
    since = _date(headers.get("if-modified-since"))
    return Wanted.NOT_MODIFIED if since and _whole(modified) <= since else Wanted.YES


def range_counts(if_range: str | None, etag: str, modified: datetime) -> bool:
    """Tell whether a Range is of the object as the client knows it (§13.1.5)."""
    if if_range is None:
        return True
    given = if_range.strip()
    if given.startswith(('"', "W/")):
        return given == f'"{etag}"'
    return _date(given) == _whole(modified)


def _lists(header: str, etag: str, *, weak: bool) -> bool:
    """Tell whether a list of entity tags names this one; ours have no comma in them."""
    tags = {tag.strip() for tag in header.split(",")}
    if weak:
        tags = {tag.removeprefix("W/") for tag in tags}
    return header.strip() == "*" or f'"{etag}"' in tags


def _date(header: str | None) -> datetime | None:
    try:
        when = parsedate_to_datetime(header or "")
    except (ValueError, TypeError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _whole(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(microsecond=0)
