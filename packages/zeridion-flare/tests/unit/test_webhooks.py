"""Webhook signatures: the published vector, rotation, windows, and hostile senders."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from zeridion_flare import (
    FlareConfigurationError,
    FlareError,
    WebhookVerificationError,
    WebhookVerifier,
    sign_webhook,
    verify_webhook,
)

SECRET = "whsec_test_secret"
T = 1_700_000_000
BODY = b'{"id":"wh_evt_01J0000000000000000000000","type":"job.succeeded"}'
DIGEST = "af6ed5a90d80461fa87c6c8390da1fadf90b13e5800445d3f783da4ee833c926"
HEADER = f"t={T},v1={DIGEST}"


def test_vector_of_the_service_is_genuine() -> None:
    assert verify_webhook(payload=BODY, header=HEADER, secret=SECRET)
    assert verify_webhook(BODY, HEADER, SECRET)
    assert verify_webhook(BODY, signature_header=HEADER, secret=SECRET)
    assert sign_webhook(BODY, SECRET, timestamp=T) == {
        "X-Zeridion-Signature": HEADER,
        "zeridion-signature": HEADER,
    }


def test_header_is_found_under_both_names_in_any_case() -> None:
    for name in ("zeridion-signature", "X-Zeridion-Signature", "x-zeridion-signature"):
        assert verify_webhook(BODY, {name: HEADER}, SECRET)
    assert not verify_webhook(BODY, {"other": HEADER}, SECRET)


def test_header_under_two_names_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        verify_webhook(BODY, HEADER, SECRET, signature_header=HEADER)


@pytest.mark.parametrize("secret", [None, "", b"", []])
def test_missing_secret_is_a_configuration_error(secret: Any) -> None:
    with pytest.raises(FlareConfigurationError):
        verify_webhook(BODY, HEADER, secret)


def test_c18_text_is_taken_as_utf8() -> None:
    text = '{"name":"Zoë"}'
    header = sign_webhook(text.encode(), SECRET, timestamp=T)["X-Zeridion-Signature"]
    assert verify_webhook(text, header, SECRET)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "v1=" + DIGEST,
        f"t={T}",
        f"t={T},v1=é" + DIGEST,
        f"t=+{T},v1={DIGEST}",
        f"t= {T},v1={DIGEST}",
        f"t={T}.0,v1={DIGEST}",
        f"t=-{T},v1={DIGEST}",
        f"t={T},t={T},v1={DIGEST}",
        f"t=١٧٠٠٠٠٠٠٠٠,v1={DIGEST}",
        f"t={T},v1=",
        f"t={T},v0={DIGEST}",
        f"t={T}," + ",".join([f"v1={'0' * 64}"] * 16) + f",v1={DIGEST}",
        f"t={T},v1={DIGEST}," + "x" * 5000,
        f"t={'9' * 400},v1={DIGEST}",
    ],
)
def test_c18_hostile_headers_are_simply_not_genuine(header: Any) -> None:
    assert verify_webhook(BODY, header, SECRET) is False


@given(st.text(), st.binary())
def test_c18_nothing_a_sender_sends_raises(header: str, payload: bytes) -> None:
    assert verify_webhook(payload, header, SECRET, tolerance_seconds=300) is False


def test_tampered_body_is_not_genuine() -> None:
    assert not verify_webhook(BODY + b" ", HEADER, SECRET)
    assert not verify_webhook(BODY, HEADER, "whsec_other")


@pytest.mark.parametrize(("off", "genuine"), [(0, True), (300, True), (301, False), (-301, False)])
def test_c18_window_is_checked_both_ways_when_asked_for(off: int, genuine: bool) -> None:
    found = verify_webhook(BODY, HEADER, SECRET, tolerance_seconds=300, now=T + off)
    assert found is genuine
    assert verify_webhook(BODY, HEADER, SECRET, now=T + off)


def test_rotation_accepts_either_secret_and_either_signature() -> None:
    both = sign_webhook(BODY, ["old", "new"], timestamp=T)["X-Zeridion-Signature"]
    assert both.count("v1=") == 2
    for secrets in ("old", "new", ["x", "new"], ("old",)):
        assert verify_webhook(BODY, both, secrets)
    assert not verify_webhook(BODY, both, "x")


def test_verifier_checks_five_minutes_and_returns_the_event() -> None:
    now = float(T)
    verifier = WebhookVerifier(SECRET, clock=lambda: now)
    assert verifier.verify(BODY, {"zeridion-signature": HEADER})["type"] == "job.succeeded"
    now += 301
    assert not verifier.is_genuine(BODY, HEADER)
    with pytest.raises(WebhookVerificationError) as caught:
        verifier.verify(BODY, HEADER)
    assert isinstance(caught.value, FlareError)
    assert SECRET not in repr(verifier)


@pytest.mark.parametrize("body", [b"", b"[1]", b"nonsense", b"\xff"])
def test_genuine_webhook_that_is_no_object_is_an_error(body: bytes) -> None:
    verifier = WebhookVerifier([SECRET], tolerance_seconds=None)
    with pytest.raises(WebhookVerificationError, match="genuine but"):
        verifier.verify(body, sign_webhook(body, SECRET, timestamp=T))


def test_verifier_refuses_to_be_made_without_a_usable_secret() -> None:
    with pytest.raises(FlareConfigurationError):
        WebhookVerifier([])


def test_signing_uses_the_present_unless_told() -> None:
    body = json.dumps({"id": "wh_evt_1"})
    assert WebhookVerifier(SECRET).verify(body, sign_webhook(body, SECRET))["id"] == "wh_evt_1"


@pytest.mark.parametrize("make", [WebhookVerifier, lambda secret: sign_webhook(b"x", secret)])
def test_secret_of_a_variable_that_is_not_set_is_named(make: Any) -> None:
    with pytest.raises(
        FlareConfigurationError, match="verified with its secret, and there is none"
    ):
        make(None)


def test_verifier_says_how_many_secrets_it_has() -> None:
    assert repr(WebhookVerifier(SECRET)) == "WebhookVerifier(<1 secret>)"
    assert repr(WebhookVerifier([SECRET, "other"])) == "WebhookVerifier(<2 secrets>)"


@pytest.mark.parametrize("payload", [{"id": 1}, None, 7])
def test_parsed_body_is_a_mistake_of_the_receiver(payload: Any) -> None:
    with pytest.raises(TypeError, match="payload must be the raw body, not"):
        verify_webhook(payload, HEADER, SECRET)
