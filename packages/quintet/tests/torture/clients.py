"""What a tormented client does: run as ``python -m packages.quintet.tests.torture.clients …``.

Programs of their own, so that memory, descriptors, threads and forks are theirs alone.  Each prints
one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from packages.quintet.tests.torture.echo import FRAMINGS
from packages.quintet.tests.wire.worlds import GET, World
from quintet.errors import ConnectionFailure, TimeoutFailure

FAILING = ("broken", "dropped")
THREADS = 50
CALLS = 40
CHILDREN = 6


def vitals() -> dict[str, int]:
    """Return what must not grow: resident KiB, objects, descriptors, threads."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * (
        os.sysconf("SC_PAGESIZE") // 1024
    )
    return {
        "resident": resident,
        "objects": len(gc.get_objects()),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


def created_and_closed(url: str, blocking: bool, count: int) -> list[dict[str, int]]:
    """Make, use and close many clients; return the vitals at a tenth of the way and at its end."""

    def use() -> None:
        client = World(blocking=True).client(url)
        assert client.request(GET).body == b"/thing"
        client.close()

    async def use_async() -> None:
        client = World(blocking=False).client(url)
        assert (await client.request(GET)).body == b"/thing"
        await client.aclose()

    async def use_many(times: int) -> None:
        for _ in range(times):
            await use_async()

    seen = []
    for times in (count // 10, count - count // 10):
        if blocking:
            for _ in range(times):
                use()
        else:
            asyncio.run(use_many(times))
        seen.append(vitals())
    return seen


class Tally:
    """What became of the calls: each must get its own answer, or a failure that was asked for."""

    def __init__(self) -> None:
        self.right = 0
        self.failed = 0
        self.wrong: list[str] = []

    def call(self, client: Any, name: str, framing: str) -> None:
        nonce = f"{name}-{os.getpid()}-{random.getrandbits(64):x}"
        try:
            body = client.request(GET, query={"nonce": nonce, "as": framing}).body.decode()
        except ConnectionFailure:
            self._fail(framing)
        else:
            self._check(nonce, framing, body)

    async def call_async(self, client: Any, name: str, framing: str) -> None:
        nonce = f"{name}-{os.getpid()}-{random.getrandbits(64):x}"
        try:
            answer = await client.request(GET, query={"nonce": nonce, "as": framing})
        except (ConnectionFailure, TimeoutFailure):
            self._fail(framing)
        else:
            self._check(nonce, framing, answer.body.decode())

    def _fail(self, framing: str) -> None:
        if framing in FAILING:
            self.failed += 1
        else:
            self.wrong.append(f"{framing} failed")

    def _check(self, nonce: str, framing: str, body: str) -> None:
        if body == f"/thing?nonce={nonce}&as={framing}":
            self.right += 1
        else:
            self.wrong.append(f"{framing}: {nonce} got {body}")

    def sums(self) -> dict[str, Any]:
        return {"right": self.right, "failed": self.failed, "wrong": self.wrong[:5]}


def threads(client: Any, count: int, tally: Tally) -> None:
    """Call from many threads at once, each with framings of its own order."""

    def work(number: int) -> None:
        chance = random.Random(number)
        for call in range(CALLS):
            try:
                tally.call(client, f"{number}-{call}", chance.choice(FRAMINGS))
            except BaseException:
                tally.wrong.append(traceback.format_exc())

    running = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def threads_and_forks(url: str) -> dict[str, Any]:
    """Call from 50 threads, and fork in the midst of it: each child calls from ten threads more."""
    client = World(blocking=True).client(url)
    for number in range(8):  # idle connections that a child must not touch
        Tally().call(client, f"first-{number}", "length")
    tally = Tally()
    body = threading.Thread(target=threads, args=(client, THREADS, tally))
    body.start()
    children = [_child(client) for _ in range(CHILDREN)]
    body.join()
    sums = tally.sums()
    for pid, reader in children:
        with os.fdopen(reader) as pipe:
            told = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        child = json.loads(told) if status == 0 and told else {"wrong": [f"exit {status}: {told}"]}
        for key, value in child.items():
            sums[key] += value
    threads(client, 2, after := Tally())
    sums["wrong"] += after.wrong
    client.close()
    return sums


def _child(client: Any) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        tally = Tally()
        threads(client, 10, tally)
        os.write(writer, json.dumps(tally.sums()).encode())
    except BaseException:
        os.write(writer, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)


def tasks_and_cancels(url: str) -> dict[str, Any]:
    """Call from 200 tasks of a loop while others are cancelled at moments of chance."""

    async def work() -> dict[str, Any]:
        client = World(blocking=False).client(url)
        tally = Tally()

        async def caller(number: int) -> None:
            chance = random.Random(number)
            for call in range(10):
                await tally.call_async(client, f"{number}-{call}", chance.choice(FRAMINGS))

        async def canceller(number: int) -> None:
            chance = random.Random(-number)
            for call in range(10):
                lost = asyncio.ensure_future(
                    Tally().call_async(client, f"lost-{number}-{call}", chance.choice(FRAMINGS))
                )
                for _ in range(chance.randrange(12)):
                    await asyncio.sleep(0)
                lost.cancel()
                await asyncio.gather(lost, return_exceptions=True)

        await asyncio.gather(*map(caller, range(200)), *map(canceller, range(100)))
        await client.aclose()
        return tally.sums()

    return asyncio.run(work())


def main(what: str, url: str) -> None:
    """Do it and print what came of it."""
    if what in ("blocking", "asyncio"):
        result: Any = created_and_closed(url, what == "blocking", 10_000)
    elif what == "forks":
        result = threads_and_forks(url)
    else:
        result = tasks_and_cancels(url)
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
