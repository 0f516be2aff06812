"""What having a client costs, as JSON: `python -m benchmarks.contenders.construction WHAT …`.

`import STATEMENT`: what the statement costs in a fresh process: seconds of CPU and wall, modules
that came with it, and by how much the memory of the process (RSS) has grown. `answer THING BASE`:
the same from the import of this environment's SDK to its first answer. `clients WHO BASE`: seconds
for the first client, for a later one, and for a later one with its first call, each closed again.
`churn WHO BASE COUNT`: bytes of memory before and after so many clients were made and closed.

Standard library only, and as little of it as possible: what is imported here is not counted.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # what the type checker needs would be imported, and counted
    from collections.abc import Callable

LATER = 20


def memory() -> int:
    """Bytes of memory in use (RSS). Linux only."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - pathlib would be imported for it
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measured(work: Callable[[], object]) -> dict[str, float]:
    """Do it once."""
    modules, bytes_ = len(sys.modules), memory()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "cpu": cpu,
        "wall": wall,
        "modules": len(sys.modules) - modules,
        "rss": memory() - bytes_,
    }


def statement(text: str) -> dict[str, float]:
    """An import."""
    code = compile(text, "statement", "exec")
    return measured(lambda: exec(code, {}))


def answer(what: str, base: str) -> dict[str, float]:
    """Import, construct, fetch: what a short script pays, whatever is loaded when."""
    from benchmarks.contenders.things import THINGS

    thing = THINGS[what]

    def first() -> None:
        assert thing.is_in(thing.client(thing.key, base)())

    return measured(first)


def clients(who: str, base: str) -> dict[str, float]:
    """Each made and closed, one after the other."""
    from benchmarks.contenders.clients import CLIENTS

    make = CLIENTS[who](base)

    def timed(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    def made() -> None:
        make().close()

    def used() -> None:
        client = make()
        client.call()
        client.close()

    first = timed(made)
    used()  # what is loaded with the first call is nothing that a later client pays
    return {
        "first": first,
        "later": sum(timed(made) for _ in range(LATER)) / LATER,
        "used": sum(timed(used) for _ in range(LATER)) / LATER,
    }


def churn(who: str, base: str, count: str) -> dict[str, float]:
    """Every hundredth is used as well, so that there is something to be left behind."""
    from benchmarks.contenders.clients import CLIENTS

    make = CLIENTS[who](base)

    def turn(clients: int) -> None:
        for index in range(clients):
            client = make()
            if index % 100 == 0:
                client.call()
            client.close()

    turn(int(count) // 10)  # what grows once has grown
    before = memory()
    turn(int(count))
    return {"before": before, "after": memory()}


if __name__ == "__main__":
    ways: dict[str, Callable[..., dict[str, float]]]
    ways = {"import": statement, "answer": answer, "clients": clients, "churn": churn}
    result = ways[sys.argv[1]](*sys.argv[2:])
    print("{" + ", ".join(f'"{name}": {value}' for name, value in result.items()) + "}")
