"""Fetch one thing again and again: `python -m benchmarks.contenders.fetch WHAT WHO BASE [TASKS]`.

WHAT is one of `things.THINGS`: `job` (Flare), `execution` (FlowMaestro), `chat` (Aerostack), `me`
(Amdahl), `campaign` (GhostFlow) or `model` (openai, and the smallest).
WHO is one of the ways of `blocking` and `on_asyncio`, or `client`, the SDK of this environment,
ours or a foreign one, used as its guide shows; `resource` its other form of the same call;
`client-httpx` it on an `httpx.Client` that it is given; where these are possible. `client-async`,
`client-httpx-async` and all of `on_asyncio` share the calls among so many TASKS of one event loop;
one, if not told.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.contender import serve
from benchmarks.contenders import blocking, on_asyncio
from benchmarks.contenders.things import THINGS, Thing

Work = Callable[[int], None]


def one_after_the_other(thing: Thing, fetch: Callable[[], Any]) -> Work:
    """Call it so many times."""

    def work(count: int) -> None:
        for _ in range(count):
            assert thing.is_in(fetch())

    return work


def on_one_loop(
    thing: Thing, make: Callable[[], Awaitable[Callable[[], Awaitable[Any]]]], tasks: int
) -> Work:
    """Make it within an event loop, and call it so many times from so many tasks of that."""
    loop = on_asyncio.new_loop()

    async def made() -> Callable[[], Awaitable[Any]]:
        return await make()

    fetch = loop.run_until_complete(made())

    async def task(count: int) -> None:
        for _ in range(count):
            assert thing.is_in(await fetch())

    async def together(count: int) -> None:
        await asyncio.gather(*[task(count // tasks) for _ in range(tasks)])

    return lambda count: loop.run_until_complete(together(count) if tasks > 1 else task(count))


def contender(what: str, who: str, base: str, tasks: int) -> Work:
    """Return the work that the command line names."""
    thing = THINGS[what]
    if who in blocking.WAYS:
        return one_after_the_other(thing, blocking.WAYS[who](thing, base))
    if who in on_asyncio.WAYS:
        return on_one_loop(thing, lambda: on_asyncio.WAYS[who](thing, base), tasks)
    if who == "client":
        return one_after_the_other(thing, thing.client(thing.key, base))
    if who == "client-httpx":
        import httpx

        given = thing.client(thing.key, base, client=httpx.Client(timeout=30))
        return one_after_the_other(thing, given)
    if who == "resource" and thing.resource is not None:
        return one_after_the_other(thing, thing.resource(thing.key, base))

    async def make() -> Callable[[], Awaitable[Any]]:
        if who == "client-async":
            return thing.client_async(thing.key, base)
        if who == "client-httpx-async":
            import httpx

            client = httpx.AsyncClient(timeout=30)
            return thing.client_async(thing.key, base, async_client=client)
        raise LookupError(f"nobody fetches {what} as {who}")

    return on_one_loop(thing, make, tasks)


if __name__ == "__main__":
    what, who, base, *tasks = sys.argv[1:]
    serve(contender(what, who, base, int(tasks[0]) if tasks else 1))
