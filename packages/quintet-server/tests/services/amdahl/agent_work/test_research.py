"""Reports: their figures are those of the data, whatever data there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from quintet_server.services.amdahl.agent_work.research import answer_all
from quintet_server.services.amdahl.agents.model import FinishNow, ToolFailed
from quintet_server.services.amdahl.data.searching import search_interactions

from .conftest import Office, answers

TASK = "How many interactions by channel in the last 90 days?"


async def plant_channels(office: Office, **counts: int) -> None:
    rows = [office.said(5, channel=name) for name, n in counts.items() for _ in range(n)]
    # Outside of the window: in no figure of it but the comparison.
    rows += [office.said(100, channel="email") for _ in range(4)]
    await office.plant("interactions", *rows)


async def test_report_over_planted_rows_has_their_figures(office: Office) -> None:
    await plant_channels(office, email=12, call=6, chat=2)
    report = await office.report(TASK, depth="quick")
    told = answers(report)
    assert told["How does the number of interactions differ by channel in the last 90 days?"] == (
        "By channel, email leads with 12 of 20 interactions in the last 90 days (60%). "
        "Then come call (6, 30%) and chat (2, 10%)."
    )
    assert told["What is the number of interactions in the last 90 days?"] == (
        "There are 20 interactions in the last 90 days, 400% more than in the period of the same "
        "length before (4)."
    )
    assert report["topic"] == TASK
    assert "12 of 20" in report["summary"]
    assert [one["confidence"] for one in report["sub_questions"]] == ["medium", "medium"]


async def test_same_task_over_other_rows_has_other_figures(office: Office) -> None:
    await plant_channels(office, call=9, email=9)
    told = answers(await office.report(TASK, depth="quick"))
    assert told["How does the number of interactions differ by channel in the last 90 days?"] == (
        "By channel, call and email lead with 9 each of 18 interactions in the last 90 days "
        "(50% each)."
    )


async def test_rows_of_another_business_are_in_no_figure(office: Office) -> None:
    other = Office(await office.api.other_project())
    await plant_channels(other, email=40)
    await plant_channels(office, call=2)
    text = str(await office.report(TASK, depth="high"))
    assert "All 2 interactions in the last 90 days have the channel call." in text
    assert "email" not in text.replace("email', ", "")
    assert "40" not in text


@pytest.mark.parametrize("seed", [1, 2])
async def test_report_counts_what_a_program_counts(office: Office, seed: int) -> None:
    random = Random(seed)
    owners = ["Amber Field", "Birch Hill", "Cedar Lake"]
    deals: list[dict[str, Any]] = []
    for number in range(random.randint(8, 20)):
        status = random.choice(["won", "lost", "open"])
        deals.append(
            office.said(
                random.randint(1, 80),
                interaction_type="deal",
                deal_id=f"d{number}",
                deal_name=f"Deal {number}",
                owner=random.choice(owners),
                deal_stage_status=status,
                deal_amount=random.randint(1, 90) * 100.0,
                closed_at=office.ago(3) if status != "open" else None,
            )
        )
    await office.plant("interactions", *deals)
    report = await office.report("How do deals stand by owner?", depth="standard")
    told = answers(report)
    by_status = {s: [d for d in deals if d["deal_stage_status"] == s] for s in ("won", "lost")}
    won, lost = len(by_status["won"]), len(by_status["lost"])
    worth = sum(one["deal_amount"] for one in by_status["won"])
    assert f"{won + lost} deal" in told["How do deals stand?"]
    assert f"{won:,} won, worth {worth:,.0f}" in told["How do deals stand?"]
    by_owner = told["How does the number of deals differ by owner?"]
    for owner in {one["owner"] for one in deals}:
        mine = [one for one in deals if one["owner"] == owner]
        noun = "deal" if len(mine) == 1 else "deals"
        assert f"{owner} ({len(mine)} {noun}" in by_owner.replace(
            f"{owner} has the most deals: ", f"{owner} ("
        )
    largest = max(deals, key=lambda one: (one["deal_amount"], -int(one["deal_id"][1:])))
    assert f"{largest['deal_amount']:,.0f}" in told["Which deals are the largest?"]


async def test_deals_of_the_crm_are_joined_with_what_interactions_say(office: Office) -> None:
    await office.plant(
        "deals",
        *[
            {"deal_id": f"d{n}", "deal_name": f"D{n}", "deal_amount": 100.0 * n, "company_id": "c1"}
            | {"deal_stage_status": status, "deal_stage_label": "Closing"}
            for n, status in enumerate(["won", "won", "lost", "open"], 1)
        ],
    )
    await office.plant(
        "interactions",
        office.said(2, company_id="c1", company_name="Northwind", owner="Amber Field"),
        office.said(4, deal_id="d1", owner="Birch Hill", closed_at=office.ago(4)),
    )
    report = await office.report("Deals by owner and stage in the last 30 days", depth="high")
    told = answers(report)
    assert told["How do deals stand in the last 30 days?"].startswith(
        "1 deal closed in the last 30 days: 1 won, worth 100, and 0 lost, worth 0; "
        "that is a win rate of 100%. 1 deal is still open, worth 400."
    )
    assert "2 closed deals carry no closing date and could not be counted." in report["gaps"]
    assert told["How does the number of deals differ by owner in the last 30 days?"] == (
        "Only the owner Birch Hill has deals in the last 30 days: 1 deal, 1 won worth 100, "
        "a win rate of 100%."
    )


async def test_sentiment_and_quotes_name_the_rows_they_come_from(office: Office) -> None:
    await office.plant(
        "interactions",
        office.said(3, company_name="Northwind", sentiment=-0.6, speaker_type="external")
        | {"content": "The pricing is too high for us.", "speaker_name": "Buyer"},
        office.said(4, company_name="Initech", sentiment=0.4, content="We like the pricing."),
        office.said(5, company_name="Initech", sentiment=0.8, content="Great support."),
    )
    report = await office.report(
        "Which customers are unhappy about pricing?", must_cover=["quotes on pricing"]
    )
    told = answers(report)
    assert told[
        "How does the sentiment of interactions that mention pricing differ by company?"
    ] == (
        "By company, the average sentiment of interactions that mention pricing is lowest for "
        "Northwind (-0.60 over 1 scored interaction) and highest for Initech (+0.40 over 1)."
    )
    quoted = next(q for q in report["sub_questions"] if q["question"] == "quotes on pricing")
    assert "2 interactions mention pricing." in quoted["answer"]
    assert "“The pricing is too high for us”" in quoted["answer"]
    cited = [one for one in quoted["citations"] if one["type"] == "interaction"]
    assert [one["id"] for one in cited] == ["i1", "i2"]


async def test_every_cited_statement_can_be_run_again(office: Office) -> None:
    await plant_channels(office, email=3, call=1)
    await office.plant("deals", {"deal_id": "d", "deal_amount": 5.0, "deal_stage_status": "won"})
    await office.plant("deal_qualification", {"company_id": "c", "outcome_band": "high"})
    report = await office.report(
        "interactions and sentiment by channel",
        depth="high",
        must_cover=[
            "deals by stage",
            "qualification by band",
            "deals over time",
            "best fit scores",
        ],
    )
    cited = [
        citation
        for one in report["sub_questions"]
        for citation in one["citations"]
        if citation["type"] == "sql"
    ]
    assert len(cited) >= 10
    for citation in cited:
        found = await office.parts.sql.query(
            office.api.project_id, citation["sql"], citation.get("params")
        )
        assert len(found.rows) == citation["row_count"]


async def test_word_that_nobody_said_is_a_gap_and_not_a_filter(office: Office) -> None:
    await office.plant("interactions", office.said(1, channel="call", content="Hello there"))
    report = await office.report("interactions by channel about zeppelins", depth="quick")
    assert "No interaction mentions “zeppelins”." in report["gaps"]
    assert "The only interaction has the channel call." in answers(report).values()


async def test_word_that_nobody_said_brings_what_is_near_in_meaning(office: Office) -> None:
    said = "Your price is far above the others and we cannot pay it"
    await office.plant(
        "interactions", office.said(1, content=said, company_name="Initech"), office.said(2)
    )
    async with asyncio.timeout(60):
        while not await search_interactions(office.parts, office.api.project_id, said, "semantic"):
            await asyncio.sleep(0.02)
    report = await office.report("What is expensive?", depth="standard")
    told = answers(report)["What comes near to expensive?"]
    assert told.startswith("Nobody says expensive in so many words; nearest in meaning is Initech")
    assert said in told


async def test_empty_workspace_gives_a_report_of_gaps(office: Office) -> None:
    report = await office.report(TASK)
    assert report["key_findings"] == []
    assert "The data hold no interactions in the last 90 days." in report["gaps"]
    assert report["summary"].startswith("The workspace holds no interactions and no deals yet.")


async def test_documents_of_the_knowledge_base_are_cited(office: Office, tmp_path: Any) -> None:
    await office.api.apply(
        tmp_path,
        {
            "kind": "document",
            "name": "onboarding",
            "spec": {"title": "Onboarding", "text": "Onboarding takes two weeks at most."},
        },
    )
    await office.plant("interactions", office.said(1, content="The onboarding was quick"))
    report = await office.report("What do customers say about onboarding?", depth="high")
    cited = [c for one in report["sub_questions"] for c in one["citations"]]
    assert any(c["type"] == "document" and c["title"] == "Onboarding" for c in cited)
    assert any("two weeks" in answer for answer in answers(report).values())


@pytest.mark.parametrize("depth", ["quick", "deep"])
async def test_turns_follow_the_depth(office: Office, depth: str) -> None:
    await plant_channels(office, email=2)
    status = await office.run("researcher", "How are things?", depth=depth)
    asked = len((await office.content(status["result"]))["sub_questions"])
    assert status["turns_used"] == asked + 2
    assert (asked <= 2) == (depth == "quick")


async def test_stream_tells_every_tool_with_a_label_and_the_summary_in_pieces(
    office: Office,
) -> None:
    await plant_channels(office, email=2)
    status = await office.run("researcher", TASK, depth="quick")
    answer = await office.api.get(f"/agents/{status['session_id']}/stream")
    assert answer.text.count("event: tool_start") == answer.text.count("event: tool_complete") == 3
    assert '"label":"Look at what the data hold"' in answer.text
    assert "event: message.delta" in answer.text
    assert "event: artifact.created" in answer.text


async def test_refused_statement_is_a_gap_of_its_question_alone(office: Office) -> None:
    await plant_channels(office, email=2)
    desk = office.desk("researcher", TASK, depth="quick")
    real = desk.tool

    async def breaking(key: str, *rest: Any) -> Any:
        if key == "question[0]":
            raise ToolFailed("The query was stopped after 25 s.")
        return await real(key, *rest)

    desk.tool = breaking  # type: ignore[method-assign]
    await office.at(desk)
    report = desk.contents["report"]
    assert report["gaps"] == ["This could not be looked up: The query was stopped after 25 s."]
    assert "There are 2 interactions" in report["sub_questions"][1]["answer"]


async def test_lost_deals_without_a_date_are_not_said_to_be_missing(office: Office) -> None:
    await office.plant("deals", {"deal_id": "d1", "deal_stage_status": "lost", "deal_amount": 5.0})
    await office.plant("interactions", office.said(3, channel="call", content="Hello."))
    gaps = (await office.report("Which deals were lost, over time?"))["gaps"]
    assert "The data hold no lost deals with a known closing date." in gaps
    assert "The data hold no lost deals." not in gaps


async def test_price_and_pricing_are_found_by_either_word(office: Office) -> None:
    await office.plant(
        "interactions",
        office.said(1, channel="call", content="The price is high."),
        office.said(2, channel="call", content="Pricing confuses us."),
    )
    for word in ("pricing", "prices"):
        report = await office.report(f"What do customers say about {word}?")
        assert f"2 interactions mention {word}." in str(report["key_findings"])


class UsedUp:
    """A bench on which no turn is left, of a user who wants no more."""

    @asynccontextmanager
    async def turn(self, _key: str) -> AsyncIterator[None]:
        raise FinishNow
        yield


@pytest.mark.parametrize(
    ("left", "told"), [(1, "1 planned question was"), (3, "3 planned questions were")]
)
async def test_questions_that_no_turn_was_left_for_are_a_gap(left: int, told: str) -> None:
    found: Any = SimpleNamespace(gaps=[], answered=[], is_cut=False)
    bench: Any = UsedUp()
    questions: Any = [object()] * left
    await answer_all(bench, found, questions)
    assert found.gaps == [f"{told} not asked: the turns were used up."]
