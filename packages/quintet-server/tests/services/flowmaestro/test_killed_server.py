"""`quintet serve` under kill −9: what it had in hand goes on in the next process."""

from __future__ import annotations

import time

import httpx
import psycopg
from psycopg.conninfo import make_conninfo

from quintet_server.definitions.apply import apply_definitions
from quintet_server.services.flowmaestro.service import service
from quintet_server.store.database import Database

WORKFLOW = """
service: flowmaestro
kind: workflow
name: patient
spec:
  nodes:
    in: {type: input, config: {inputName: x}}
    nap: {type: wait, config: {waitType: duration, durationValue: 50, durationUnit: minutes}}
    out: {type: output, config: {outputName: y, value: "{{x}}"}}
  edges:
    - {source: in, target: nap}
    - {source: nap, target: out}
  settings: {timeout: 86400000}
"""


def rows(url: str, statement: str) -> list[tuple]:
    with psycopg.connect(make_conninfo(url), autocommit=True) as conn:
        cursor = conn.execute(statement)
        return cursor.fetchall() if cursor.description else []


def until(look, timeout: float = 60.0):
    deadline = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


async def test_execution_of_a_killed_server_is_finished_by_the_next(
    start_process, database_url, tmp_path
):
    first = start_process("--database-url", database_url)
    file = tmp_path / "patient.yaml"
    file.write_text(WORKFLOW)
    db = await Database.open(database_url, application_name="test")
    await apply_definitions(db, file, service().definitions)
    await db.close()
    key = {"Authorization": f"Bearer {first.keys['flowmaestro']}"}
    answer = httpx.post(
        f"{first.url}/api/v1/workflows/wf_patient/execute",
        json={"inputs": {"x": "kept"}},
        headers=key,
        timeout=60,
    )
    execution_id = answer.json()["data"]["execution_id"]
    until(lambda: rows(database_url, "SELECT 1 FROM run_steps WHERE state = 'waiting'"))

    first.kill()
    second = start_process("--database-url", database_url, data_dir=first.data_dir)
    rows(database_url, "UPDATE clock SET shift = shift + '1 hour'")

    def ended():
        url = f"{second.url}/api/v1/executions/{execution_id}"
        found = httpx.get(url, headers=key, timeout=60).json()["data"]
        return found if found["status"] not in ("pending", "running") else None

    done = until(ended)
    assert (done["status"], done["outputs"]) == ("completed", {"y": "kept"})
    types = [
        type
        for (type,) in rows(
            database_url, f"SELECT type FROM events WHERE stream = '{execution_id}' ORDER BY seq"
        )
    ]
    assert types.count("execution.started") == 1
    assert [type for type in types if type in ("execution.completed", "execution.failed")] == [
        types[-1]
    ]
    assert second.stop() == 0
