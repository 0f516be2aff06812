"""Webhook signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from flowmaestro import (
    ConfigurationError,
    FlowMaestroError,
    WebhookVerificationError,
    WebhookVerifier,
    sign_webhook,
    verify_webhook,
)

SECRET = "whsec_" + "0123456789abcdef" * 4
BODY = json.dumps(
    {"id": "evt_1", "event": "execution.completed", "created_at": "x", "data": {"a": "\u2028é"}}
).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_signature_is_made_over_the_raw_body_with_the_whole_secret() -> None:
    assert verify_webhook(BODY, signature(BODY), SECRET)
    assert verify_webhook(BODY.decode(), signature(BODY), SECRET)
    assert sign_webhook(BODY, SECRET) == {"X-FlowMaestro-Signature": signature(BODY)}
    assert not verify_webhook(BODY, signature(BODY, SECRET.removeprefix("whsec_")), SECRET)
    assert not verify_webhook(BODY + b" ", signature(BODY), SECRET)


@pytest.mark.parametrize("name", ["X-FlowMaestro-Signature", "x-flowmaestro-signature"])
def test_header_is_found_among_all_headers(name: str) -> None:
    headers = {"Content-Type": "application/json", name: signature(BODY)}
    assert verify_webhook(BODY, headers, SECRET)
    assert not verify_webhook(BODY, {"Other": signature(BODY)}, SECRET)


def test_several_secrets_are_tried() -> None:
    assert verify_webhook(BODY, signature(BODY), ["newer", SECRET])
    assert not verify_webhook(BODY, signature(BODY), ["newer", "older"])


@given(st.text() | st.none() | st.dictionaries(st.text(), st.text()), st.binary())
def test_nothing_that_is_sent_raises(header: Any, body: bytes) -> None:
    assert verify_webhook(body, header, SECRET) in (True, False)


@given(st.binary(), st.text(min_size=1).filter(lambda text: text.isascii()))
def test_what_is_signed_is_genuine_and_nothing_else(body: bytes, secret: str) -> None:
    headers = sign_webhook(body, secret)
    assert verify_webhook(body, headers, secret)
    assert not verify_webhook(body + b"x", headers, secret)
    assert not verify_webhook(body, headers, secret + "x")


@pytest.mark.parametrize("secret", ["", [], [""], None])
def test_missing_secret_is_a_mistake_of_the_receiver(secret: Any) -> None:
    with pytest.raises(ConfigurationError):
        verify_webhook(BODY, signature(BODY), secret)


@pytest.mark.parametrize("payload", [{"id": 1}, None, 7])
def test_parsed_body_is_a_mistake_of_the_receiver(payload: Any) -> None:
    with pytest.raises(TypeError, match="raw body"):
        verify_webhook(payload, signature(BODY), SECRET)


def test_verifier_returns_the_event() -> None:
    verifier = WebhookVerifier([SECRET])
    event = verifier.verify(BODY, {"X-FlowMaestro-Signature": signature(BODY)})
    assert (event["id"], event["event"]) == ("evt_1", "execution.completed")
    assert verifier.verify(memoryview(BODY), signature(BODY)) == event  # type: ignore[arg-type]
    assert SECRET not in repr(verifier)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000])
def test_genuine_webhook_that_cannot_be_read_is_an_error(body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        WebhookVerifier(SECRET).verify(body, signature(body))


def test_webhook_that_is_not_genuine_is_an_error() -> None:
    with pytest.raises(WebhookVerificationError) as caught:
        WebhookVerifier(SECRET).verify(BODY, None)
    assert isinstance(caught.value, FlowMaestroError)
    with pytest.raises(ConfigurationError):
        WebhookVerifier([])
    with pytest.raises(ConfigurationError):
        sign_webhook(b"", [])


@pytest.mark.parametrize("make", [WebhookVerifier, lambda secret: sign_webhook(b"x", secret)])
def test_secret_of_a_variable_that_is_not_set_is_named(make: Any) -> None:
    with pytest.raises(ConfigurationError, match="verified with its secret, and there is none"):
        make(None)


def test_verifier_says_how_many_secrets_it_has() -> None:
    assert repr(WebhookVerifier(SECRET)) == "WebhookVerifier(<1 secret>)"
    assert repr(WebhookVerifier([SECRET, "other"])) == "WebhookVerifier(<2 secrets>)"
