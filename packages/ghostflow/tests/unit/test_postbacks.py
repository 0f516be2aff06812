"""Postbacks: what a network calls, and what a source reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ghostflow import MisuseError, PostbackError, PostbackTemplate, postback_url

KEY = "0123456789abcdefghijABCDEFGHIJ01"
NETWORK = {
    "postbackKey": KEY,
    "postbackUrl": f"https://track.example/postback/{KEY}?aff_sub={{click_id}}",
    "paramMap": {"clickId": "aff_sub", "payout": "sum"},
}


def test_url_uses_the_networks_own_names() -> None:
    url = postback_url(NETWORK, click_id="c 1", payout=Decimal("12.50"), tx_id="T&1")
    assert url == (f"https://track.example/postback/{KEY}?aff_sub=c%201&sum=12.50&tx_id=T%261")


def test_url_of_a_key_alone_needs_the_server() -> None:
    url = postback_url(
        KEY, click_id="c", status="sale", currency="USD", event="signup", origin="http://a:1/x"
    )
    assert url == f"http://a:1/postback/{KEY}?click_id=c&status=sale&currency=USD&event=signup"
    for network, origin in (
        (KEY, None),
        (KEY, "a.example"),
        (KEY, "http://[::1"),
        ({}, "http://a"),
        ("a/b", "http://a"),
        ("schlüssel", "http://a"),
    ):
        wrong: Any = network
        with pytest.raises(MisuseError):
            postback_url(wrong, click_id="c", origin=origin)


@pytest.mark.parametrize(
    ("payout", "text"),
    [(Decimal("1E+2"), "100"), (1e-05, "0.00001"), ("12.50", "12.50"), (0, "0")],
)
def test_url_has_the_payout_in_plain_digits(payout: Any, text: str) -> None:
    url = postback_url(NETWORK, click_id="c", payout=payout)
    assert url.endswith(f"&sum={text}")


@pytest.mark.parametrize(
    "values",
    [
        {"click_id": "c", "payout": float("nan")},
        {"click_id": "c", "payout": -1},
        {"click_id": "c", "payout": "twelve"},
        {"click_id": "\ud800"},
    ],
)
def test_url_of_what_cannot_be_sent_is_refused(values: Any) -> None:
    with pytest.raises(MisuseError):
        postback_url(NETWORK, **values)
    with pytest.raises(MisuseError):
        PostbackTemplate("/pb?x={click_id}").expand(click_id="\ud800")


TEMPLATE = "https://ads.example/pb/{status}/v1?id={external_id}&sum={payout}-{currency}&token=s3c"


def test_template_reads_what_it_writes() -> None:
    template = PostbackTemplate(TEMPLATE)
    assert template.macros == ("status", "external_id", "payout", "currency")
    url = template.expand(status="approved", external_id="a b/c?d", payout="12.50", currency="USD")
    received = template.read(url)
    assert received.external_id == "a b/c?d"
    assert (received.status, received.payout) == ("approved", Decimal("12.50"))
    assert received["currency"] == "USD"
    assert received.click_id == ""
    assert template.read(url.removeprefix("https://ads.example")) == received
    assert "s3c" not in repr(template)


@pytest.mark.parametrize(
    "url",
    [
        "/pb/approved/v1?id=x&sum=1-USD&token=wrong",
        "/pb/approved/v1?id=x&sum=1-USD",
        "/pb/approved/v1?id=x&sum=1-USD&token=s3c&token=s3c",
        "/pb/approved/v1?id=x&sum=1-USDC&token=s3c-",
        "/pb/approved/v1?id=x&sum=1&token=s3c",
        "/pb/approved/v2?id=x&sum=1-USD&token=s3c",
        "/pb/approved/v1/x?id=x&sum=1-USD&token=s3c",
        "/pb?id=x&sum=1-USD&token=s3c",
        "http://[::1",
        "/" + "x" * 20_000,
        7,
        "",
    ],
)
def test_what_does_not_fit_is_refused(url: Any) -> None:
    with pytest.raises(PostbackError):
        PostbackTemplate(TEMPLATE).read(url)


def test_macro_that_comes_twice_must_say_the_same() -> None:
    template = PostbackTemplate("/pb?a={click_id}&b={click_id}")
    assert template.read("/pb?a=x&b=x&c=more").click_id == "x"
    with pytest.raises(PostbackError):
        template.read("/pb?a=x&b=y")


@pytest.mark.parametrize(
    "url",
    [
        "https://ads.example/pb",
        "https://{sub1}.example/pb?x={click_id}",
        "/pb?{sub1}=1&x={click_id}",
        "/pb?x={click_id}{payout}",
        "/pb?x=1#{click_id}",
        "/pb?x={click_id}&%78=1",
        "http://[::1/{click_id}",
        7,
    ],
)
def test_template_that_cannot_be_read_back_is_refused(url: Any) -> None:
    with pytest.raises(MisuseError):
        PostbackTemplate(url)


@pytest.mark.parametrize("text", ["NaN", "-1", "twelve", "Infinity"])
def test_payout_that_is_none_is_an_error(text: str) -> None:
    received = PostbackTemplate("/pb?p={payout}").read(f"/pb?p={text}")
    with pytest.raises(PostbackError):
        _ = received.payout


@pytest.mark.parametrize("value", ["x1-2.", "a1:2.", "a1-2", "a", ""])
def test_text_around_macros_must_be_there(value: str) -> None:
    template = PostbackTemplate("/pb?v=a{click_id}-{payout}.")
    assert template.read("/pb?v=a1-2.") == {"click_id": "1", "payout": "2"}
    with pytest.raises(PostbackError):
        template.read(f"/pb?v={value}")


def test_payout_that_did_not_come_is_none() -> None:
    assert PostbackTemplate("/pb?p={payout}").read("/pb?p=").payout is None
    assert PostbackTemplate("/pb?c={click_id}").read("/pb?c=1").payout is None


VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(VALUES, VALUES)
def test_any_value_survives_the_way(first: str, second: str) -> None:
    template = PostbackTemplate("/p/{external_id}?x=a{click_id}")
    received = template.read(template.expand(external_id=first, click_id=second))
    # A "+" in a query is a space wherever forms are read, so the tracker encodes it.
    assert received == {"external_id": first, "click_id": second}


@given(st.text(max_size=60))
def test_nothing_that_arrives_raises_anything_else(url: str) -> None:
    try:
        PostbackTemplate(TEMPLATE).read(url)
    except PostbackError:
        return
    raise AssertionError("nothing random can carry the token")
