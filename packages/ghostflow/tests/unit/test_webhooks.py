"""Deliveries: genuine or not, and what they say."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ghostflow import (
    ConfigurationError,
    MisuseError,
    WebhookVerificationError,
    WebhookVerifier,
    sign_webhook,
    verify_webhook,
)

SECRET = "whsec_0123456789abcdef"
NOW = 1_700_000_000.0
BODY = json.dumps(
    {
        "id": "evt_1",
        "type": "conversion.created",
        "teamId": "t1",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "data": {"id": "c1", "payout": 12.5, "status": "approved"},
    }
).encode()


def by_hand(body: bytes = BODY, secret: str = SECRET, at: int = int(NOW)) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-GhostFlow-Signature": f"t={at},v1={digest}"}


def test_signature_is_the_documented_one() -> None:
    assert sign_webhook(BODY, SECRET, timestamp=NOW) == by_hand()
    assert verify_webhook(BODY, by_hand(), SECRET, now=NOW)
    assert verify_webhook(BODY.decode(), by_hand(), SECRET, now=NOW)


@pytest.mark.parametrize("skew", [-300, -1, 0, 299, 300])
def test_time_within_the_window_is_accepted_either_way(skew: int) -> None:
    assert verify_webhook(BODY, by_hand(), SECRET, now=NOW + skew)


@pytest.mark.parametrize("skew", [-301, 301, 86_400, -86_400])
def test_time_outside_of_it_is_refused_either_way(skew: int) -> None:
    assert not verify_webhook(BODY, by_hand(), SECRET, now=NOW + skew)
    assert verify_webhook(BODY, by_hand(), SECRET, now=NOW + skew, tolerance=None)


def test_any_of_several_secrets_will_do_while_one_is_replaced() -> None:
    assert verify_webhook(BODY, by_hand(), ["new", SECRET], now=NOW)
    both = sign_webhook(BODY, ["new", SECRET], timestamp=NOW)
    assert both["X-GhostFlow-Signature"].count("v1=") == 2
    assert verify_webhook(BODY, both, SECRET, now=NOW)
    assert not verify_webhook(BODY, both, "other", now=NOW)


VALUE = by_hand()["X-GhostFlow-Signature"]


@pytest.mark.parametrize(
    "headers",
    [
        VALUE,
        VALUE.encode(),
        {"x-ghostflow-signature": VALUE},
        {"HTTP_X_GHOSTFLOW_SIGNATURE": VALUE},
        [(b"x-ghostflow-signature", VALUE.encode())],
        [("X-GhostFlow-Signature", VALUE)],
    ],
)
def test_headers_of_every_framework_are_read(headers: Any) -> None:
    assert verify_webhook(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        [],
        7,
        [1, 2],
        "",
        "t=1",
        "v1=00",
        VALUE.replace("t=1", "t=2"),
        VALUE + ",t=1",
        VALUE[:-1],
        "t=x,v1=00",
        "t=" + "9" * 5000,
    ],
)
def test_what_is_no_signature_is_refused_quietly(headers: Any) -> None:
    assert not verify_webhook(BODY, headers, SECRET, now=NOW)


@given(st.binary(max_size=40), st.text(max_size=40))
def test_nothing_that_a_sender_sends_raises(body: bytes, value: str) -> None:
    assert not verify_webhook(body, value, SECRET, now=NOW)


@pytest.mark.parametrize("secret", [None, "", [], [""], b""])
def test_missing_secret_is_refused(secret: Any) -> None:
    with pytest.raises(ConfigurationError):
        verify_webhook(BODY, by_hand(), secret, now=NOW)
    with pytest.raises(ConfigurationError):
        WebhookVerifier(secret)
    if secret is not None:
        with pytest.raises(ConfigurationError):
            sign_webhook(BODY, secret)


def test_parsed_body_and_odd_tolerance_are_refused() -> None:
    parsed: Any = json.loads(BODY)
    with pytest.raises(TypeError):
        verify_webhook(parsed, by_hand(), SECRET)
    for tolerance in (-1, float("nan"), float("inf"), True, "300"):
        wrong: Any = tolerance
        with pytest.raises(MisuseError):
            verify_webhook(BODY, by_hand(), SECRET, tolerance=wrong)


def test_verifier_gives_a_typed_event() -> None:
    verifier = WebhookVerifier([SECRET])
    assert SECRET not in repr(verifier)
    event = verifier.verify(memoryview(BODY), by_hand(), now=NOW)  # type: ignore[arg-type]
    assert (event.id, event.type, event.team_id) == ("evt_1", "conversion.created", "t1")
    assert event.object["payout"] == Decimal("12.5")
    assert type(event.object["payout"]) is Decimal
    assert event["createdAt"] == "2026-01-01T00:00:00.000Z"
    assert verifier.is_genuine(BODY, by_hand(), now=NOW)


def test_verifier_refuses_what_is_not_genuine_or_no_object() -> None:
    verifier = WebhookVerifier(SECRET, tolerance=10)
    with pytest.raises(WebhookVerificationError, match="too old"):
        verifier.verify(BODY, by_hand(), now=NOW + 11)
    for body in (b"no json", b"[1]", b'"x"', b"\xff"):
        with pytest.raises(WebhookVerificationError, match="genuine but"):
            verifier.verify(body, by_hand(body), now=NOW)


def test_number_that_no_decimal_holds_is_infinity_and_not_an_error() -> None:
    body = b'{"data": {"payout": 1e99999999999999999999, "roi": 1.5}}'
    event = WebhookVerifier(SECRET).verify(body, by_hand(body), now=NOW)
    assert event.object == {"payout": Decimal("Infinity"), "roi": 1.5}
    assert type(event.object["payout"]) is Decimal


def test_secret_that_is_no_text_is_refused() -> None:
    for use in (WebhookVerifier, lambda secret: sign_webhook(BODY, secret)):
        with pytest.raises(ConfigurationError):
            use("whsec_\udcff")


def test_event_without_its_fields_is_empty_and_not_an_error() -> None:
    event = WebhookVerifier(SECRET).verify(b"{}", by_hand(b"{}"), now=NOW)
    assert (event.id, event.type, event.object) == ("", "", {})
