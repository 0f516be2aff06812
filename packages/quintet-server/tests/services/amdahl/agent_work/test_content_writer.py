"""Pieces of content: the outline, what feedback makes of it, the piece."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Office


async def plant(office: Office) -> None:
    await office.plant(
        "interactions",
        *[
            office.said(n, channel="call", company_name="Northwind", owner="Amber Field")
            | {"content": f"The pricing is too high, {n} times.", "sentiment": -0.5}
            for n in range(1, 4)
        ],
        office.said(2, channel="crm", deal_id="d1", deal_name="Northwind renewal")
        | {"deal_stage_status": "won", "deal_amount": 900.0, "owner": "Birch Hill"},
    )


def headings(status: dict[str, Any]) -> list[str]:
    return [one["heading"] for one in status["pending_input"]["context"]["outline"]]


async def test_piece_is_written_by_an_outline_that_feedback_has_changed(office: Office) -> None:
    await plant(office)
    status = await office.run(
        "content_writer", "Write a blog post about what customers say on pricing", audience="buyers"
    )
    assert status["status"] == "awaiting_input"
    pending = status["pending_input"]
    assert pending["type"] == "approval"
    assert pending["schema"]["required"] == ["approved"]
    first = headings(status)
    assert first[0] == "In their own words"
    assert "3 interactions mention pricing." in str(pending["context"]["outline"])

    status = await office.answer(
        status,
        approved=False,
        feedback="Drop the sentiment. Add a section on deals by owner, and start with the deals.",
    )
    assert status["status"] == "awaiting_input"
    assert status["pending_input"]["request_id"] != pending["request_id"]
    second = headings(status)
    assert second[0] == "Deals by owner"
    assert "Sentiment at a glance" in first
    assert "Sentiment at a glance" not in second

    status = await office.answer(status, approved=True)
    assert status["status"] == "complete"
    result = status["result"]
    assert result["artifact"]["artifact_type"] == "blog_post"
    piece = await office.content(result)
    assert [one["heading"] for one in piece["sections"]] == second
    assert "Only the owner Birch Hill has deals: 1 deal, 1 won worth 900" in piece["body"]
    assert piece["body"].startswith(f"# {piece['title']}\n\n## Deals by owner")
    assert "> The pricing is too high, 1 times" in piece["body"]
    assert "- Interaction `i1`" in piece["body"]
    assert piece["audience"] == "buyers"
    assert {one["type"] for one in piece["citations"]} == {"sql", "interaction"}


async def test_section_that_the_data_cannot_fill_is_not_added_but_told(office: Office) -> None:
    await plant(office)
    status = await office.run("content_writer", "Write a newsletter about pricing")
    before = headings(status)
    status = await office.answer(status, approved=False, feedback="Add a section on zeppelins")
    assert headings(status) == before
    assert "zeppelins" in str(status["pending_input"]["context"]["gaps"])


@pytest.mark.parametrize(
    ("params", "kind", "begins"),
    [
        ({"channel": "blog"}, "blog_post", "# "),
        ({"channel": "linkedin"}, "linkedin_post", "3 interactions mention pricing."),
        ({"channel": "newsletter"}, "content_piece", "# "),
        ({"content_type": "linkedin post"}, "linkedin_post", "3 interactions mention pricing."),
        ({"channel": "podcast"}, "content_piece", "# "),
    ],
)
async def test_channel_says_what_kind_of_piece_it_becomes(
    office: Office, params: dict[str, str], kind: str, begins: str
) -> None:
    await plant(office)
    desk = office.desk("content_writer", "What customers say about pricing", **params)
    desk.answers["outline[0]"] = {"approved": True, "feedback": "Make it shorter"}
    result = await office.at(desk)
    assert result.artifact is not None
    assert result.artifact["artifact_type"] == kind
    piece = desk.contents["piece"]
    assert piece["body"].startswith(begins)
    assert len(piece["sections"]) <= 2
    assert ("#pricing" in piece["body"]) == (kind == "linkedin_post")


async def test_piece_is_written_of_what_there_is_when_the_turns_are_over(office: Office) -> None:
    await plant(office)
    desk = office.desk("content_writer", "Write a blog post about pricing")
    desk.turns_left = 3  # to plan, and for two questions
    desk.answers["outline[0]"] = {"approved": True}
    await office.at(desk)
    piece = desk.contents["piece"]
    assert len(piece["sections"]) == 2
    assert "3 interactions mention pricing" in piece["body"]


async def test_empty_workspace_still_asks_for_approval_and_says_what_is_missing(
    office: Office,
) -> None:
    status = await office.run("content_writer", "Write a blog post about pricing")
    assert headings(status) == ["What the data do not say yet"]
    assert "pricing" in str(status["pending_input"]["context"]["outline"])


async def test_only_leaves_what_is_said_of_that_company_on_the_same_subject(office: Office) -> None:
    await plant(office)
    await office.plant(
        "interactions",
        office.said(4, channel="call", company_name="Initech", content="Pricing is fine."),
    )
    status = await office.run("content_writer", "Write a blog post about pricing")
    assert "4 interactions mention pricing" in str(status["pending_input"])
    status = await office.answer(status, approved=False, feedback="Focus on Initech only")
    outline = str(status["pending_input"]["context"]["outline"])
    assert "1 interaction with Initech" in outline or "with Initech" in outline
    assert "too high" not in outline
