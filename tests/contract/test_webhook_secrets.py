"""The secret of a webhook stays with whoever verifies: no view of a verifier shows it."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import amdahl.webhooks
import flowmaestro.webhooks
import ghostflow.webhooks
import zeridion_flare.webhooks
from quintet import webhooks as runtime
from quintet.secrets import WebhookSecrets
from quintet.testing import check_secret_hygiene

pytestmark = pytest.mark.contract

SECRET = "whsec_sHN8zt0kqQ41r2Uu"
NEXT = "whsec_Vv93kd81nqP0c7Xy"
VERIFIERS: list[Callable[..., Any]] = [
    flowmaestro.webhooks.WebhookVerifier,
    ghostflow.webhooks.WebhookVerifier,
    zeridion_flare.webhooks.WebhookVerifier,
]
by_package = pytest.mark.parametrize("make", VERIFIERS, ids=lambda each: each.__module__)


def _in_runtime(secret: Any, payload: Any, headers: Any = "") -> object:
    scheme = runtime.PlainHex("X-Signature")
    return runtime.verify(scheme, payload, headers, secret, tolerance=None, now=0.0)


# Each: what takes (secret, payload), and what it is handed that it must refuse.
CALLS: dict[str, Callable[[Any, Any], object]] = {
    "amdahl.verify": lambda secret, raw: amdahl.webhooks.verify(raw, {}, secret),
    "amdahl.verify_webhook_signature": lambda secret, raw: amdahl.webhooks.verify_webhook_signature(
        raw, "", secret
    ),
    "flowmaestro": lambda secret, raw: flowmaestro.webhooks.verify_webhook(raw, "", secret),
    "flowmaestro.sign": lambda secret, raw: flowmaestro.webhooks.sign_webhook(raw, secret),
    "ghostflow": lambda secret, raw: ghostflow.webhooks.verify_webhook(raw, "", secret),
    "ghostflow.sign": lambda secret, raw: ghostflow.webhooks.sign_webhook(raw, secret),
    "zeridion_flare.sign": lambda secret, raw: zeridion_flare.webhooks.sign_webhook(raw, secret),
}


@by_package
def test_verifier_is_looked_at_in_every_way_without_showing_its_secret(
    make: Callable[..., Any],
) -> None:
    for secrets in (SECRET, SECRET.encode(), [SECRET, NEXT], iter([SECRET, NEXT])):
        verifier = make(secrets)
        check_secret_hygiene(SECRET, verifier, vars(verifier), copy.copy(verifier))
        check_secret_hygiene(NEXT, verifier, vars(verifier), copy.deepcopy(verifier))
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(verifier)


@by_package
def test_traceback_with_local_names_does_not_show_the_secret_of_a_verifier(
    make: Callable[..., Any],
) -> None:
    verifier = make([SECRET, NEXT])
    shown = _shown(lambda: verifier.verify(b"{}", "v1=00"))
    assert "verifier" in shown, "local names must be part of what is looked at"
    check_secret_hygiene(SECRET, shown)
    check_secret_hygiene(NEXT, shown)


@by_package
def test_secret_beside_one_that_is_refused_is_not_shown(make: Callable[..., Any]) -> None:
    # Held as an attribute, so that this test's own frame shows nothing of it.
    held = WebhookSecrets([SECRET, ""])
    shown = _shown(lambda: make(held))
    check_secret_hygiene(SECRET, shown)


@pytest.mark.parametrize("name", CALLS)
def test_traceback_of_a_refused_body_does_not_show_the_secret(name: str) -> None:
    held = WebhookSecrets([SECRET, NEXT])
    shown = _shown(lambda: CALLS[name](held, None))
    check_secret_hygiene(SECRET, shown)
    check_secret_hygiene(NEXT, shown)


@pytest.mark.parametrize("wrong", [[SECRET, ""], [SECRET, 5], ["whsec_%%%" + SECRET]])
def test_traceback_of_the_runtime_does_not_show_a_secret(wrong: list[Any]) -> None:
    held = WebhookSecrets(wrong)
    scheme = runtime.StandardWebhooks()

    def verify() -> object:
        return runtime.verify(scheme, b"", "", held, tolerance=None, now=0.0)

    check_secret_hygiene(SECRET, _shown(verify))
    check_secret_hygiene(SECRET, _shown(lambda: _in_runtime(held, object())))


def test_genuine_deliveries_stay_genuine_with_held_secrets() -> None:
    held = WebhookSecrets([NEXT, SECRET])
    signed = ghostflow.webhooks.sign_webhook(b"{}", SECRET)
    assert ghostflow.webhooks.WebhookVerifier(held).is_genuine(b"{}", signed)
    assert amdahl.webhooks.verify(b"{}", amdahl.webhooks.sign_webhook(b"{}", SECRET), held) == {}
    assert list(copy.copy(held)) == [NEXT, SECRET]
    assert len(held) == 2


def _shown(call: Callable[[], object]) -> str:
    """Return the traceback of a failing call, with the local names of every frame."""
    with pytest.raises(Exception) as caught:
        call()
    seen = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    return "".join(seen.format())
