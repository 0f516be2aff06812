"""Reading rows: what is taken, what is refused and how, what follows from what is given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.amdahl.data.rows import CONTENT_MAX_CHARS, BadRow, RowReader
from quintet_server.services.amdahl.data.tables import TABLES

WHEN = "2026-04-14T18:22:11Z"


def read(
    values: dict[str, Any], table: str = "interactions", *, text: bool = False
) -> dict[str, Any]:
    row = RowReader(TABLES[table], from_text=text).read(values)
    return {column.name: value for column, value in zip(TABLES[table].columns, row, strict=True)}


def problems(
    values: dict[str, Any], table: str = "interactions", *, text: bool = False
) -> dict[str, str]:
    with pytest.raises(BadRow) as caught:
        read(values, table, text=text)
    return dict(caught.value.problems)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("timestamp", "yesterday", "must be an instant"),
        ("timestamp", 5, "must be an instant"),
        ("timestamp", "0001-01-01T00:00:00+14:00", "within the years"),
        ("channel", "fax", "must be one of email, call"),
        ("speaker_type", 1, "must be a string"),
        ("sentiment", 1.5, "must be from -1 to 1"),
        ("sentiment", "0.5", "must be a number"),
        ("sentiment", True, "must be a number"),
        ("amount", 10**400, "range of a double"),
        ("amount", float("inf"), "finite"),
        ("content", "x" * (CONTENT_MAX_CHARS + 1), "at most 100000 characters"),
        ("content", "a\x00b", "NUL"),
        ("company_name", 3, "must be a string"),
        ("metadata", [1], "must be an object"),
        ("metadata", {"a": "\x00"}, "NUL"),
        ("metadata", {"a": 2**70}, "cannot be kept as JSON"),
        ("metadata", {"a": "x" * 70_000}, "bytes"),
        ("company", "Acme", "did you mean company_"),
        ("business_id", "other", "is no column of interactions"),
    ],
)
def test_row_with_a_mistake_is_refused_by_field(field: str, value: Any, says: str) -> None:
    assert says in problems({"timestamp": WHEN, field: value})[field]


def test_row_with_several_mistakes_names_all_of_them() -> None:
    assert problems({"sentiment": 2, "channel": "fax"}).keys() == {
        *("sentiment", "channel", "timestamp")
    }
    assert problems({}, "deals") == {"deal_id": "is required"}
    assert problems({"outcome_score": 1}, "deal_qualification") == {"company_id": "is required"}


@pytest.mark.parametrize(
    "text",
    ["2026-04-14", "2026-04-14T00:00", "2026-04-14 02:00:00+02:00", "20260414T000000Z"],
)
def test_iso_forms_of_an_instant_are_utc(text: str) -> None:
    assert read({"timestamp": text})["timestamp"] == datetime(2026, 4, 14, tzinfo=UTC)


def test_texts_of_a_file_are_read_as_their_types() -> None:
    row = read(
        {
            "timestamp": WHEN,
            "amount": " 1,234,567.5 ",
            "sentiment": "",
            "channel": "Email",
            "metadata": '{"b": 1, "a": 2}',
            "company_name": "",
            "owner": 7,
        },
        text=True,
    )
    assert row["amount"] == 1_234_567.5
    assert row["sentiment"] is row["company_name"] is None
    assert row["channel"] == "email"
    assert row["owner"] == "7"
    assert row["metadata"] == '{"a":2,"b":1}'
    won = read({"deal_id": "d", "deal_stage_is_won": "Yes"}, "deals", text=True)
    assert won["deal_stage_is_won"] is True
    assert (
        "true or false"
        in problems({"deal_id": "d", "deal_stage_is_won": "maybe"}, "deals", text=True)[
            "deal_stage_is_won"
        ]
    )
    assert "not '1.2.3'" in problems({"timestamp": WHEN, "amount": "1.2.3"}, text=True)["amount"]
    assert "JSON object" in problems({"timestamp": WHEN, "metadata": "{"}, text=True)["metadata"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"channel": "email"}, "email"),
        ({"channel": "crm", "deal_id": "d"}, "deal"),
        ({"channel": "crm", "content": "called"}, "note"),
        ({"channel": "call", "content": "hello"}, "utterance"),
        ({"channel": "meeting"}, "meeting"),
        ({"channel": "web"}, None),
        ({"channel": "email", "interaction_type": "note"}, "note"),
    ],
)
def test_interaction_type_follows_from_the_rest(given: dict[str, Any], kind: str | None) -> None:
    assert read({"timestamp": WHEN, **given})["interaction_type"] == kind


def test_deal_stage_tells_its_status() -> None:
    stages = ("closed_won", "Closed Lost", "negotiation")
    found = [read({"timestamp": WHEN, "deal_stage": s})["deal_stage_status"] for s in stages]
    assert found == ["won", "lost", "open"]
    assert read({"timestamp": WHEN})["deal_stage_status"] is None


def test_amount_and_deal_amount_of_a_deal_are_one() -> None:
    deal = {"timestamp": WHEN, "channel": "crm", "deal_id": "d"}
    assert read({**deal, "amount": 5})["deal_amount"] == 5
    assert read({**deal, "deal_amount": 6})["amount"] == 6
    assert read({"timestamp": WHEN, "channel": "call", "amount": 5})["deal_amount"] is None


@pytest.mark.parametrize(
    ("given", "status", "is_won"),
    [
        ({"deal_stage_is_won": True}, "won", True),
        ({"deal_stage_is_won": False}, None, False),
        ({"deal_stage_status": "won"}, "won", True),
        ({"deal_stage_status": "open"}, "open", False),
        ({"deal_stage_label": "Closed Won"}, "won", True),
        ({}, None, None),
    ],
)
def test_deal_is_won_or_not(given: dict[str, Any], status: str | None, is_won: bool | None) -> None:
    row = read({"deal_id": "d", **given}, "deals")
    assert (row["deal_stage_status"], row["deal_stage_is_won"]) == (status, is_won)


def test_deal_that_contradicts_itself_is_refused() -> None:
    given = {"deal_id": "d", "deal_stage_status": "lost", "deal_stage_is_won": True}
    assert "contradicts" in problems(given, "deals")["deal_stage_is_won"]


@given(
    st.dictionaries(
        st.sampled_from(["content", "company_name", "owner", "deal_id"]),
        st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8),
    )
)
def test_made_key_is_of_the_values_alone(values: dict[str, str]) -> None:
    row = {"timestamp": WHEN, **values}
    key = read(row)["id"]
    assert key == read(dict(reversed(row.items())), text=True)["id"]
    assert key != read({**row, "stage": "demo"})["id"]
    assert key.startswith("int_")
