"""A forked child makes connections of its own and leaves its parent's alone."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from quintet.transport import forks

from .peer import WAIT_SECONDS, Connection, Peer, answer
from .worlds import GET, World

Play = Callable[..., Peer]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def echo_connection(connection: Connection) -> None:
    while True:
        connection.read_request()
        connection.send(answer(str(connection.number).encode()))


def in_child(work: Callable[[], None]) -> None:
    """Run ``work`` in a forked child and fail if it fails."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc(file=sys.stderr)
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize("closes", [False, True])
def test_blocking_client_works_in_the_child_and_goes_on_in_the_parent(
    play: Play, closes: bool
) -> None:
    peer = play(echo_connection)
    client = World(blocking=True).client(peer.url)
    assert client.request(GET).body == b"0"

    def child() -> None:
        assert client.request(GET).body == b"1"
        assert client.request(GET).body == b"1"
        if closes:
            client.close()

    in_child(child)
    assert client.request(GET).body == b"0"
    assert len(peer.connections) == 2
    client.close()


@pytest.mark.parametrize("closes", [False, True])
def test_asyncio_client_works_in_the_child_and_goes_on_in_the_parent(
    play: Play, closes: bool
) -> None:
    peer = play(echo_connection)
    client = World(blocking=False).client(peer.url)

    async def use(wanted: bytes) -> None:
        assert (await client.request(GET)).body == wanted

    def child() -> None:
        async def work() -> None:
            await use(b"1")
            if closes:
                await client.aclose()

        asyncio.run(work())

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(use(b"0"))
        in_child(child)
        loop.run_until_complete(use(b"0"))
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def test_lock_held_during_the_fork_does_not_block_the_child(play: Play) -> None:
    peer = play(echo_connection)
    client = World(blocking=True).client(peer.url)
    client.request(GET)
    lazy = client._transport
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with lazy._lock, lazy._engine._pool._lock:
            held.set()
            release.wait(WAIT_SECONDS)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(WAIT_SECONDS)
    try:
        in_child(lambda: (client.request(GET), client.close())[0])  # type: ignore[arg-type,return-value]
    finally:
        release.set()
        thread.join()
    client.close()


def test_fork_waits_for_an_import_of_ours_in_another_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A package with a table of operations is an SDK.
    package = tmp_path / "probe_of_forks"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "_wire.py").touch()
    (package / "things.py").write_text("import sys\nsys.modules['probe_of_forks'].import_it()\n")
    monkeypatch.syspath_prepend(tmp_path)
    names = ["probe_of_forks", "probe_of_forks._wire", "probe_of_forks.things"]
    probe = importlib.import_module(names[0])
    importlib.import_module(names[1])
    begun, go_on = threading.Event(), threading.Event()

    def import_it() -> None:
        begun.set()
        go_on.wait(WAIT_SECONDS)

    def child() -> None:
        signal.alarm(int(WAIT_SECONDS))  # of what it waits for nobody would tell
        importlib.import_module(names[2])

    probe.import_it = import_it  # type: ignore[attr-defined]
    thread = threading.Thread(target=importlib.import_module, args=(names[2],))
    # The import goes on once the fork has begun to wait for it, or is over.
    monkeypatch.setattr(forks, "sleep", lambda seconds: (go_on.set(), thread.join())[0])
    thread.start()
    try:
        assert begun.wait(WAIT_SECONDS)
        in_child(child)
        assert go_on.is_set()
    finally:
        go_on.set()
        thread.join()
        for name in names:
            sys.modules.pop(name, None)


def test_fork_does_not_wait_for_the_import_of_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "probe_of_others.py").write_text(
        "import threading\nthreading.current_thread().import_it()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def import_it() -> None:
        begun.set()
        go_on.wait(WAIT_SECONDS)

    thread = threading.Thread(target=importlib.import_module, args=("probe_of_others",))
    thread.import_it = import_it  # type: ignore[attr-defined]
    waits: list[float] = []
    monkeypatch.setattr(forks, "sleep", waits.append)
    thread.start()
    try:
        assert begun.wait(WAIT_SECONDS)
        in_child(lambda: None)
        assert waits == []
    finally:
        go_on.set()
        thread.join()
        sys.modules.pop("probe_of_others", None)
