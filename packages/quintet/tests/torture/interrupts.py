"""Ctrl-C at moments of chance, again and again: run as ``python -m …torture.interrupts URL SEED``.

A signal interrupts a call at any of its lines, not only where it blocks.  The pool has room for a
single connection, so one that got lost would make the next call wait in vain.  It prints one line
of JSON.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from typing import Any

from packages.quintet.tests.wire.worlds import GET, World
from quintet.transport.engine import Engine
from quintet.transport.environment import Proxies
from quintet.transport.limits import ConnectionLimits

ROUNDS = 2000
_FRAMINGS = ("length", "chunked", "pieces")
# Within this the moments lie at first; then they follow how long calls take, here and now.
_LATEST_SECONDS = 7e-4
_SOONEST_SECONDS = 2e-5
_STEP = 1.01


class Bell:
    """Interrupts the program once, at a moment of chance after it was set."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._latest = _LATEST_SECONDS
        self._is_set = False
        signal.signal(signal.SIGALRM, self._ring)

    def _ring(self, *_: object) -> None:
        if self._is_set:
            raise KeyboardInterrupt

    def __enter__(self) -> None:
        self._is_set = True
        signal.setitimer(signal.ITIMER_REAL, self._chance.uniform(1e-6, self._latest))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._is_set = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        # So that every second call or so is interrupted, however fast the machine is.
        step = _STEP if kind is KeyboardInterrupt else 1 / _STEP
        self._latest = max(_SOONEST_SECONDS, self._latest * step)


def client_of(url: str) -> Any:
    engine = Engine(time.monotonic, proxies=Proxies({}), limits=ConnectionLimits(max_connections=1))
    return World(blocking=True).client(url, transport=engine)


def main(url: str, seed: str) -> None:
    """Interrupt calls, and after each make one that must succeed."""
    chance = random.Random(int(seed))
    bell = Bell(chance)
    client = client_of(url)
    for framing in _FRAMINGS:  # what they import, they import here: C modules are not made for it
        client.request(GET, query={"as": framing})
    interrupted, wrong = 0, []
    for number in range(ROUNDS):
        if number % 3 == 0:
            client.close()
            client = client_of(url)
        try:
            with bell:
                client.request(GET, query={"as": chance.choice(_FRAMINGS)})
        except KeyboardInterrupt:
            interrupted += 1
        except Exception as swallowed:
            wrong.append(f"instead of KeyboardInterrupt: {swallowed}")
        try:
            body = client.request(GET).body
            if body != b"/thing":
                wrong.append(f"an answer of another: {body!r}")
        except Exception as failure:
            wrong.append(f"the next call failed: {failure}")
    client.close()
    print(json.dumps({"interrupted": interrupted, "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
