"""Objects of any size in constant memory, measured on a server that is a process of its own.

`QUINTET_TEST_OBJECT_BYTES=2147483648` measures with 2 GiB instead of 256 MiB.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest

from .transfers import MIB, PeakMemory, Transfer, digest_of, until

pytestmark = pytest.mark.timeout(300)
SIZE = int(os.environ.get("QUINTET_TEST_OBJECT_BYTES", 256 * MIB))
MOST_MIB = 32


@pytest.fixture
def server(start_process, database_url):
    # The first small transfer loads what is loaded once.
    env = {"QUINTET_AEROSTACK_UPLOAD_MAX_BYTES": str(SIZE)}
    server = start_process("--database-url", database_url, env=env)
    with Transfer(server.url, server.keys["aerostack"]) as transfer:
        transfer.upload("warm", 3 * MIB)
        transfer.download("warm", 3 * MIB)
    return server


def report(what: str, memory: PeakMemory, began: float) -> None:
    seconds = time.monotonic() - began
    print(f"{what}: {SIZE / MIB / seconds:.0f} MiB/s, +{memory.above_idle_mib:.1f} MiB")


def test_big_object_goes_up_and_down_in_constant_memory(server) -> None:
    key = server.keys["aerostack"]
    began = time.monotonic()
    with Transfer(server.url, key) as transfer, PeakMemory(server.process.pid) as memory:
        answer = transfer.upload("big", SIZE)
    report("up", memory, began)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert digest_of(SIZE).encode() in answer
    assert memory.above_idle_mib < MOST_MIB

    began = time.monotonic()
    with Transfer(server.url, key) as transfer, PeakMemory(server.process.pid) as memory:
        found = transfer.download("big", SIZE)
    report("down", memory, began)
    assert found == digest_of(SIZE)
    assert memory.above_idle_mib < MOST_MIB


def test_reader_that_does_not_read_costs_little_and_leaves_no_file_open(server) -> None:
    key = server.keys["aerostack"]

    def open_blobs() -> int:
        links = Path(f"/proc/{server.process.pid}/fd").iterdir()
        return sum("/objects/" in os.path.realpath(link) for link in links)

    with contextlib.ExitStack() as stack, PeakMemory(server.process.pid) as memory:
        transfers = [stack.enter_context(Transfer(server.url, key)) for _ in range(5)]
        transfers[0].upload("big", 128 * MIB)
        for each in transfers[:4]:
            each.begin_download("big")
        assert transfers[4].download("warm", 3 * MIB) == digest_of(3 * MIB)
        until(lambda: open_blobs() == 4)
    assert memory.above_idle_mib < MOST_MIB
    until(lambda: open_blobs() == 0)
