"""Identifiers: ULIDs, in the order they were made within one process, and UUIDs.

A ULID is 26 characters of Crockford's base 32: 48 bits of Unix milliseconds, then 80 random bits.
Two ids made in the same millisecond differ by a counted-up random part, so a process hands them
out in ascending order; between processes the order is that of their clocks and means nothing more.
"""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["encode_ulid", "new_id", "new_ulid", "new_uuid7"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_RANDOM_BITS = 80
# The top bit of the random part starts at 0: counting up within one millisecond cannot overflow.
_RANDOM_MASK = (1 << (_RANDOM_BITS - 1)) - 1


def encode_ulid(value: int) -> str:
    """Return the 26 characters of a 128-bit number."""
    pairs = []
    for _ in range(13):
        pairs.append(_PAIRS[value & 1023])
        value >>= 10
    pairs.reverse()
    return "".join(pairs)


class _Sequence:
    """Hands out growing 128-bit numbers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = 0
        self._random = 0

    def next(self) -> int:
        now_ms = time.time_ns() // 1_000_000
        with self._lock:
            if now_ms > self._ms:
                self._ms = now_ms
                self._random = int.from_bytes(os.urandom(10), "big") & _RANDOM_MASK
            else:  # the same millisecond, or a clock that went back
                self._random += 1
            return (self._ms << _RANDOM_BITS) | self._random


_sequence = _Sequence()


def new_ulid() -> str:
    """Return a new ULID, greater than every earlier one of this process. Thread-safe."""
    return encode_ulid(_sequence.next())


def new_id(prefix: str) -> str:
    """Return ``<prefix>_<ULID>``, the form of nearly every id on the wire."""
    return f"{prefix}_{new_ulid()}"


def new_uuid7() -> UUID:
    """Return a new UUID of version 7 (RFC 9562 §5.7), for services that show those. Thread-safe."""
    return uuid7()
