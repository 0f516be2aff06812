"""Ctrl-C between any two steps of the blocking engine: no connection is lost, none is mixed up.

Python looks for signals when a function begins and after every call.  The interrupt is raised by a
trace function, so it comes at each of these points in turn.
"""

from __future__ import annotations

import dis
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from quintet.core.request import Request
from quintet.transport import engine as engine_module
from quintet.transport.engine import Engine
from quintet.transport.limits import ConnectionLimits

from .peer import WAIT_SECONDS, Connection, Peer, answer, chunked, chunked_head
from .worlds import NO_PROXIES

Play = Callable[..., Peer]
TRANSPORT = str(Path(engine_module.__file__).parent)
# More of these points than an exchange has.
MANY = 2000


def echo(connection: Connection) -> None:
    while True:
        request = connection.read_request()
        target = request.target.encode()
        if target.startswith(b"/late"):
            connection.send(chunked_head() + chunked(target[:2], end=False))
            connection.send(chunked(target[2:]))
        else:
            connection.send(answer(target))


class Interrupt:
    """Raises at the n-th point in the transport where Python looks for signals."""

    def __init__(self, at: int) -> None:
        self.left = at
        self._called: dict[FrameType, bool] = {}

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(TRANSPORT):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        if event == "return":
            self._called.pop(frame, None)
        elif event == "call" or self._called.get(frame):
            self._count(frame)
        if event == "opcode":
            name = dis.opname[code.co_code[frame.f_lasti]]
            self._called[frame] = name.startswith("CALL")
        return self

    def _count(self, frame: FrameType) -> None:
        self.left -= 1
        if self.left <= 0 and not within_finalizer(frame):
            self._called.clear()
            sys.settrace(None)
            raise KeyboardInterrupt


def within_finalizer(frame: FrameType | None) -> bool:
    """Tell whether an interrupt would only be reported here, and not raised."""
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None


def fetch(engine: Engine, url: str, nonce: str, path: str) -> bytes:
    until = time.monotonic() + WAIT_SECONDS
    body: bytes | None
    exchange = engine.send(Request("GET", f"{url}/{path}?n={nonce}"), until, WAIT_SECONDS)
    try:
        body = exchange.whole
        if body is None:
            body = b""
            while piece := exchange.read(until, WAIT_SECONDS):
                body += piece
        return body
    finally:
        exchange.close()


# Of an answer that was on its way from the engine to its user.
@pytest.mark.filterwarnings("ignore:unclosed answer:ResourceWarning")
# Of a socket that was made and not yet known to anybody.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("path", ["at-once", "late"])
@pytest.mark.parametrize("connected", [True, False])
def test_interrupt_at_any_moment_leaves_a_pool_that_works(
    play: Play, path: str, connected: bool
) -> None:
    url = play(echo).url
    limits = ConnectionLimits(max_connections=1, pool_timeout=WAIT_SECONDS)
    engine = Engine(time.monotonic, proxies=NO_PROXIES, limits=limits)
    network = engine._pool.network
    interrupted = 0
    for at in range(1, MANY):
        if not connected:
            for stack in engine._pool._idle.values():
                while stack:
                    stack.pop().stream.close()
            assert not network.open
        traced = sys.gettrace()
        sys.settrace(Interrupt(at))
        try:
            assert fetch(engine, url, str(at), path) == f"/{path}?n={at}".encode()
        except KeyboardInterrupt:
            interrupted += 1
            finished = False
        else:
            finished = True
        finally:
            sys.settrace(traced)
        assert len(network.open) <= 1
        assert fetch(engine, url, f"after-{at}", path) == f"/{path}?n=after-{at}".encode()
        assert len(network.open) == 1
        assert not engine._pool._turns.waiting
        if finished:
            break
    assert interrupted > 30
    assert finished
    engine.close()
    gc.collect()
    assert not network.open
