"""`quintet serve` under kill −9 in the middle of an upload."""

from __future__ import annotations

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from .transfers import MIB, Transfer, content, digest_of, until

SWEEPING = {
    "QUINTET_OBJECTS_SWEEP_PERIOD_SECONDS": "0.1",
    "QUINTET_OBJECTS_UPLOAD_SILENCE_SECONDS": "1",
    "QUINTET_OBJECTS_GARBAGE_GRACE_SECONDS": "0",
}


@pytest.mark.timeout(300)
def test_upload_of_a_killed_server_is_invisible_and_its_space_comes_back(
    start_process, database_url
) -> None:
    def rows(statement: str) -> list[tuple]:
        with psycopg.connect(make_conninfo(database_url), autocommit=True) as conn:
            return conn.execute(statement.encode()).fetchall()

    # Only the second sweeps: a client that gets no time for a second looks like one that is gone.
    first = start_process("--database-url", database_url)
    folder = first.data_dir / "aerostack" / "objects"
    key = first.keys["aerostack"]

    def files() -> list[int]:
        return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]

    for name in ("kept", "replaced"):
        with Transfer(first.url, key) as transfer:
            transfer.upload(name, 3 * MIB)
    with Transfer(first.url, key) as one, Transfer(first.url, key) as other:
        for transfer, name in ((one, "replaced"), (other, "new")):
            transfer.begin_upload(name, 100 * MIB)
            for block in content(30 * MIB):
                transfer.socket.sendall(block)
        until(lambda: sum(files()) > (6 + 40) * MIB)
        first.kill()
    assert sum(files()) > (6 + 40) * MIB
    assert len(rows("SELECT blob FROM object_uploads")) == 2

    second = start_process("--database-url", database_url, data_dir=first.data_dir, env=SWEEPING)
    ask = httpx.Client(
        base_url=f"{second.url}/v1/storage", headers={"X-Aerostack-Key": key}, timeout=60
    )
    with ask:
        found = ask.post("/list", json={}).json()["objects"]
        assert [each["key"] for each in found] == ["kept", "replaced"]
        assert ask.post("/exists", json={"key": "new"}).json() == {"exists": False}
        until(lambda: not rows("SELECT blob FROM object_uploads"))
        until(lambda: sorted(files()) == [3 * MIB, 3 * MIB])
        until(lambda: not rows("SELECT blob FROM object_garbage"))
    for name in ("kept", "replaced"):
        with Transfer(second.url, key) as transfer:
            assert transfer.download(name, 3 * MIB) == digest_of(3 * MIB)
