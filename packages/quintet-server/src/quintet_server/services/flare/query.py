"""Query strings: what a caller may filter by, read without surprises.

Unknown parameters are ignored. Of a repeated one, the last counts, except for `tag`. An empty value
counts as absent.
"""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request

from quintet_server.services.flare.errors import invalid_field
from quintet_server.services.flare.settings import FlareSettings
from quintet_server.services.flare.timestamps import parse_timestamp

_LONGEST = 1000


def text(request: Request, name: str) -> str | None:
    """The parameter, or None."""
    value = request.query_params.get(name)
    if not value:
        return None
    if "\x00" in value:
        raise invalid_field(name, "must not contain NUL characters")
    if len(value) > _LONGEST:
        raise invalid_field(name, f"must have at most {_LONGEST} characters")
    return value


def one_of(request: Request, name: str, allowed: tuple[str, ...]) -> str | None:
    """The parameter, which must be one of `allowed`."""
    value = text(request, name)
    if value is not None and value not in allowed:
        raise invalid_field(name, f"must be one of {', '.join(allowed)}")
    return value


def instant(request: Request, name: str) -> datetime | None:
    """The parameter as an instant."""
    value = text(request, name)
    try:
        # An unescaped '+' of an offset arrives as a blank.
        return (
            None
            if value is None
            else parse_timestamp(
                value.replace(" ", "+", 1) if value.count(" ") == 1 and "T" in value else value
            )
        )
    except ValueError as error:
        raise invalid_field(name, str(error)) from error


def clamped_limit(request: Request, settings: FlareSettings, *, default: int | None = None) -> int:
    """`limit`, clamped to 1 … the setting's maximum; not a number is refused."""
    value = text(request, "limit")
    if value is None:
        return default or settings.list_default_count
    digits = value.removeprefix("-").removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise invalid_field("limit", "must be an integer")
    return min(max(int(value), 1), settings.list_max_count)


def tags(request: Request, settings: FlareSettings) -> dict[str, str]:
    """Every `tag=key:value`; a job must carry all of them."""
    found: dict[str, str] = {}
    for given in request.query_params.getlist("tag"):
        key, colon, value = given.partition(":")
        if not colon or not key or "\x00" in given:
            raise invalid_field("tag", "must look like key:value")
        if found.setdefault(key, value) != value:
            raise invalid_field("tag", f"{key!r} is asked for with two values; no job has both")
    if len(found) > settings.tags_max_count:
        raise invalid_field("tag", f"at most {settings.tags_max_count} may be asked for")
    return found
