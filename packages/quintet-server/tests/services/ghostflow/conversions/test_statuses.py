"""Words of networks, and what may follow what."""

from __future__ import annotations

import itertools

import pytest

from quintet_server.services.ghostflow.conversions.statuses import (
    STATUSES,
    may_become,
    read_word,
)

WORDS = {
    "pending": ["lead", "hold", "pending", "new"],
    "approved": ["sale", "approved", "approve", "confirmed", "paid", "1"],
    "rejected": ["rejected", "declined", "cancel", "canceled", "trash", "fake", "0"],
    "reversed": ["chargeback", "refund", "reversed"],
}


@pytest.mark.parametrize(("status", "words"), WORDS.items())
def test_word_that_is_built_in_means_its_status(status: str, words: list[str]) -> None:
    assert {read_word(word, {}) for word in words} == {status}
    assert {read_word(f" {word.upper()} ", {}) for word in words} == {status}


def test_word_that_is_unknown_is_pending_and_none_is_approved() -> None:
    assert read_word("shipped", {}) == "pending"
    assert read_word(None, {}) == "approved"


def test_word_in_the_networks_own_map_wins() -> None:
    own = {"Sale": "pending", "OK": "approved"}
    assert read_word("sALE", own) == "pending"
    assert read_word("ok", own) == "approved"
    assert read_word("paid", own) == "approved"


def test_transitions_are_these_and_no_others() -> None:
    legal = {(old, new) for old, new in itertools.product(STATUSES, repeat=2) if old != new}
    assert {pair for pair in legal if may_become(*pair)} == {
        ("pending", "approved"),
        ("pending", "rejected"),
        ("approved", "rejected"),
        ("approved", "reversed"),
    }
    assert all(may_become(status, status) for status in STATUSES)
