"""Passwords as argon2id hashes: slow on purpose, and so never more than a few at a time.

A hash takes a core for a tenth of a second or two, and 64 MiB. They are made by a few threads,
with a bounded queue before them: a flood of sign-ins is refused beyond that, and neither the event
loop nor the memory of the process suffers.

Of a password its NFKC form counts (NIST SP 800-63B §3.1.1.2), so that it is the same whichever
keyboard composed its letters. Any character is fine in it, a NUL too.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quintet_server.engines.identity.settings import PasswordSettings

__all__ = ["PASSWORD_MAX_CHARS", "Passwords", "PasswordsBusy", "normalized"]

T = TypeVar("T")

# Normalising and hashing read all of it, so it has a bound; no phrase to remember is longer.
PASSWORD_MAX_CHARS = 1024
_RETRY_MAX_SECONDS = 30.0
_NOBODYS = "the password of nobody"


class PasswordsBusy(Exception):
    """The queue is full: try again in `retry_after` seconds."""

    def __init__(self, retry_after: float):
        super().__init__("too many passwords are being checked right now")
        self.retry_after = retry_after


@dataclass(slots=True)
class _Turn:
    """The order of those who want it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0


def normalized(password: str) -> str:
    """The form of a password that counts: two that look the same are the same."""
    return unicodedata.normalize("NFKC", password)


class Passwords:
    """Makes hashes and compares passwords with them."""

    def __init__(self, settings: PasswordSettings | None = None) -> None:
        self._settings = settings = settings or PasswordSettings()
        # One lane: a hash takes one core, so the threads are the cores that passwords may take.
        self._hasher = PasswordHasher(
            time_cost=settings.passes_count,
            memory_cost=settings.memory_bytes // 1024,
            parallelism=1,
        )
        self._threads = ThreadPoolExecutor(settings.threads_count, thread_name_prefix="passwords")
        self._room = settings.threads_count + settings.waiting_max_count
        self._taken = 0
        self._seconds_each = 0.1
        self._nobodys: str | None = None
        self._turns: dict[str, _Turn] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait until nobody else in this process has the turn of `name`, then have it.

        For those who count attempts: of many at a time, each sees the outcome of the one before.
        And so that many attempts at one name take one thread, not all of them.

        Raises:
            PasswordsBusy: as many wait for this name as may wait altogether.
        """
        turn = self._turns.setdefault(name, _Turn())
        if turn.wanted > self._settings.waiting_max_count:
            raise self._busy()
        turn.wanted += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                self._turns.pop(name, None)

    async def hash(self, password: str, *, salt: bytes | None = None) -> str:
        """Return a new hash, its costs and its salt included.

        The salt is random unless given: 16 bytes that no other password has been hashed with, so
        that doing the same again gives the same hash.

        Raises:
            PasswordsBusy: nothing was done.
            ValueError: the password is longer than :data:`PASSWORD_MAX_CHARS`.
        """
        if len(password) > PASSWORD_MAX_CHARS:
            raise ValueError(f"a password has at most {PASSWORD_MAX_CHARS} characters")
        return await self._threaded(lambda: self._hasher.hash(_octets(password), salt=salt))

    async def verify(self, hash: str | None, password: str) -> bool:
        """Tell whether `password` is the one that was hashed.

        Without a hash the answer is no, after the same work: how long it takes does not tell
        whether there is a user. Too long a password is nobody's, and costs the same as well.

        Raises:
            PasswordsBusy: nothing was compared.
        """
        if len(password) > PASSWORD_MAX_CHARS:
            hash, password = None, ""
        return await self._threaded(lambda: self._matches(hash, password))

    def needs_rehash(self, hash: str) -> bool:
        """Whether a hash was made at other costs than those of the settings now."""
        try:
            return self._hasher.check_needs_rehash(hash)
        except InvalidHashError:
            return True

    async def stop(self) -> None:
        """Finish what is being hashed and end the threads."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    def _matches(self, hash: str | None, password: str) -> bool:
        """Runs in a thread."""
        try:
            # Made by whichever attempt is the first: that one takes longer, with a user or without.
            nobodys = self._hash_of_nobody()
            is_right = self._hasher.verify(hash or nobodys, _octets(password))
        except (VerificationError, InvalidHashError):
            return False
        return is_right and hash is not None

    def _hash_of_nobody(self) -> str:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash(_NOBODYS)
        return self._nobodys

    async def _threaded(self, work: Callable[[], T]) -> T:
        if self._taken >= self._room:
            raise self._busy()
        self._taken += 1
        # The room is free again when the thread is, not when a caller that has left stops waiting.
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._timed, work)
        future.add_done_callback(self._make_room)
        return await asyncio.shield(future)

    def _timed(self, work: Callable[[], T]) -> T:
        """Runs in a thread."""
        began = perf_counter()
        try:
            return work()
        finally:
            self._seconds_each += (perf_counter() - began - self._seconds_each) / 8

    def _busy(self) -> PasswordsBusy:
        """Half of the queue is gone after this."""
        seconds = self._seconds_each * self._room / self._settings.threads_count / 2
        return PasswordsBusy(min(max(1.0, seconds), _RETRY_MAX_SECONDS))

    def _make_room(self, done: asyncio.Future[T]) -> None:
        self._taken -= 1
        if not done.cancelled():
            done.exception()  # its caller may have left: nobody else would look at it


def _octets(password: str) -> bytes:
    # Halves of surrogate pairs are no text, but the comparison has to come to an end with them too.
    return normalized(password).encode("utf-8", "surrogatepass")
