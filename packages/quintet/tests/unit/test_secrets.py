"""A secret is revealed on demand only."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from quintet.errors import ConfigurationError
from quintet.secrets import Secret, WebhookSecrets
from quintet.testing import check_secret_hygiene

VALUE = "sk-live-0123456789"


def test_secret_is_revealed_without_surrounding_space() -> None:
    assert Secret(f" {VALUE}\n").reveal() == VALUE


def test_secret_shows_in_no_view() -> None:
    secret = Secret(VALUE)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{[secret]} {secret!r}"]
    assert set(shown[:4]) == {"Secret('**********')"}
    check_secret_hygiene(VALUE, secret, *shown, [secret], {"key": secret})


def test_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(Secret(VALUE))


def test_secret_can_be_copied_within_the_process() -> None:
    secret = Secret(VALUE)
    assert copy.deepcopy(secret) is secret


def test_secrets_compare_by_value() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE
    assert len({Secret(VALUE), Secret(VALUE)}) == 1


@pytest.mark.parametrize(
    "wrong", ["", "  \n", "a\nb", "ключ-0123", "a\x00b", "tab\tinside", None, 5, b"b"]
)
def test_value_that_no_header_can_carry_is_refused_without_being_shown(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="token") as caught:
        Secret(wrong, name="token")
    if isinstance(wrong, str) and wrong.strip():
        assert wrong not in str(caught.value)


def test_webhook_secrets_are_handed_out_and_shown_in_no_view() -> None:
    held = WebhookSecrets(iter([VALUE, b"bytes too"]))
    assert list(WebhookSecrets(held)) == list(held) == [VALUE, b"bytes too"]
    assert (len(held), len(WebhookSecrets(VALUE)), bool(WebhookSecrets(()))) == (2, 1, False)
    assert repr(held) == "WebhookSecrets(<2 secrets>)"
    assert repr(WebhookSecrets(VALUE)) == "WebhookSecrets(<1 secret>)"
    assert repr(WebhookSecrets(None)) == "WebhookSecrets(<0 secrets>)"
    check_secret_hygiene(VALUE, held, f"{held}", {"secrets": held})
    assert copy.copy(held) is copy.deepcopy(held) is held
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(held)
