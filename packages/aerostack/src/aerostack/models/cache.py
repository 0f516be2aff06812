"""Keys and values."""

from __future__ import annotations

from typing import Any

from typing_extensions import NotRequired, TypedDict

from aerostack._model import AnyOrUnset, BaseModel, CamelModel
from aerostack.types import UNSET

__all__ = [
    "CacheDeleteManyRequestBody",
    "CacheDeleteManyRequestBodyTypedDict",
    "CacheDeleteManyResponseBody",
    "CacheDeleteRequestBody",
    "CacheDeleteRequestBodyTypedDict",
    "CacheDeleteResponseBody",
    "CacheEntry",
    "CacheEntryTypedDict",
    "CacheExpireRequestBody",
    "CacheExpireRequestBodyTypedDict",
    "CacheExpireResponseBody",
    "CacheFlushRequestBody",
    "CacheFlushRequestBodyTypedDict",
    "CacheFlushResponseBody",
    "CacheGetManyRequestBody",
    "CacheGetManyRequestBodyTypedDict",
    "CacheGetManyResponseBody",
    "CacheGetRequestBody",
    "CacheGetRequestBodyTypedDict",
    "CacheGetResponseBody",
    "CacheIncrementRequestBody",
    "CacheIncrementRequestBodyTypedDict",
    "CacheIncrementResponseBody",
    "CacheItem",
    "CacheKey",
    "CacheKeysRequestBody",
    "CacheKeysRequestBodyTypedDict",
    "CacheKeysResponseBody",
    "CacheListRequestBody",
    "CacheListRequestBodyTypedDict",
    "CacheListResponseBody",
    "CacheSetManyRequestBody",
    "CacheSetManyRequestBodyTypedDict",
    "CacheSetManyResponseBody",
    "CacheSetRequestBody",
    "CacheSetRequestBodyTypedDict",
    "CacheSetResponseBody",
]


class CacheGetRequestBodyTypedDict(TypedDict):
    """A key to look up."""

    key: str


class CacheGetRequestBody(BaseModel):
    """A key to look up."""

    key: str


class CacheGetResponseBody(BaseModel):
    """What a key holds.

    Attributes:
        exists: Whether the key is there; a miss is no error.
        value: Any JSON value. ``UNSET`` if the service left it out, ``None`` for a null.
    """

    exists: bool | None = None
    value: AnyOrUnset = UNSET


class CacheSetRequestBodyTypedDict(TypedDict):
    """A key and its new value."""

    key: str
    value: Any
    ttl: NotRequired[int]


class CacheSetRequestBody(BaseModel):
    """A key and its new value.

    Attributes:
        key: Its name.
        value: Any JSON value; ``None`` is stored as null.
        ttl: Seconds until it is gone, at least 1; for ever without it, also where the key had a
            time before.
    """

    key: str
    value: Any
    ttl: int | None = None


class CacheSetResponseBody(BaseModel):
    """Whether it was set."""

    success: bool | None = None


class CacheDeleteRequestBodyTypedDict(TypedDict):
    """A key to delete."""

    key: str


class CacheDeleteRequestBody(BaseModel):
    """A key to delete."""

    key: str


class CacheDeleteResponseBody(BaseModel):
    """Whether it was deleted."""

    success: bool | None = None


class CacheListRequestBodyTypedDict(TypedDict, total=False):
    """Which keys to list."""

    prefix: str
    limit: int
    cursor: str


class CacheListRequestBody(BaseModel):
    """Which keys to list.

    Attributes:
        prefix: Only keys that begin so.
        limit: 1 to 1000; 100 without it.
        cursor: From the page before.
    """

    prefix: str | None = None
    limit: int | None = None
    cursor: str | None = None


class CacheKey(BaseModel):
    """One key of a list; ``expiration`` is Unix seconds, ``None`` for never."""

    key: str | None = None
    expiration: float | None = None


class CacheListResponseBody(BaseModel):
    """One page of keys; ``cursor`` leads on unless the list is complete."""

    keys: list[CacheKey] | None = None
    list_complete: bool | None = None
    cursor: str | None = None


class CacheKeysRequestBodyTypedDict(TypedDict, total=False):
    """Which keys to name."""

    prefix: str


class CacheKeysRequestBody(BaseModel):
    """Which keys to name; all without a prefix."""

    prefix: str | None = None


class CacheKeysResponseBody(BaseModel):
    """Names of keys, at most 10 000; ``truncated`` if there are more."""

    keys: list[str] | None = None
    truncated: bool | None = None


class CacheGetManyRequestBodyTypedDict(TypedDict):
    """Keys to look up together."""

    keys: list[str]


class CacheGetManyRequestBody(BaseModel):
    """Keys to look up together, at most 100."""

    keys: list[str]


class CacheItem(BaseModel):
    """What one key holds."""

    key: str | None = None
    exists: bool | None = None
    value: AnyOrUnset = UNSET


class CacheGetManyResponseBody(BaseModel):
    """What the keys hold, in the order of the request."""

    results: list[CacheItem] | None = None


class CacheEntryTypedDict(TypedDict):
    """A key, its new value, and how long it stays."""

    key: str
    value: Any
    ttl: NotRequired[int]


class CacheEntry(BaseModel):
    """A key, its new value, and for how many seconds it stays."""

    key: str
    value: Any
    ttl: int | None = None


class CacheSetManyRequestBodyTypedDict(TypedDict):
    """Entries to set together."""

    entries: list[CacheEntryTypedDict]


class CacheSetManyRequestBody(BaseModel):
    """Entries to set together, at most 100."""

    entries: list[CacheEntry]


class CacheSetManyResponseBody(BaseModel):
    """How many were set."""

    success: bool | None = None
    count: int | None = None


class CacheDeleteManyRequestBodyTypedDict(TypedDict):
    """Keys to delete together."""

    keys: list[str]


class CacheDeleteManyRequestBody(BaseModel):
    """Keys to delete together, at most 500."""

    keys: list[str]


class CacheDeleteManyResponseBody(BaseModel):
    """How many were asked for, and how many were there."""

    success: bool | None = None
    count: int | None = None
    deleted: int | None = None


class CacheFlushRequestBodyTypedDict(TypedDict, total=False):
    """What to empty."""

    prefix: str


class CacheFlushRequestBody(BaseModel):
    """What to empty; the whole project without a prefix."""

    prefix: str | None = None


class CacheFlushResponseBody(BaseModel):
    """How many keys went, at most 10 000 at once; ``truncated`` if there are more."""

    success: bool | None = None
    deleted: int | None = None
    truncated: bool | None = None


class CacheExpireRequestBodyTypedDict(TypedDict):
    """A key and how long it stays."""

    key: str
    ttl: int


class CacheExpireRequestBody(BaseModel):
    """A key and how many seconds it stays from now."""

    key: str
    ttl: int


class CacheExpireResponseBody(BaseModel):
    """False if there is no such key."""

    success: bool | None = None


class CacheIncrementRequestBodyTypedDict(TypedDict):
    """A counter and what to add."""

    key: str
    amount: NotRequired[int]
    initial_value: NotRequired[int]
    ttl: NotRequired[int]


class CacheIncrementRequestBody(CamelModel):
    """A counter and what to add.

    Attributes:
        key: Its name.
        amount: 1 without it; may be negative.
        initial_value: Where a new counter begins; 0 without it.
        ttl: Seconds that a new counter stays.
    """

    key: str
    amount: int | None = None
    initial_value: int | None = None
    ttl: int | None = None


class CacheIncrementResponseBody(BaseModel):
    """The counter's new value."""

    value: int | None = None
