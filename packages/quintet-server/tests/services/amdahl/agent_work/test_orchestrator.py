"""How a task is split into parts."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.agent_work.orchestrator import parts_of

from .conftest import Office


@pytest.mark.parametrize(
    ("task", "parts"),
    [
        (
            "Research sentiment by company, then write a LinkedIn post about it",
            [
                ("researcher", "Research sentiment by company"),
                ("content_writer", "write a LinkedIn post about sentiment by company"),
            ],
        ),
        (
            "1. Analyse deals by owner\n2. How many calls were there?\n"
            "3. Draft a newsletter on pricing",
            [
                ("researcher", "Analyse deals by owner"),
                ("copilot", "How many calls were there?"),
                ("content_writer", "Draft a newsletter on pricing"),
            ],
        ),
        (
            "Investigate onboarding and draft a blog post from the findings",
            [
                ("researcher", "Investigate onboarding"),
                ("content_writer", "draft a blog post about onboarding"),
            ],
        ),
        ("Deals by stage", [("researcher", "Deals by stage")]),
    ],
)
def test_task_is_split_into_these_parts(task: str, parts: list[tuple[str, str]]) -> None:
    assert [(part.work, part.task) for part in parts_of(task)] == parts


@given(st.text(min_size=1, max_size=120))
def test_any_task_has_between_one_and_six_parts(task: str) -> None:
    assert 1 <= len(parts_of(task)) <= 6


async def test_parts_are_worked_on_in_turn_and_leave_their_artifacts(office: Office) -> None:
    await office.plant(
        "interactions",
        office.said(1, channel="call", sentiment=0.4),
        office.said(2, channel="email", sentiment=-0.2),
    )
    task = "Research sentiment by channel, then write a LinkedIn post about it"
    status = await office.run("orchestrator", task, depth="quick")
    assert status["status"] == "awaiting_input"
    assert "Sentiment by channel" in str(status["pending_input"]["context"]["outline"])
    status = await office.answer(status, approved=True)
    assert status["status"] == "complete"
    result = status["result"]
    kinds = []
    for one in result["artifacts"]:
        kinds.append((await office.api.ask("GET", f"/artifacts/{one}"))["artifact_type"])
    assert kinds == ["research_report", "linkedin_post"]
    assert [part["work"] for part in result["data"]["parts"]] == ["researcher", "content_writer"]
    post = (await office.content(result))["body"]
    assert "highest for call (+0.40 over 1 scored interaction)" in post


async def test_cancel_ends_the_parts_with_the_whole(office: Office) -> None:
    status = await office.run("orchestrator", "Research calls, then write a blog post about it")
    path = f"/agents/{status['session_id']}"
    canceled = await office.api.ask("POST", f"{path}/cancel")
    assert canceled["status"] == "canceled"
    assert (await office.api.ask("GET", f"{path}/status"))["pending_input"] is None
