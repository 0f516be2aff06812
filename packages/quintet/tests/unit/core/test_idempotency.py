"""Idempotency keys."""

from __future__ import annotations

from typing import Any

import pytest

from quintet.core.idempotency import check_key, choose_key
from quintet.core.retry import RetryClass
from quintet.errors import MisuseError

SAFE, IDEMPOTENT, KEYED, NEVER = RetryClass


@pytest.mark.parametrize("key", ["a", "order-42", "~" * 255, "!"])
def test_key_of_visible_ascii_is_kept(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("key", ["", "a b", "a\n", "ü", "x" * 256, 5, None, "\x7f"])
def test_key_that_cannot_be_sent_is_misuse(key: Any) -> None:
    with pytest.raises(MisuseError, match="idempotency_key"):
        check_key(key)


@pytest.mark.parametrize(
    ("given_key", "retry_class", "enabled", "chosen"),
    [
        (None, KEYED, True, "new"),
        (None, KEYED, False, None),
        (None, SAFE, True, None),
        (None, IDEMPOTENT, True, None),
        (None, NEVER, True, None),
        ("mine", KEYED, True, "mine"),
        ("mine", KEYED, False, "mine"),
        ("mine", NEVER, True, "mine"),
    ],
)
def test_key_is_the_callers_or_new_where_the_service_honours_it(
    given_key: str | None, retry_class: RetryClass, enabled: bool, chosen: str | None
) -> None:
    assert choose_key(given_key, retry_class, enabled, lambda: "new") == chosen


def test_key_given_in_a_wrong_form_is_misuse_and_not_replaced() -> None:
    with pytest.raises(MisuseError):
        choose_key("", KEYED, True, lambda: "new")
