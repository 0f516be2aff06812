"""The example project: its files apply, its service counts, its consumers work."""

from __future__ import annotations

import asyncio
from pathlib import Path

from quintet_server.definitions.apply import apply_definitions

EXAMPLE = Path(__file__).parents[6] / "examples" / "aerostack"
TEXT = "To be, or not to be: that is the question. Isn't it?"


async def test_example_applies_and_works(started):
    async with started() as api:  # its definitions are those of the project `default`
        kinds = [kind for one in api.runtime.services for kind in one.definitions]
        applied = await apply_definitions(api.runtime.db, EXAMPLE, kinds)
        assert [one.outcome for one in applied] == ["created"] * 3
        assert [one.warnings for one in applied] == [[]] * 3

        body = {"serviceName": "text-statistics", "data": {"text": TEXT}}
        assert (await api.ask("/services/invoke", body))["result"] == {
            "characters": 52,
            "words": 12,
            "sentences": 2,
            "unique_words": 10,
            "most_frequent": [["to", 2], ["be", 2], ["or", 1], ["not", 1], ["that", 1]],
            "reading_seconds": 4,
        }
        good = await api.ask("/queue/enqueue", {"type": "text.new", "data": {"text": TEXT}}, 201)
        bad = await api.ask("/queue/enqueue", {"type": "text.new", "data": {}}, 201)
        done, failed = [await _ended(api, job) for job in (good, bad)]
    assert (done["status"], done["result"]["words"]) == ("completed", 12)
    assert (failed["status"], failed["attempts"]) == ("failed", 1)
    assert failed["error"] == "Unusable: text is required, and must be text"


async def _ended(api, answer):
    async with asyncio.timeout(60):
        while True:
            job = (await api.ask("/queue/job", {"jobId": answer["jobId"]}))["job"]
            if job["status"] in ("completed", "failed"):
                return job
            await asyncio.sleep(0.02)
