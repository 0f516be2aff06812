"""What the texts of a postback mean."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from quintet_server.http.errors import ApiError
from quintet_server.services.ghostflow.conversions.recording import Report
from quintet_server.services.ghostflow.postbacks.networks import Network
from quintet_server.services.ghostflow.postbacks.reading import said
from quintet_server.services.ghostflow.teams import Team

NEVER = datetime(2026, 1, 1, tzinfo=UTC)
CLICK = "01890a5d-ac96-774b-bcce-b302099a8057"


def network(**fields: Any) -> Network:
    team = Team(UUID(int=1), "p", "Team", "UTC", "USD", b"", 1, NEVER, NEVER)
    values = {"param_map": {}, "status_map": {}, "require_ip": [], "key": "k", **fields}
    return Network(id=UUID(int=2), team=team, **values)


def report(own: Network | None = None, **params: str) -> Report:
    own = own or network()
    found = said(own, {"click_id": CLICK, **params}).report(own)
    assert found is not None
    return found


def test_parameters_are_read_under_the_networks_own_names() -> None:
    own = network(param_map={"clickId": "s1", "txId": "order"}, status_map={"OK": "pending"})
    params = {"s1": CLICK, "order": "7", "tx_id": "no", "status": "ok", "payout": "1.5"}
    found = said(own, params).report(own)
    assert found == Report(
        click_id=UUID(CLICK),
        status="pending",
        original_status="ok",
        tx_id="7",
        payout=1_500_000,
    )


def test_empty_values_say_nothing() -> None:
    assert report(payout="", status=" ", tx_id="", currency="", event="") == report()
    assert report() == Report(click_id=UUID(CLICK), status="approved")


def test_currency_in_small_letters_is_the_same() -> None:
    assert report(payout="1", currency="eur").currency == "EUR"


@pytest.mark.parametrize("macro", ["{x}", "{{ x.y }}", "${X}", "[x]", "%X%", "#x#"])
@pytest.mark.parametrize("name", ["click_id", "payout", "currency"])
def test_macro_that_was_not_replaced_is_told_as_one(name: str, macro: str) -> None:
    with pytest.raises(ApiError) as caught:
        report(**{name: macro})
    assert (caught.value.status, caught.value.code) == (400, "VALIDATION_ERROR")
    message = f"{name}: is {macro!r}, a macro that the network has not replaced"
    assert caught.value.message == message


@pytest.mark.parametrize("text", ["0", "12.50", "+3", ".5", "7.", "1e2", "1E-9", "1000000000"])
def test_payout_that_is_an_amount_is_taken(text: str) -> None:
    wanted = (Decimal(text) * 1_000_000).to_integral_value(ROUND_HALF_EVEN)
    assert report(payout=text).payout == int(wanted)


@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "nan", "Infinity", "-1", "-0.01", "1000000000.000001", "1e999", "1,5", "1_0"),
        *("{payout}", "$5", "0x10", "٣", "1e1234"),
    ],
)
def test_payout_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        report(payout=text)
    assert refused.value.status == 400
    assert refused.value.details[0]["field"] == "payout"


@pytest.mark.parametrize(
    ("name", "value"),
    [("currency", "{cur}"), ("currency", "EURO"), ("tx_id", "x" * 256), ("event", "a\x07b")],
)
def test_text_that_cannot_be_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ApiError) as refused:
        report(**{name: value})
    assert refused.value.details[0]["field"] == name


@pytest.mark.parametrize("id", ["x", CLICK.replace("-", ""), f"{{{CLICK}}}", "1"])
def test_click_id_that_is_none_of_ours_reports_nothing(id: str) -> None:
    own = network()
    assert said(own, {"click_id": id}).report(own) is None


@given(st.text(max_size=40))
def test_any_payout_is_an_amount_or_refused(text: str) -> None:
    try:
        payout = report(payout=text).payout
    except ApiError as refused:
        assert refused.status == 400  # noqa: PT017 - either is right
    else:
        assert payout is None or 0 <= payout <= 10**15
