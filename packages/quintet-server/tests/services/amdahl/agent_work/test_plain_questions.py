"""Questions as people put them, to data that are thin."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from quintet_server.services.amdahl.data.searching import search_interactions

from .conftest import Office, answers


async def asked(office: Office, question: str, **params: Any) -> str:
    return str((await office.result("copilot", question, **params))["text"])


async def test_interactions_without_texts_are_not_called_missing_themselves(
    office: Office,
) -> None:
    await office.plant("interactions", *[office.said(n, content="") for n in range(1, 6)])
    text = await asked(office, "What do people say?")
    assert text.startswith("The workspace holds 5 interactions")
    assert "The data hold no interactions with texts." in text
    assert "no interactions." not in text


async def test_words_searched_for_in_no_texts_are_told_as_such(office: Office) -> None:
    await office.plant("interactions", *[office.said(n) for n in range(1, 6)])
    text = await asked(office, "What do people say about pricing?")
    assert "No interaction has a text in which “pricing” could be found." in text


async def test_deals_that_are_only_named_are_neither_open_nor_worth_nothing(
    office: Office,
) -> None:
    await office.plant(
        "interactions", *[office.said(n, deal_name=f"Deal {n}") for n in range(1, 5)]
    )
    text = await asked(office, "How do deals stand?")
    assert "4 deals are named, but the data hold nothing on their state" in text
    assert "worth 0" not in text
    assert "still open" not in text


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ((None, None), "2 deals are still open, of unknown worth."),
        ((40, None), "2 deals are still open, worth 40 as far as known (1 of 2)."),
        ((40, 2), "2 deals are still open, worth 42."),
    ],
)
async def test_worth_of_deals_is_told_as_far_as_it_is_known(
    office: Office, amounts: tuple[float | None, ...], told: str
) -> None:
    rows = [
        {"deal_id": f"d{n}", "deal_stage_status": "open", "deal_amount": amount}
        for n, amount in enumerate(amounts)
    ]
    await office.plant("deals", *rows, {"deal_id": "bare", "deal_name": "Bare"})
    text = await asked(office, "How do deals stand?")
    assert told in text
    assert "Of 1 more deal the data do not say how they stand." in text


async def test_highest_amount_by_company_counts_interactions_and_deals(office: Office) -> None:
    await office.plant(
        "interactions",
        office.said(1, company_name="Acme", amount=100.0),
        office.said(2, company_name="Acme", amount=150.0),
        office.said(3, company_name="Globex", amount=200.0),
        office.said(4, company_name="Initech", deal_id="d", deal_amount=90.0),
        office.said(5, company_name="Initech", deal_id="d", deal_amount=80.0),
    )
    text = await asked(office, "Which company has the highest amount?")
    assert text == (
        "By company, Acme has the highest amount: 250 in 2 amounts (46% of 540). Then come Globex "
        "(200) and Initech (90). The highest single amount is 200, of Globex."
    )


async def test_highest_amount_of_all_is_told_where_there_are_no_deals(office: Office) -> None:
    await office.plant(
        "interactions",
        office.said(1, company_name="Acme", amount=100.0),
        office.said(2, company_name="Globex", amount=300.0),
    )
    text = await asked(office, "What is the highest amount?")
    assert text.startswith("By company, Globex has the highest amount: 300 (75% of 400).")


async def test_highest_amount_takes_the_table_of_deals_first(office: Office) -> None:
    await office.plant("deals", {"deal_id": "d", "deal_name": "D", "deal_amount": 500.0})
    await office.plant(
        "interactions",
        office.said(1, company_name="Initech", deal_id="d", deal_amount=90.0),
        office.said(2, company_name="Acme", amount=100.0),
    )
    text = await asked(office, "Which company has the lowest amount?")
    assert text.startswith("By company, Acme has the lowest amount: 100 (17% of 600).")


async def test_who_speaks_most_is_ranked_by_name(office: Office) -> None:
    speakers = ["Amber"] * 4 + ["Birch"] * 2 + ["Cedar"]
    await office.plant(
        "interactions", *[office.said(n, speaker_name=name) for n, name in enumerate(speakers, 1)]
    )
    assert await asked(office, "Who speaks most often?") == (
        "By speaker, Amber leads with 4 of 7 interactions (57%), 2 more than Birch. Then come "
        "Birch (2, 29%) and Cedar (1, 14%)."
    )


async def test_who_speaks_most_about_something_counts_only_that(office: Office) -> None:
    rows = [("Amber", "Hello."), ("Amber", "Bye."), ("Birch", "Pricing is fine.")]
    await office.plant(
        "interactions",
        *[office.said(n, speaker_name=who, content=said) for n, (who, said) in enumerate(rows, 1)],
    )
    text = await asked(office, "Who speaks most about pricing?")
    assert text.startswith("The only interaction that mentions pricing has the speaker Birch.")


async def test_complaints_without_scores_are_not_called_the_most_negative(office: Office) -> None:
    await office.plant("interactions", office.said(1, content="Pricing is a concern."))
    text = await asked(office, "What concerns about pricing do customers raise?")
    assert "Pricing is a concern" in text
    assert "most negative" not in text


async def test_unhappiness_without_scores_is_told_by_what_was_said(office: Office) -> None:
    await office.plant(
        "interactions",
        office.said(1, company_name="Acme", content="We are frustrated with the slow export."),
        office.said(2, company_name="Globex", content="The demo went fine."),
    )
    text = await asked(office, "Why are customers unhappy?")
    assert text.startswith("1 interaction has unhappy words in its text. In their words:")
    assert "We are frustrated with the slow export" in text
    assert "The demo went fine" not in text
    assert "No interaction carries a sentiment score" in text


async def test_unhappiness_in_no_plain_word_is_looked_for_by_meaning(office: Office) -> None:
    said = "Our customers are sad and grumpy about it all."
    await office.plant("interactions", office.said(1, content=said), office.said(2))
    async with asyncio.timeout(60):
        while not await search_interactions(office.parts, office.api.project_id, said, "semantic"):
            await asyncio.sleep(0.02)
    text = await asked(office, "Why are customers unhappy?")
    assert text.startswith("Nobody says that they are unhappy in so many words; nearest in meaning")
    assert "sad and grumpy" in text


async def test_activity_by_day_tells_every_day_and_asks_for_no_vary(office: Office) -> None:
    await office.plant(
        "interactions",
        *[office.said(1, channel="call", company_name="Acme", content="Hi.") for _ in range(9)],
        *[office.said(0, channel="email", company_name="Acme", content="Hi.") for _ in range(51)],
    )
    task = "How much activity was there by day, and how does it vary by channel and company?"
    result = await office.result("researcher", task, depth="deep")
    report = await office.content(result)
    told = answers(report)["How does the number of interactions develop by day?"]
    assert "was 9 on " in told
    assert " and stands at 51 so far on " in told
    assert told.split(".")[0] in result["text"]
    assert "vary" not in result["text"].replace(task, "")
    assert report["gaps"] == []


@pytest.mark.parametrize(
    "question",
    ["Wie viele Anrufe gab es letzte Woche?", "今週の通話は何件ですか", "qwer asdf zxcv", "???"],
)
async def test_question_that_is_not_understood_gets_one_sentence_and_what_is_held(
    office: Office, question: str
) -> None:
    await office.plant("interactions", office.said(2, channel="call", content="Hello."))
    text = await asked(office, question)
    assert text.startswith("The workspace holds 1 interaction")
    assert "questions are answered that are put in English, about the data of the workspace" in text
    assert "No interaction mentions" not in text
    assert text.count(". ") == 1


async def test_question_of_which_one_word_is_heard_gets_one_sentence_for_the_others(
    office: Office,
) -> None:
    await office.plant("interactions", office.said(2, content="Ten commits."))
    text = await asked(office, "Wie viele Commits gab es gestern?")
    assert "1 interaction mentions commits." in text
    assert "Most of this was not understood" in text
    assert "No interaction mentions" not in text
