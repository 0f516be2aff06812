"""A server that is killed while runs work and wait, and while deliveries are undelivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amdahl import AmdahlClient, verify_webhook_signature
from tests.support.amdahl import SETTINGS, AmdahlServer, delivered, interactions
from tests.support.receiver import Receiver
from tests.support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.kill, pytest.mark.timeout(300)]

# Later attempts wait so long that they are surely made by the next process.
LATER = {**SETTINGS, "QUINTET_AMDAHL_WEBHOOK_RETRY_DELAYS_SECONDS": "[3600, 3600]"}


def test_killed_server_settles_its_runs_and_sends_what_was_not_delivered(
    tmp_path: Path, receiver: Receiver
) -> None:
    server = AmdahlServer(tmp_path / "data", settings=LATER, private_targets=True).start()
    try:
        key = server.business()
        server.plant(key, interactions())
        receiver.statuses = [500]
        with AmdahlClient(server.url, key, timeout=60) as client:
            hook = client.webhooks.create(receiver.url, ["page.created", "session.completed"])
            client.pages.create("New", {"type": "Divider"})
            until(lambda: receiver.deliveries)
            paused = client.agents.start("content_writer", "Write a blog post about pricing")
            asked = client.agents.wait(paused["session_id"], timeout=60)
            assert asked["status"] == "awaiting_input"
            working: list[str] = []
            for _ in range(5):  # until a kill comes before all of them have ended
                working += [
                    client.agents.start("researcher", "Research interactions by channel")[
                        "session_id"
                    ]
                    for _ in range(6)
                ]
                server.kill()
                unsettled = server.unsettled()
                server.start()
                if unsettled:
                    break
            assert unsettled > 0

            before = asked["pending_input"]
            asked = client.agents.status(paused["session_id"])
            assert (asked["status"], asked["pending_input"]) == ("awaiting_input", before)
            # What died with its process is taken over when its lease is over.
            server.advance(7200)
            runs = [client.agents.wait(one, timeout=60) for one in working]
            assert [run["status"] for run in runs] == ["complete"] * len(working)
            client.agents.resume(paused["session_id"], {"approved": True})
            result: Any = client.agents.result(paused["session_id"], timeout=60)
            assert "pricing" in client.artifacts.get(result["artifact"]["id"])["title"].lower()
            for one in [paused["session_id"], *working]:
                seen = [event["seq"] for event in client.agents.stream(one)]
                assert seen == list(range(1, len(seen) + 1))
        until(lambda: len({h["x-webhook-id"] for h, _ in delivered(receiver)}) == 2 + len(working))
    finally:
        server.stop()
    first, again = [pair for pair in delivered(receiver) if b"page.created" in pair[1]]
    assert first[1] == again[1]
    assert first[0]["x-webhook-id"] == again[0]["x-webhook-id"]
    for headers, body in delivered(receiver):
        assert verify_webhook_signature(body, headers["x-webhook-signature"], hook["secret"])
