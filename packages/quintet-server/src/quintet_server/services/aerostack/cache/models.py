"""The shapes of the cache's requests and answers.

The field `value` is in the documents of the requests only: its text is cut out of the body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from quintet_server.engines.kv.model import (
    INT64_MAX,
    INT64_MIN,
    KEY_MAX_BYTES,
    TTL_MAX_SECONDS,
    check_key,
)
from quintet_server.services.aerostack.endpoints import Body

__all__ = [
    "KEYS_CAP",
    "CacheDelete",
    "CacheDeleteMany",
    "CacheDeletedMany",
    "CacheEntry",
    "CacheExpire",
    "CacheFlush",
    "CacheFlushed",
    "CacheGet",
    "CacheGetMany",
    "CacheGotMany",
    "CacheIncrement",
    "CacheKeyNames",
    "CacheKeys",
    "CacheList",
    "CacheListed",
    "CacheSet",
    "CacheSetMany",
    "CacheStored",
    "CacheSuccess",
    "CacheSum",
    "CacheValue",
]

KEYS_CAP = 10_000
"""Most keys that one call lists without pages, or removes by prefix."""


def _key(value: str) -> str:
    check_key(value)
    return value


def _prefix(value: str) -> str:
    if value:
        check_key(value)
    return value


def _ttl(value: int) -> int:
    if value < 1:
        raise ValueError("must be at least 1 (second); without it an entry does not expire")
    if value > TTL_MAX_SECONDS:
        raise ValueError(
            f"must be at most {TTL_MAX_SECONDS} (seconds, a hundred years); "
            "without it an entry does not expire"
        )
    return value


def _time_left(value: int) -> int:
    if value < 1:
        raise ValueError("must be at least 1 (second); to remove an entry, delete it")
    if value > TTL_MAX_SECONDS:
        raise ValueError(f"must be at most {TTL_MAX_SECONDS} (seconds, a hundred years)")
    return value


def _limit(value: int) -> int:
    if not 1 <= value <= 1000:
        raise ValueError(f"must be between 1 and 1000, this is {value}")
    return value


def _int64(value: int) -> int:
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueError(f"must fit into 64 bits: {INT64_MIN} to {INT64_MAX}")
    return value


def _at_most(most: int) -> Callable[[list[Any]], list[Any]]:
    def check(items: list[Any]) -> list[Any]:
        if len(items) > most:
            raise ValueError(f"must have at most {most} items, these are {len(items)}")
        return items

    return check


Key = Annotated[
    str,
    AfterValidator(_key),
    Field(description=f"1 to {KEY_MAX_BYTES} bytes of UTF-8, without NUL."),
]
Prefix = Annotated[
    str, AfterValidator(_prefix), Field(description="What keys start with, letter by letter.")
]
Ttl = Annotated[
    int, AfterValidator(_ttl), Field(description="Seconds; absent: the entry does not expire.")
]
TimeLeft = Annotated[int, AfterValidator(_time_left), Field(description="Seconds from now.")]
Limit = Annotated[int, AfterValidator(_limit), Field(description="1 to 1000.")]
Int64 = Annotated[int, AfterValidator(_int64)]


def _with_value(schema: dict[str, Any]) -> None:
    schema["properties"]["value"] = {"description": "Any JSON, null included; kept as sent."}
    schema["required"] = [*schema["required"], "value"]


class CacheGet(Body):
    """Which entry."""

    key: Key


class CacheDelete(CacheGet):
    """Which entry."""


class CacheEntry(Body):
    """An entry to be written."""

    model_config = ConfigDict(json_schema_extra=_with_value)

    key: Key
    ttl: Ttl | None = None


class CacheSet(CacheEntry):
    """An entry to be written."""


class CacheSetMany(Body):
    """Entries to be written, all or none."""

    entries: Annotated[list[CacheEntry], AfterValidator(_at_most(100))]


class CacheGetMany(Body):
    """Which entries."""

    keys: Annotated[list[Key], AfterValidator(_at_most(100))]


class CacheDeleteMany(Body):
    """Which entries."""

    keys: Annotated[list[Key], AfterValidator(_at_most(500))]


class CacheList(Body):
    """Which keys, and which page of them."""

    prefix: Prefix | None = None
    limit: Limit = 100
    cursor: str | None = None


class CacheKeys(Body):
    """Which keys; none given: all."""

    prefix: Prefix | None = None


class CacheFlush(CacheKeys):
    """Which keys; none given: all."""


class CacheExpire(Body):
    """Which entry, and how long it has left."""

    key: Key
    ttl: TimeLeft


class CacheIncrement(Body):
    """Which counter, and by how much."""

    key: Key
    amount: Int64 = 1
    initial_value: Int64 = 0
    ttl: Ttl | None = None


class CacheValue(BaseModel):
    """A value, or that there is none."""

    exists: bool
    value: Any = None


class CacheNamedValue(CacheValue):
    """The same, with its key."""

    key: str


class CacheGotMany(BaseModel):
    """One for each key asked, in that order."""

    results: list[CacheNamedValue]


class CacheSuccess(BaseModel):
    """Whether it was done."""

    success: bool


class CacheStored(CacheSuccess):
    """How many entries were sent."""

    count: int


class CacheDeletedMany(CacheStored):
    """How many keys were sent, and how many of them were there."""

    deleted: int


class CacheFlushed(CacheSuccess):
    """How many entries were removed, and whether more are left."""

    deleted: int
    truncated: bool


class CacheListedKey(BaseModel):
    """A key, and the Unix second by which it is gone."""

    key: str
    expiration: int | None


class CacheListed(BaseModel):
    """One page of keys; `cursor` leads to the next, if there is one."""

    keys: list[CacheListedKey]
    list_complete: bool
    cursor: str | None = None


class CacheKeyNames(BaseModel):
    """Keys, and whether there are more of them than this."""

    keys: list[str]
    truncated: bool


class CacheSum(BaseModel):
    """What the counter is at now."""

    value: int
