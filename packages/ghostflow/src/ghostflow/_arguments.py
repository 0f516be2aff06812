"""Building requests: Python's names become the wire's, and what cannot be meant is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ghostflow._money import sendable
from ghostflow.errors import MisuseError

_DIMENSIONS = frozenset(
    {
        *("campaign_id", "offer_id", "source_id", "network_id", "domain_id"),
        *("country", "device", "os", "browser", "referrer_host", "external_id", "event"),
        *(f"sub{number}" for number in range(1, 11)),
    }
)


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value, under the wire's names."""
    return {camel(name): value for name, value in fields.items() if value is not None}


def body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object to send: ``None`` clears a field, and what is not there is not touched."""
    return {camel(name): sendable(value) for name, value in fields.items()}


def camel(name: str) -> str:
    """Return ``postback_url`` as ``postbackUrl``; ``from_`` as ``from``; the rest as it is."""
    first, *others = name.rstrip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def ident(name: str, value: Any) -> str:
    """Return an id; a UUID is one, too.

    Raises:
        MisuseError: It is something else, such as the whole object.
    """
    if isinstance(value, str):
        return value
    # Imported here: whoever passes one has loaded it.
    from uuid import UUID

    if isinstance(value, UUID):
        return str(value)
    raise MisuseError(message=f"{name} must be an id as str, not {type(value).__name__}")


def filters(dimensions: Mapping[str, Any]) -> dict[str, Any]:
    """Return filters under the wire's names.

    Raises:
        MisuseError: One is not known. The service would say so as well, but not which one of
            Python's names was meant.
    """
    known = _DIMENSIONS | {camel(name) for name in _DIMENSIONS}
    if unknown := set(dimensions) - known:
        there_are = ", ".join(sorted(_DIMENSIONS))
        raise MisuseError(message=f"there is no filter {min(unknown)!r}; there are {there_are}")
    return given(**dimensions)


def log_query(from_: Any, to: Any, dimensions: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Return the query of a log: as of what is asked for by period, but either end may be open."""
    return {**bounds(from_, to), **given(**others), **filters(dimensions)}


def selection(from_: Any, to: Any, dimensions: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Return the query of what is asked for by period and by filters."""
    return {**period(from_, to), **given(**others), **filters(dimensions)}


def query_of(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the query that keywords are; a mapping among them, named ``params``, is part of it.

    A mapping could not be sent as a value anyhow.
    """
    own = dict(keywords)
    if "params" in own and isinstance(own["params"], Mapping):
        return {**own.pop("params"), **own}
    return own


def words(name: str, value: str | Iterable[str]) -> str:
    """Return one word or several as the wire's comma-separated list."""
    found = [value] if isinstance(value, str) else list(value)
    if not found or not all(isinstance(word, str) and word for word in found):
        raise MisuseError(message=f"{name} must be a word or a list of words")
    return ",".join(found)


def period(from_: Any, to: Any) -> dict[str, Any]:
    """Return a period: two days, both inclusive, or two instants, the second exclusive.

    Raises:
        MisuseError: One alone, a day with an instant, or the end before the beginning.
    """
    if (from_ is None) != (to is None):
        raise MisuseError(message="from_ and to go together: give both, or neither")
    return bounds(from_, to)


def bounds(from_: Any, to: Any) -> dict[str, Any]:
    """Return a period of which either end may be open.

    Raises:
        MisuseError: A day with an instant, or the end before the beginning.
    """
    from datetime import date, datetime

    for name, value in (("from_", from_), ("to", to)):
        if value is not None and not isinstance(value, (str, date)):
            raise MisuseError(
                message=f"{name} must be a date, a datetime or a str, not {type(value).__name__}"
            )
    if isinstance(from_, date) and isinstance(to, date):
        if isinstance(from_, datetime) != isinstance(to, datetime):
            raise MisuseError(message="from_ and to must both be dates, or both be datetimes")
        aware = not isinstance(from_, datetime) or (from_.tzinfo and to.tzinfo)  # type: ignore[attr-defined]
        if aware and to < from_:
            raise MisuseError(message="to must not be before from_")
    return given(from_=from_, to=to)


def matching(version: int | str | None) -> dict[str, str] | None:
    """Return the ``If-Match`` header of a change that wants the object as it was read.

    A version becomes an ETag; what is one already (RFC 9110 §8.8.3) goes as it is.
    """
    if version is None:
        return None
    if isinstance(version, bool) or not isinstance(version, (int, str)):
        raise MisuseError(
            message="if_match must be the object's version, a whole number, or its ETag"
        )
    text = str(version)
    if _is_etag(text):
        return {"If-Match": text}
    if not text.isascii() or not text.replace("*", "0").isalnum():
        raise MisuseError(
            message="if_match must be the object's version, a whole number, or its ETag"
        )
    return {"If-Match": text if text == "*" else f'"{text}"'}


def _is_etag(text: str) -> bool:
    opaque = text.removeprefix("W/")
    is_quoted = len(opaque) >= 2 and opaque[0] == opaque[-1] == '"'
    return is_quoted and all(
        "!" <= character <= "~" and character != '"' for character in opaque[1:-1]
    )
