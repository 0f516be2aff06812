"""The client that the vendor's guide shows, with what it sends and reads with, on our server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.amdahl import AmdahlServer, delivered, interactions
from tests.support.receiver import Receiver
from tests.support.waiting import until

pytestmark = pytest.mark.compat

PROGRAM = Path(__file__).parent / "programs" / "amdahl_guide.py"
PAGE: dict[str, Any] = {
    "name": "Weekly sentiment",
    "declared_queries": [
        {
            "name": "q",
            "sql": "SELECT channel, COUNT(*) AS events FROM interactions GROUP BY channel",
        }
    ],
    "spec": {"type": "Section", "children": [{"type": "Table", "data": {"$query": "q"}}]},
}


def test_program_of_the_guide_does_all_it_says(
    python: Path, amdahl_server: AmdahlServer, receiver: Receiver
) -> None:
    key = amdahl_server.business()
    amdahl_server.plant(key, interactions())
    plain = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    child = subprocess.Popen(
        [str(python), str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**plain, "AMDAHL_URL": amdahl_server.url, "API_KEY": key},
    )
    with child:

        def ask(order: Any) -> Any:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        seen = ask({"hook_url": receiver.url, "page": PAGE})
        deliveries = until(lambda: delivered(receiver) if receiver.deliveries[2:] else [])
        verdicts = [
            ask(
                {
                    "body": body.decode(),
                    "signature": headers["x-webhook-signature"],
                    "secret": secret,
                }
            )
            for headers, body in deliveries
            for secret in (seen["secret"], "whsec_of_somebody_else")
        ]
        assert child.stdin is not None
        child.stdin.close()

    assert verdicts == [True, False] * 3
    assert seen["rows"] == [["call", 3], ["email", 2], ["chat", 1]]
    assert seen["all_pages"] is True
    assert (seen["renamed"], seen["archived"], seen["left"]) == ("Other", None, 2)
    assert (seen["asks"], seen["resumed"], seen["ended"]) == ("approval", "queued", "complete")
    assert seen["events"] == seen["by_httpx"]
    assert seen["events"][-1] == "session.completed"
    assert seen["refused"] == [400, "invalid_argument"]
    assert (seen["hooks"], seen["inactive"], seen["deleted"]) == (1, False, None)
