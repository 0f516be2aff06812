"""What reports can be grouped by, and where that is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.services.ghostflow.filters import UNKNOWN

__all__ = ["DIMENSIONS", "ID_TABLES", "TIMES", "Dimension", "expression", "shown"]

TIMES = ("day", "hour", "weekday")
"""Dimensions that depend on the zone."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing to group by."""

    name: str
    column: str
    """Of clicks, or of conversions for `event`."""
    filter: str
    """Its name as a filter."""


_CLICK = {
    **{
        name: Dimension(name, f"{name}_id", f"{name}Id")
        for name in ("campaign", "offer", "source", "network", "domain")
    },
    **{name: Dimension(name, name, name) for name in ("country", "device", "os", "browser")},
    "referrerHost": Dimension("referrerHost", "referrer_host", "referrerHost"),
    "externalId": Dimension("externalId", "external_id", "externalId"),
    **{f"sub{n}": Dimension(f"sub{n}", f"sub{n}", f"sub{n}") for n in range(1, 11)},
}
DIMENSIONS: Mapping[str, Dimension] = {**_CLICK, "event": Dimension("event", "event", "event")}
COLUMN_OF_FILTER: Mapping[str, str] = {each.filter: each.column for each in DIMENSIONS.values()}

ID_TABLES: Mapping[str, tuple[str, str]] = {
    "campaign": ("ghostflow_campaigns", "name"),
    "offer": ("ghostflow_offers", "name"),
    "source": ("ghostflow_sources", "name"),
    "network": ("ghostflow_networks", "name"),
    "domain": ("ghostflow_domains", "host"),
}
"""Dimensions that are ids: where their names are."""

# Written by whoever sends the traffic; there the word for what is not known is nothing, too.
_FREE = frozenset({"referrer_host", "external_id", "event", *(f"sub{n}" for n in range(1, 11))})


def expression(column: str, prefix: str = "") -> str:
    """The column as it is compared and grouped by, in SQL; `prefix` such as `c.` goes before it."""
    return f"nullif({prefix}{column}, '{UNKNOWN}')" if column in _FREE else f"{prefix}{column}"


def shown(value: Any) -> Any:
    """A key that is no id, as the API shows it."""
    return UNKNOWN if value is None else value
