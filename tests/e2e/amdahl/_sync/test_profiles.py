# Generated from tests/e2e/amdahl/_async/test_profiles.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Each kind of agent over planted rows, without a language model: what it says was counted."""

from __future__ import annotations

from typing import Any

import pytest

from amdahl import AgentCanceledError, AmdahlClient
from tests.support.amdahl import AmdahlServer

pytestmark = pytest.mark.e2e


def test_researcher_reports_what_the_rows_say(server: AmdahlServer) -> None:
    with AmdahlClient() as client:
        run = client.agents.run(
            "researcher", "Research interactions by channel", {"depth": "quick"}, timeout=60
        )
        assert run["status"] == "complete"
        artifact = run["result"]["artifact"]
        assert artifact["artifact_type"] == "research_report"
        report = client.artifacts.get(artifact["id"])["content_json"]
        assert "call leads with 3 of 6 interactions (50%)" in str(report["sub_questions"])
        events = [event for event in client.agents.stream(run["session_id"])]

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "session.started"
    assert events[-1]["type"] == "session.completed"


def test_copilot_answers_a_question_with_the_figure(server: AmdahlServer) -> None:
    with AmdahlClient() as client:
        started = client.agents.start("copilot", "How many interactions by channel?")
        result = client.agents.result(started["session_id"], timeout=60)
    assert "call leads with 3 of 6 interactions (50%)" in result["text"]
    assert result["artifact"] is None


def test_content_writer_revises_by_feedback_and_writes_once_it_is_approved(
    server: AmdahlServer,
) -> None:
    outlines: list[list[str]] = []

    def editor(pending: Any) -> dict[str, Any]:
        outlines.append([part["heading"] for part in pending["context"]["outline"]])
        if len(outlines) == 1:
            return {"approved": False, "feedback": "Drop the sentiment."}
        return {"approved": True}

    with AmdahlClient() as client:
        run = client.agents.run(
            "content_writer",
            "Write a blog post about what customers say on pricing",
            timeout=60,
            on_input=editor,
        )
        artifact = run["result"]["artifact"]
        piece = client.artifacts.get(artifact["id"])["content_json"]

    first, second = outlines
    assert any("Sentiment" in heading for heading in first)
    assert not any("Sentiment" in heading for heading in second)
    assert [section["heading"] for section in piece["sections"]] == second
    assert "The pricing is too high" in piece["body"]
    assert "Thank you" not in piece["body"]


def test_orchestrator_hands_its_parts_to_others_and_collects_what_they_made(
    server: AmdahlServer,
) -> None:
    with AmdahlClient() as client:
        run = client.agents.run(
            "orchestrator",
            "Research sentiment by channel, then write a LinkedIn post about it",
            {"depth": "quick"},
            timeout=60,
            on_input=lambda pending: {"approved": True},
        )
        kinds = [client.artifacts.get(one)["artifact_type"] for one in run["result"]["artifacts"]]
    assert kinds == ["research_report", "linkedin_post"]


def test_run_that_asks_can_be_canceled_and_says_so_to_who_waits(
    server: AmdahlServer,
) -> None:
    with AmdahlClient() as client:
        started = client.agents.start("content_writer", "Write a blog post about pricing")
        run = client.agents.wait(started["session_id"], timeout=60)
        assert run["status"] == "awaiting_input"
        client.agents.cancel(run["session_id"])
        with pytest.raises(AgentCanceledError):
            client.agents.wait(run["session_id"], timeout=60)
