"""What a cache is asked and what it answers, wherever it keeps its entries.

Values are JSON texts and stay what was sent, byte for byte: nothing here parses or writes one. An
entry whose time has come is absent for every call, swept or not. Times are those of the database
(`quintet_now()`), so they move with `quintet clock advance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from quintet_server.store.database import Connection

__all__ = [
    "INT64_MAX",
    "INT64_MIN",
    "KEY_MAX_BYTES",
    "TTL_MAX_SECONDS",
    "AnswerTooLarge",
    "Entry",
    "Flushed",
    "IncrementRefused",
    "Kv",
    "KvUnavailable",
    "ListedKey",
    "NotAnInteger",
    "OutOfRange",
    "Page",
    "check_key",
]

KEY_MAX_BYTES = 1024
"""Longest key in UTF-8; a third of what an index entry of PostgreSQL holds."""
TTL_MAX_SECONDS = 100 * 366 * 86_400
"""A hundred years: what lasts longer needs no time to live."""
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


class KvUnavailable(Exception):
    """The server that keeps the entries cannot be reached, or cannot answer now."""


class IncrementRefused(Exception):
    """The entry is as it was."""


class NotAnInteger(IncrementRefused):
    """The value is something else than an integer."""


class OutOfRange(IncrementRefused):
    """The value, or the sum, does not fit into 64 bits."""


class AnswerTooLarge(Exception):
    """The values asked for are more than one answer may hold."""

    def __init__(self, total_bytes: int) -> None:
        super().__init__(f"{total_bytes} bytes")
        self.total_bytes = total_bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One value to be written. `ttl` in seconds; None: it stays until it is removed."""

    key: str
    value: bytes
    ttl: int | None = None


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key, and the Unix second by which it is gone (None: never)."""

    key: str
    expiration: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Keys in the order of their UTF-8 bytes; `is_last`: there are no more behind them."""

    keys: Sequence[ListedKey]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Flushed:
    """How many entries were removed, and whether the cap left some."""

    deleted: int
    is_truncated: bool


class Kv(Protocol):
    """A cache. `space` is whose entries they are; no call sees another's.

    Writes take `conn`: a transaction that they are to be part of, if the entries are in the same
    database. Every call raises :class:`KvUnavailable` or a psycopg error when the store is away,
    and ValueError for a key that :func:`check_key` refuses.
    """

    async def start(self) -> None:
        """Begin to sweep out expired entries, in the background."""

    async def stop(self) -> None:
        """End that, and let go of connections."""

    async def get(self, space: str, key: str) -> bytes | None:
        """The value, or None."""

    async def get_many(
        self, space: str, keys: Sequence[str], *, max_bytes: int
    ) -> list[bytes | None]:
        """The values of one moment, one for each key asked.

        Raises:
            AnswerTooLarge: they are more than `max_bytes` together.
        """

    async def set(self, space: str, entry: Entry, *, conn: Connection | None = None) -> None:
        """Write one entry; what was there, with its expiry, is gone."""

    async def set_many(
        self, space: str, entries: Sequence[Entry], *, conn: Connection | None = None
    ) -> None:
        """Write all or none; of equal keys the last one counts."""

    async def delete(self, space: str, key: str, *, conn: Connection | None = None) -> bool:
        """Remove one entry; tells whether there was one."""

    async def delete_many(
        self, space: str, keys: Sequence[str], *, conn: Connection | None = None
    ) -> int:
        """Remove entries; returns how many there were."""

    async def page(self, space: str, *, prefix: str, after: str | None, limit: int) -> Page:
        """The first `limit` keys that start with `prefix` and come behind `after`."""

    async def flush(
        self, space: str, *, prefix: str, cap: int, conn: Connection | None = None
    ) -> Flushed:
        """Remove the first `cap` entries whose key starts with `prefix`."""

    async def expire(
        self, space: str, key: str, ttl: int, *, conn: Connection | None = None
    ) -> bool:
        """Let an entry live `ttl` seconds from now; False when there is none."""

    async def increment(
        self,
        space: str,
        key: str,
        amount: int,
        *,
        initial: int = 0,
        ttl: int | None = None,
        conn: Connection | None = None,
        once: str | None = None,
    ) -> int:
        """Add to an integer and return the sum; an absent one counts as `initial`.

        `ttl` is for an entry that this call creates; another keeps the one it has. With `once`, a
        second call of the same name returns the sum of the first: for stores that cannot be part of
        the caller's transaction.

        Raises:
            IncrementRefused: see its subclasses.
        """


def check_key(key: str) -> None:
    """Raise ValueError unless `key` can be one: 1 to 1024 bytes of UTF-8 without NUL."""
    if not key:
        raise ValueError("must not be empty")
    if "\x00" in key:
        raise ValueError("must not contain a NUL character")
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise ValueError("must be text that UTF-8 can hold, without lone surrogates") from None
    if length > KEY_MAX_BYTES:
        raise ValueError(f"must be at most {KEY_MAX_BYTES} bytes long in UTF-8, this is {length}")
