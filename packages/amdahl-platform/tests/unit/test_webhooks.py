"""Deliveries: what is genuine, whichever headers it comes with, and what never raises."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from amdahl import AmdahlError, ConfigurationError, MisuseError, SignatureError, WebhookEvent
from amdahl.webhooks import sign_webhook, verify, verify_webhook_signature

SECRET = "whsec_0123456789abcdef"
NOW = 1_700_000_000.0
FIELDS = {
    "id": "evt_1",
    "event": "artifact.status_changed",
    "business_id": "b1",
    "timestamp": "2023-11-14T22:13:20.000Z",
}
BODY = json.dumps(FIELDS).encode()


def digest(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def timed(at: float = NOW, body: bytes = BODY, secret: str = SECRET) -> str:
    stamp = str(int(at))
    return f"t={stamp},v1={digest(stamp.encode() + b'.' + body, secret)}"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Webhook-Signature": digest()},
        {"x-webhook-signature": "sha256=" + digest()},
        {"X-Amdahl-Signature": "sha256=" + digest()},
        {"x-amdahl-signature": digest()},
        {"X-Webhook-Signature": "junk", "X-Amdahl-Signature": "sha256=" + digest()},
        {"X-Webhook-Signature-V2": timed()},
        {"X-Webhook-Signature-V2": timed(), "X-Webhook-Signature": "junk"},
        {"HTTP_X_WEBHOOK_SIGNATURE": digest(), "wsgi.input": object(), "SERVER_PORT": 80},
        [("X-Webhook-Signature", digest())],
        [(b"x-webhook-signature", digest().encode())],
        digest(),
        "sha256=" + digest(),
        {"X-Webhook-Signature": f"{digest(secret='another')}, {digest()}"},
    ],
)
def test_signature_is_found_wherever_it_stands(headers: Any) -> None:
    event = verify(BODY, headers, SECRET, now=NOW)
    assert event == FIELDS
    assert (event.event, event.id, event.business_id) == (FIELDS["event"], "evt_1", "b1")
    assert event.timestamp == FIELDS["timestamp"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        None,
        7,
        "",
        "ä" * 64,
        [("x",)],
        [7],
        {"X-Webhook-Signature": digest(secret="wrong")},
        {"X-Webhook-Signature": digest(b"{}")},
        {"X-Webhook-Signature": digest()[:-2]},
        {"X-Webhook-Signature": None},
        {"X-Webhook-Signature": b"\xff" * 64},
        {"X-Webhook-Signature": "a," * 5000},
        # A V2 that is wrong is not made good by what anyone may have recorded.
        {"X-Webhook-Signature-V2": timed(secret="wrong"), "X-Webhook-Signature": digest()},
        {"X-Webhook-Signature-V2": "", "X-Webhook-Signature": digest()},
        {"X-Webhook-Signature-V2": "t=x,v1=y", "X-Webhook-Signature": digest()},
    ],
)
def test_whatever_else_comes_is_a_signature_error(headers: Any) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(BODY, headers, SECRET, now=NOW)
    assert isinstance(caught.value, AmdahlError)
    assert SECRET not in str(caught.value)


@given(
    st.one_of(
        st.none(),
        st.text(),
        st.binary(),
        st.dictionaries(
            st.sampled_from(
                ["x-webhook-signature", "X-Amdahl-Signature", "X-Webhook-Signature-V2"]
            ),
            st.one_of(st.text(), st.none(), st.binary()),
        ),
        st.lists(st.tuples(st.text(), st.text())),
    ),
    st.binary(),
)
def test_no_input_raises_anything_else(headers: Any, body: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(body, headers, SECRET, tolerance=300, now=NOW)
    header = headers if isinstance(headers, str) else None
    assert verify_webhook_signature(body, header, SECRET) is False


def test_several_secrets_are_tried() -> None:
    for secrets in (["old", SECRET], (SECRET, "new"), {SECRET}, [b"x", SECRET.encode()]):
        assert verify(BODY, sign_webhook(BODY, SECRET), secrets).id == "evt_1"
    both = sign_webhook(BODY, ["new", "old"])
    assert verify(BODY, both, "old").id == verify(BODY, both, "new").id
    with pytest.raises(SignatureError):
        verify(BODY, both, "other")


@pytest.mark.parametrize("secret", ["", b"", [], [""], ["a", ""]])
def test_missing_secret_is_a_mistake_of_ones_own(secret: Any) -> None:
    with pytest.raises(ConfigurationError):
        verify(BODY, digest(), secret)
    with pytest.raises(ConfigurationError):
        sign_webhook(BODY, secret)


@pytest.mark.parametrize("body", ["text", {"event": "x"}, None])
def test_body_that_is_not_raw_is_a_mistake_of_ones_own(body: Any) -> None:
    with pytest.raises(TypeError, match="raw bytes"):
        verify(body, digest(), SECRET)
    with pytest.raises(TypeError):
        verify_webhook_signature(body, digest(), SECRET)


@pytest.mark.parametrize(
    ("off", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_tolerance_holds_either_way(off: int, good: bool) -> None:
    for headers in ({"X-Webhook-Signature-V2": timed(NOW)}, {"X-Webhook-Signature": digest()}):
        if good:
            assert verify(BODY, headers, SECRET, tolerance=300, now=NOW + off).id == "evt_1"
        else:
            with pytest.raises(SignatureError, match="too old"):
                verify(BODY, headers, SECRET, tolerance=300, now=NOW + off)
        assert verify(BODY, headers, SECRET, now=NOW + off).id == "evt_1"


@pytest.mark.parametrize("stamp", [None, 7, "yesterday", "2023-11-14"])
def test_time_that_is_not_said_is_not_recent(stamp: Any) -> None:
    body = json.dumps({**FIELDS, "timestamp": stamp}).encode()
    with pytest.raises(SignatureError):
        verify(body, digest(body), SECRET, tolerance=300, now=NOW)
    assert verify(body, digest(body), SECRET).id == "evt_1"


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"\xff", b"[" * 100_000])
def test_genuine_nonsense_is_a_signature_error(body: bytes) -> None:
    with pytest.raises(SignatureError, match="genuine but no JSON"):
        verify(body, digest(body), SECRET)


def test_key_to_tell_repeats_by_cannot_be_changed_by_whoever_repeats() -> None:
    headers = {"X-Webhook-Signature": digest(), "X-Webhook-Id": "evt_forged"}
    assert verify(BODY, headers, SECRET).dedupe_key == "evt_1"
    without = json.dumps({"event": "x", "id": "artifact-7"}).encode()
    signed = {"X-Webhook-Signature": digest(without)}
    assert verify(without, signed, SECRET).dedupe_key == hashlib.sha256(without).hexdigest()
    assert verify(without, {**signed, "X-Webhook-Id": "w1"}, SECRET).dedupe_key == "w1"


def test_event_has_its_delivery_and_survives_a_pickle() -> None:
    headers = {**sign_webhook(BODY, SECRET), "X-Webhook-Delivery": "d1", "X-Webhook-Attempt": "2"}
    event = verify(BODY, headers, SECRET)
    assert (event.delivery_id, event.attempt) == ("d1", 2)
    again = pickle.loads(pickle.dumps(event))
    assert (again, again.dedupe_key, again.attempt) == (event, "evt_1", 2)
    odd = {**headers, "X-Webhook-Attempt": "²"}
    assert verify(BODY, odd, SECRET).attempt == 0
    assert (WebhookEvent({}, "k").event, WebhookEvent({"id": 7}, "k").id) == ("", "")


def test_signer_writes_what_the_service_sends() -> None:
    assert sign_webhook(BODY, SECRET, timestamp=NOW) == {
        "X-Webhook-Signature": digest(),
        "X-Amdahl-Signature": "sha256=" + digest(),
        "X-Webhook-Signature-V2": timed(),
    }
    assert verify(BODY, sign_webhook(BODY, SECRET), SECRET, tolerance=300).id == "evt_1"


@pytest.mark.parametrize("tolerance", [float("nan"), float("inf"), -1, "300", True])
def test_tolerance_that_is_no_time_is_refused(tolerance: Any) -> None:
    headers = sign_webhook(b"{}", "whsec_secret", timestamp=0.0)
    with pytest.raises(MisuseError, match="tolerance"):
        verify(b"{}", headers, "whsec_secret", tolerance=tolerance)
