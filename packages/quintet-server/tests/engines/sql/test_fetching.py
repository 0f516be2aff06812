"""How much of a result is taken for received: what was read, not what waits to be."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.waiting import Ready

from quintet_server.engines.sql.fetching import Fetch
from quintet_server.engines.sql.statement import Statement

MAX_BYTES = 1_024
BOUND = 2 * MAX_BYTES + 65_536


class Slow:
    """A connection that takes `step` bytes at a time from a peer that has sent everything."""

    def __init__(self, sock: socket.socket, total: int, step: int):
        self._sock = sock
        self._left = total
        self._step = step
        self.socket = sock.fileno()

    def send_query_params(self, *_: Any) -> None:
        """Nobody reads it."""

    def set_chunked_rows_mode(self, _rows: int) -> None:
        """All of it is one chunk."""

    def flush(self) -> int:
        return 0

    def is_busy(self) -> bool:
        return self._left > 0

    def consume_input(self) -> None:
        self._left -= len(self._sock.recv(min(self._step, self._left)))

    def get_result(self) -> None:
        return None


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def run(fetch: Fetch, connection: Any) -> None:
    reading = fetch.run(connection)
    next(reading)
    with pytest.raises(StopIteration):
        while True:
            reading.send(Ready.R)


def test_what_waits_is_not_counted_at_each_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    total = BOUND * 3 // 4
    theirs.sendall(bytes(total))
    fetch = Fetch(Statement("SELECT 1"), 10, MAX_BYTES)

    run(fetch, Slow(ours, total, 8_192))

    assert (fetch.is_truncated, fetch.is_complete) == (False, True)


def test_more_than_may_be_received_ends_the_reading(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    total = BOUND + 8_192
    theirs.sendall(bytes(total))
    fetch = Fetch(Statement("SELECT 1"), 10, MAX_BYTES)
    connection = Slow(ours, total, 8_192)

    run(fetch, connection)

    assert (fetch.is_truncated, fetch.is_complete) == (True, False)
    assert connection.is_busy()
