"""Questions to the copilot, and its own."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Office


async def plant(office: Office) -> None:
    await office.plant(
        "interactions",
        *[office.said(n, channel="call", company_name="Acme Labs") for n in range(1, 6)],
        *[office.said(n, channel="email", company_name="Acme Foods") for n in range(1, 4)],
        office.said(2, channel="email", company_name="Initech", sentiment=0.3),
    )


def blocks(result: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [b for b in result["data"]["answer"]["content_blocks"] if b["type"] == kind]


async def test_clear_question_gets_its_answer_and_nothing_else(office: Office) -> None:
    await plant(office)
    result = await office.result("copilot", "How many interactions by company?")
    assert result["text"] == (
        "By company, Acme Labs leads with 5 of 9 interactions (56%). "
        "Then come Acme Foods (3, 33%) and Initech (1, 11%)."
    )
    assert result["artifact"] is None
    [table] = blocks(result, "table")
    assert table["rows"][0] == {"company_name": "Acme Labs", "interactions": 5}
    [chart] = blocks(result, "chart_spec")
    assert (chart["spec"]["type"], chart["spec"]["props"]["x"]) == ("BarChart", "company_name")
    [citation] = blocks(result, "citation")
    assert citation["source_type"] == "sql"
    follow_ups = result["data"]["answer"]["follow_ups"]
    assert "What about Acme Labs?" in follow_ups
    assert len(follow_ups) <= 4


async def test_figure_is_a_metric_block(office: Office) -> None:
    await plant(office)
    result = await office.result("copilot", "How many calls in the last 30 days?")
    [metric] = blocks(result, "metric")
    assert metric["value"] == 5
    assert "There are 5 interactions by call in the last 30 days" in result["text"]


@pytest.mark.parametrize(
    ("choice", "count"), [("Acme Labs", 5), ("Acme Foods", 3), ("All of them", 8)]
)
async def test_ambiguous_name_is_asked_about_and_the_choice_counts(
    office: Office, choice: str, count: int
) -> None:
    await plant(office)
    status = await office.run("copilot", "How many interactions with Acme?")
    assert status["status"] == "awaiting_input"
    pending = status["pending_input"]
    assert pending["type"] == "multiple_choice"
    assert pending["context"] == {
        "question": "Which “Acme” do you mean?",
        "options": ["Acme Labs", "Acme Foods", "All of them"],
    }
    assert pending["schema"]["properties"]["choice"]["enum"] == pending["context"]["options"]
    status = await office.answer(status, choice=choice)
    assert status["status"] == "complete"
    assert f"{count} " in status["result"]["text"]


@pytest.mark.parametrize(("how", "count"), [("auto", 5), ("none", 8)])
async def test_ambiguous_name_is_settled_without_asking_where_that_is_wanted(
    office: Office, how: str, count: int
) -> None:
    await plant(office)
    result = await office.result("copilot", "How many interactions with Acme?", on_question=how)
    assert f"{count} " in result["text"]


async def test_report_that_is_asked_for_is_left_behind(office: Office) -> None:
    await plant(office)
    result = await office.result("copilot", "Write a report on interactions by channel")
    assert result["artifact"]["artifact_type"] == "research_report"
    report = await office.content(result)
    assert report["sub_questions"][0]["answer"].startswith("By channel, call leads with 5 of 9")


async def test_question_about_nothing_in_the_data_says_so(office: Office) -> None:
    result = await office.result("copilot", "How is the sentiment by channel?")
    assert "The data hold no scored interactions with a known channel." in result["text"]
    [callout] = blocks(result, "callout")
    assert callout["tone"] == "warning"
    assert result["data"]["answer"]["follow_ups"] == []


def deal(office: Office, number: int, owner: str, status: str, worth: float) -> dict[str, Any]:
    return office.said(
        number,
        deal_id=f"d{number}",
        deal_name=f"Deal {number}",
        owner=owner,
        deal_stage_status=status,
        deal_amount=worth,
    )


async def plant_deals(office: Office) -> None:
    rows = [
        ("Amber", "won", 100),
        ("Amber", "lost", 900),
        ("Birch", "won", 300),
        ("Birch", "open", 70),
    ]
    await office.plant("interactions", *[deal(office, n, *row) for n, row in enumerate(rows, 1)])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "Which owner has the lowest win rate?",
            "By owner, Amber has the lowest win rate: 2 deals, 1 won worth 100, 1 lost "
            "worth 900, a "
            "win rate of 50%. Then comes Birch (1 deal, 1 won worth 300, a win rate of 100%).",
        ),
        (
            "What are the 2 biggest deals?",
            "The largest deal is Deal 2 (900, lost). Then come Deal 3 (300, won), Deal 1 (100, "
            "won) and Deal 4 (70, open).",
        ),
        (
            "top 2 deals",
            "The largest deal is Deal 2 (900, lost). Then comes Deal 3 (300, won).",
        ),
        (
            "How is the pipeline?",
            "1 deal is still open, worth 70. 3 deals closed: 2 won, worth 400, and 1 lost, worth "
            "900; that is a win rate of 67%. A won deal is worth 200 on average.",
        ),
        (
            "Revenue by owner",
            "By owner, Birch has the most money in won deals: 2 deals, 1 won worth 300, 1 "
            "open worth "
            "70, a win rate of 100%. Then comes Amber (2 deals, 1 won worth 100, 1 lost worth 900, "
            "a win rate of 50%).",
        ),
        (
            "Deals lost by owner",
            "By owner, Amber has the most lost deals: 1 lost, worth 900. Then comes Birch (0 lost, "
            "worth 0).",
        ),
    ],
)
async def test_question_about_deals_is_answered_with_what_it_asks_for(
    office: Office, question: str, answer: str
) -> None:
    await plant_deals(office)
    assert (await office.result("copilot", question))["text"] == answer


async def test_latest_word_on_a_deal_counts(office: Office) -> None:
    await office.plant(
        "interactions",
        office.said(1, deal_id="d", deal_stage_status="won", owner="Birch"),
        office.said(9, deal_id="d", deal_stage_status="open", deal_amount=10.0, owner="Cedar"),
        office.said(5, deal_id="d", deal_amount=7.0),
    )
    text = (await office.result("copilot", "deals by owner"))["text"]
    assert text == "Only the owner Birch has deals: 1 deal, 1 won worth 7, a win rate of 100%."


async def test_deal_of_a_company_with_two_owners_has_none(office: Office) -> None:
    await office.plant("deals", {"deal_id": "d", "company_id": "c", "deal_stage_status": "won"})
    await office.plant(
        "interactions",
        office.said(1, company_id="c", owner="Birch"),
        office.said(2, company_id="c", owner="Cedar"),
    )
    text = (await office.result("copilot", "deals by owner"))["text"]
    assert "The data hold no deals with a known owner." in text


async def test_session_whose_turns_are_used_up_finishes_with_what_it_has(
    office: Office, tmp_path: Any
) -> None:
    await plant_deals(office)
    await office.api.apply(
        tmp_path,
        {"kind": "profile", "name": "brief", "spec": {"kind": "researcher", "max_turns": 2}},
    )
    status = await office.run("brief", "How do deals stand by owner?", depth="deep")
    assert status["pending_input"]["type"] == "continue_or_finish"
    status = await office.answer(status, choice="finish")
    assert status["status"] == "complete"
    report = await office.content(status["result"])
    assert len(report["sub_questions"]) == 1
    assert report["gaps"][0].endswith("planned questions were not asked: the turns were used up.")


async def test_question_about_something_else_gets_no_overview_of_the_data(office: Office) -> None:
    await office.plant("interactions", office.said(2, channel="call", content="Hello."))
    text = (await office.result("copilot", "What is the weather in Paris?", depth="quick"))["text"]
    assert text.startswith("The workspace holds 1 interaction")
    assert "No interaction mentions “weather”." in text
    assert "Recent words" not in text


async def test_score_of_one_company_is_told_as_such(office: Office) -> None:
    await office.plant(
        "interactions", office.said(2, channel="call", company_id="c1", company_name="Initech")
    )
    await office.plant(
        "deal_qualification", {"company_id": "c1", "outcome_score": 20.0, "outcome_band": "weak"}
    )
    text = (await office.result("copilot", "What is the score of Initech?"))["text"]
    assert text.startswith("The outcome score of Initech is 20.00, weak.")
