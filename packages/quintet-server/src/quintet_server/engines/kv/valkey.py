"""The cache in Valkey or Redis (6.2 or newer): one script per call, which is one atomic step.

Small calls that come together share a round trip, as they share a statement in PostgreSQL, and the
values, keys, times and refusals are those of the cache there. Two things differ. What survives a
crash of Valkey is for Valkey's own settings to say. And a write is not part of the caller's
transaction: an increment that is to happen once is remembered beside the counter, in the same step;
the other writes do no harm when they are done twice.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

import structlog
import valkey.asyncio as client
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import NoScriptError, ValkeyError

from quintet_server.engines.kv import scripts
from quintet_server.engines.kv.model import (
    INT64_MAX,
    INT64_MIN,
    AnswerTooLarge,
    Entry,
    Flushed,
    KvUnavailable,
    ListedKey,
    NotAnInteger,
    OutOfRange,
    Page,
    check_key,
)
from quintet_server.engines.kv.settings import KvSettings
from quintet_server.engines.kv.sweeping import Sweeper
from quintet_server.engines.work.batching import Batcher
from quintet_server.store.database import Connection

__all__ = ["ValkeyKv"]

_log = structlog.get_logger(__name__)

_SPACES = "quintet:kv:spaces"
_BEHIND_ALL = b"\xff"  # in no UTF-8
_ELSEWHERE = 1  # what GET says of a value that is too long for a shared round trip

Argument = str | bytes | int

# How the server knows a script that it has seen.
_NAMES = {
    text: sha1(text.encode(), usedforsecurity=False).hexdigest()
    for text in (getattr(scripts, name) for name in scripts.__all__)
}


@dataclass(frozen=True, slots=True)
class _Step:
    """A script, with how many keys, the keys, and the arguments."""

    script: str
    values: tuple[Argument, ...]


class ValkeyKv:
    """The cache of every project, in one database of a Valkey server."""

    def __init__(self, url: str, settings: KvSettings, now: Callable[[], float]) -> None:
        """`now`: the database's time in seconds since the epoch. Connects at the first call."""
        self._settings = settings
        self._now = now
        pool = client.BlockingConnectionPool.from_url(
            # The library knows the protocol by one of its names only.
            url.replace("redis", "valkey", 1) if url.startswith("redis") else url,
            max_connections=settings.connections_max_count,
            timeout=settings.answer_seconds,
            socket_connect_timeout=settings.connect_seconds,
            socket_timeout=settings.answer_seconds,
            # A repeated write is for the caller to decide on.
            retry=Retry(NoBackoff(), 0),
        )
        self._client: Any = client.Valkey.from_pool(pool)  # half of its methods have no types
        self._steps: Batcher[_Step, Any] = Batcher(
            self._take_together, max_count=settings.batch_max_count
        )
        self._sweeper = Sweeper(self.sweep, settings.sweep_period_seconds, (KvUnavailable,))

    async def start(self) -> None:
        """Begin to sweep. A server that is away, or wants a password, is worth a warning."""
        self._sweeper.start()
        try:
            await _answer(self._client.ping())
        except KvUnavailable as error:
            _log.warning("cache_unavailable", error=str(error))

    async def stop(self) -> None:
        """End the sweeping and close the connections."""
        await self._sweeper.stop()
        await self._client.aclose()

    async def get(self, space: str, key: str) -> bytes | None:
        """See :meth:`Kv.get`."""
        check_key(key)
        most = self._settings.batch_value_max_bytes
        found = await self._shared(scripts.GET, space, key, most)
        if found == [_ELSEWHERE]:
            found = await self._alone(scripts.GET, space, key, "")
        return found[0] if found else None

    async def get_many(
        self, space: str, keys: Sequence[str], *, max_bytes: int
    ) -> list[bytes | None]:
        """See :meth:`Kv.get_many`."""
        for key in keys:
            check_key(key)
        total, *values = await self._alone(scripts.GET_MANY, space, max_bytes, *keys)
        if total > max_bytes:
            raise AnswerTooLarge(total)
        return values[0] if values else []

    async def set(self, space: str, entry: Entry, *, conn: Connection | None = None) -> None:
        """See :meth:`Kv.set`."""
        check_key(entry.key)
        is_small = len(entry.value) <= self._settings.batch_value_max_bytes
        run = self._shared if is_small else self._alone
        await run(scripts.SET, space, entry.key, entry.value, _or_empty(entry.ttl))

    async def set_many(
        self, space: str, entries: Sequence[Entry], *, conn: Connection | None = None
    ) -> None:
        """See :meth:`Kv.set_many`."""
        arguments: list[Argument] = []
        for entry in entries:
            check_key(entry.key)
            arguments += entry.key, entry.value, _or_empty(entry.ttl)
        if arguments:
            await self._alone(scripts.SET, space, *arguments)

    async def delete(self, space: str, key: str, *, conn: Connection | None = None) -> bool:
        """See :meth:`Kv.delete`."""
        check_key(key)
        return bool(await self._shared(scripts.DELETE, space, key))

    async def delete_many(
        self, space: str, keys: Sequence[str], *, conn: Connection | None = None
    ) -> int:
        """See :meth:`Kv.delete_many`."""
        for key in keys:
            check_key(key)
        return int(await self._alone(scripts.DELETE, space, *keys)) if keys else 0

    async def page(self, space: str, *, prefix: str, after: str | None, limit: int) -> Page:
        """See :meth:`Kv.page`."""
        first = _first(prefix)
        if after is not None and after >= prefix:
            first = b"(" + after.encode()
        rows = await self._alone(scripts.LIST, space, first, _last(prefix), limit + 1)
        listed = [
            ListedKey(key.decode(), math.ceil(int(gone) / 1000) if gone else None)
            for key, gone in zip(rows[::2], rows[1::2], strict=True)
        ]
        return Page(listed[:limit], is_last=len(listed) <= limit)

    async def flush(
        self, space: str, *, prefix: str, cap: int, conn: Connection | None = None
    ) -> Flushed:
        """See :meth:`Kv.flush`."""
        answer = await self._alone(scripts.FLUSH, space, _first(prefix), _last(prefix), cap)
        return Flushed(answer[0], bool(answer[1]))

    async def expire(
        self, space: str, key: str, ttl: int, *, conn: Connection | None = None
    ) -> bool:
        """See :meth:`Kv.expire`."""
        check_key(key)
        return bool(await self._shared(scripts.EXPIRE, space, key, ttl))

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
        """See :meth:`Kv.increment`."""
        check_key(key)
        if not (INT64_MIN <= amount <= INT64_MAX and INT64_MIN <= initial <= INT64_MAX):
            raise OutOfRange
        memory = "" if once is None else self._settings.once_seconds
        arguments = (key, amount, initial, _or_empty(ttl), memory)
        remembered = f"{_base(space)}o:{once or ''}"
        verdict, total = await self._shared(
            scripts.INCREMENT, space, *arguments, more_keys=[remembered]
        )
        if verdict == b"not_an_integer":
            raise NotAnInteger
        if verdict == b"out_of_range":
            raise OutOfRange
        return int(total)

    async def sweep(self) -> int:
        """Forget expired entries in short steps; returns how many were looked at."""
        most = self._settings.sweep_batch_count
        total = 0
        for name in await _answer(self._client.smembers(_SPACES)):
            looked_at = most
            while looked_at == most:
                looked_at = int(await self._alone(scripts.SWEEP, name.decode(), most))
                total += looked_at
        return total

    async def _shared(
        self, script: str, space: str, *arguments: Argument, more_keys: Sequence[str] = ()
    ) -> Any:
        """What a script answers, in a round trip with others that come at the same time."""
        step = self._step(script, space, arguments, more_keys)
        return await _answer(self._steps.submit(step))

    async def _alone(self, script: str, space: str, *arguments: Argument) -> Any:
        """What a script answers that may take longer, or is more to send, than others wait for."""
        return await _answer(self._take(self._step(script, space, arguments)))

    def _step(
        self,
        script: str,
        space: str,
        arguments: Sequence[Argument],
        more_keys: Sequence[str] = (),
    ) -> _Step:
        base = _base(space)
        keys = (f"{base}names", f"{base}times", _SPACES, *more_keys)
        now = math.floor(self._now() * 1000)
        return _Step(script, (len(keys), *keys, f"{base}e:", now, space, *arguments))

    async def _take(self, step: _Step) -> Any:
        try:
            return await self._client.execute_command("EVALSHA", _NAMES[step.script], *step.values)
        except NoScriptError:
            return await self._client.execute_command("EVAL", step.script, *step.values)

    async def _take_together(self, steps: Sequence[_Step]) -> Sequence[Any]:
        if len(steps) == 1:
            return [await self._take(steps[0])]
        async with self._client.pipeline(transaction=False) as pipe:
            for step in steps:
                pipe.execute_command("EVALSHA", _NAMES[step.script], *step.values)
            answers = await pipe.execute(raise_on_error=False)
        return [
            await self._take(step) if isinstance(answer, NoScriptError) else answer
            for step, answer in zip(steps, answers, strict=True)
        ]


async def _answer(answer: Awaitable[Any]) -> Any:
    """What the server answers.

    Raises:
        KvUnavailable: it does not, or it refuses: out of memory, read only, still loading, the
            wrong password. Nothing of that the caller has done.
    """
    try:
        return await answer
    except (ValkeyError, OSError) as error:
        raise KvUnavailable(str(error)) from error


def _base(space: str) -> str:
    return f"quintet:kv:{{{space}}}:"


def _or_empty(number: int | None) -> str | int:
    return "" if number is None else number


def _first(prefix: str) -> bytes:
    return b"[" + prefix.encode()


def _last(prefix: str) -> bytes:
    return b"(" + prefix.encode() + _BEHIND_ALL
