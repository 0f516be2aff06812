"""Filters of clicks and reports: what a query says, and the condition in SQL that it comes to.

A parameter repeated or with commas means any of these; a leading `!` leaves them out; `unknown`
stands for what is not known. Different parameters must all hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.parameters import Param, some_of

if TYPE_CHECKING:
    from quintet_server.services.ghostflow.context import Call

__all__ = [
    "CLICK_COLUMNS",
    "DIMENSIONS",
    "Condition",
    "Filters",
    "filter_params",
    "read_filters",
]

UNKNOWN = "unknown"
_MOST_VALUES = 200
_MOST_CHARS = 512

_IDS = {
    "campaignId": "campaign_id",
    "offerId": "offer_id",
    "sourceId": "source_id",
    "networkId": "network_id",
    "domainId": "domain_id",
}
_TEXTS = {
    "country": "country",
    "device": "device",
    "os": "os",
    "browser": "browser",
    "referrerHost": "referrer_host",
    "externalId": "external_id",
    **{f"sub{number}": f"sub{number}" for number in range(1, 11)},
}
CLICK_COLUMNS: Mapping[str, str] = {**_IDS, **_TEXTS}
"""Dimensions of a click, and their columns in `ghostflow_clicks`."""
DIMENSIONS: tuple[str, ...] = (*CLICK_COLUMNS, "event")
"""Everything that can be filtered by; `event` is one of conversions."""

_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "country": str.upper,
    "device": str.lower,
    "referrerHost": str.lower,
}
_AS_SENT = frozenset({"externalId", "event", *(f"sub{number}" for number in range(1, 11))})
"""Written by whoever sends the traffic: every spelling is a value of its own, `Unknown` too."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is said of one dimension. Something passes if it is one of `wanted`, unless that is
    empty, and none of `excluded`. None is what is not known.
    """

    wanted: tuple[Any, ...]
    excluded: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a request, in the order of `DIMENSIONS`."""

    conditions: tuple[tuple[str, Condition], ...] = ()

    @property
    def dimensions(self) -> frozenset[str]:
        """The dimensions it says something about."""
        return frozenset(name for name, _ in self.conditions)

    def sql(self, columns: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """The condition and its parameters, to be joined to others by `AND`.

        Args:
            columns: SQL expressions by dimension, `{"country": "c.country"}`. They go into the
                text as they are.

        Returns:
            `("true", {})` if there are no filters. Names of parameters begin with `filter_`.

        Raises:
            KeyError: There is a filter for a dimension that `columns` lacks.
        """
        texts: list[str] = []
        params: dict[str, Any] = {}
        for name, condition in self.conditions:
            column, key = columns[name], f"filter_{name}"
            kind = "uuid[]" if name in _IDS else "text[]"
            if condition.wanted:
                texts.append(_one_of(column, condition.wanted, key, kind, params))
            if condition.excluded:
                one_of = _one_of(column, condition.excluded, f"{key}_not", kind, params)
                # What is not known is none of the excluded, but SQL's NULL would say it might be.
                texts.append(f"({one_of}) IS NOT TRUE")
        return " AND ".join(texts) or "true", params

    def fingerprint(self) -> str:
        """The same text for the same filters, however they were written."""
        told = [
            [
                name,
                sorted(map(str, c.wanted)),
                sorted(map(str, c.excluded)),
                None in c.wanted,
                None in c.excluded,
            ]
            for name, c in self.conditions
        ]
        return hashlib.sha256(orjson.dumps(told)).hexdigest()[:16]


def _one_of(column: str, values: Sequence[Any], key: str, kind: str, params: dict[str, Any]) -> str:
    known = [value for value in values if value is not None]
    texts = []
    if known:
        params[key] = known
        texts.append(f"{column} = ANY(%({key})s::{kind})")
    if len(known) < len(values):
        texts.append(f"{column} IS NULL")
    return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"


def filter_params(dimensions: Sequence[str] = DIMENSIONS) -> tuple[Param, ...]:
    """The parameters that are read by `read_filters`."""
    return tuple(
        some_of(
            name,
            description="Any of these, repeated or with commas; `!` in front leaves one out, "
            f"`{UNKNOWN}` is what is not known.",
        )
        for name in dimensions
    )


def read_filters(call: Call, dimensions: Sequence[str] = DIMENSIONS) -> Filters:
    """The filters that the query names.

    Args:
        call: The request.
        dimensions: Those that can be filtered by here.

    Raises:
        ApiError: 400; an id that is none, too many values, a filter that says nothing.
    """
    found = []
    for name in dimensions:
        given = call.queries(name)
        if given:
            found.append((name, _condition(name, given)))
    return Filters(tuple(found))


def _condition(name: str, given: Sequence[str]) -> Condition:
    texts = [text for part in given for one in part.split(",") if (text := one.strip())]
    if not texts:
        raise invalid(f"{name}: says nothing to filter by", name)
    if len(texts) > _MOST_VALUES:
        raise invalid(f"{name}: must name at most {_MOST_VALUES} values", name)
    wanted: dict[Any, None] = {}
    excluded: dict[Any, None] = {}
    for text in texts:
        value = _value(name, text.removeprefix("!").strip())
        (excluded if text.startswith("!") else wanted)[value] = None
    return Condition(tuple(wanted), tuple(excluded))


def _value(name: str, text: str) -> Any:
    if not text:
        raise invalid(f"{name}: a value is missing behind the exclamation mark", name)
    if (text if name in _AS_SENT else text.lower()) == UNKNOWN:
        return None
    if name in _IDS:
        try:
            return UUID(text)
        except ValueError:
            raise invalid(f"{name}: {text[:100]!r} is no id", name) from None
    if len(text) > _MOST_CHARS or "\0" in text:
        raise invalid(f"{name}: must have at most {_MOST_CHARS} characters", name)
    return _SPELLINGS.get(name, str)(text)
