"""Conditions of a request, in the order of RFC 9110 §13.2.2."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quintet_server.services.aerostack.storage.conditions import (
    Wanted,
    http_date,
    range_counts,
    wanted,
)

MODIFIED = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC)
SAME = "Sun, 01 Mar 2026 12:00:00 GMT"
BEFORE = "Sun, 01 Mar 2026 11:59:59 GMT"
AFTER = "Sun, 01 Mar 2026 12:00:01 GMT"
YES, HAS_IT, FAILED = Wanted.YES, Wanted.NOT_MODIFIED, Wanted.FAILED


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, YES),
        ({"if-none-match": '"e"'}, HAS_IT),
        ({"if-none-match": 'W/"e"'}, HAS_IT),
        ({"if-none-match": '"x", W/"e" ,"y"'}, HAS_IT),
        ({"if-none-match": "*"}, HAS_IT),
        ({"if-none-match": '"x"'}, YES),
        ({"if-none-match": "e"}, YES),
        ({"if-match": '"e"'}, YES),
        ({"if-match": "*"}, YES),
        ({"if-match": '"x", "e"'}, YES),
        ({"if-match": 'W/"e"'}, FAILED),
        ({"if-match": '"x"'}, FAILED),
        ({"if-modified-since": SAME}, HAS_IT),
        ({"if-modified-since": AFTER}, HAS_IT),
        ({"if-modified-since": BEFORE}, YES),
        ({"if-modified-since": "yesterday"}, YES),
        ({"if-modified-since": "Sun, 99 Mar 2026 12:00:01 GMT"}, YES),
        ({"if-modified-since": "Sunday, 01-Mar-26 12:00:01 GMT"}, HAS_IT),
        ({"if-modified-since": "Sun Mar  1 12:00:01 2026"}, HAS_IT),
        ({"if-unmodified-since": SAME}, YES),
        ({"if-unmodified-since": BEFORE}, FAILED),
        ({"if-unmodified-since": "nonsense"}, YES),
        # The tag decides, the date is for those who have none.
        ({"if-none-match": '"x"', "if-modified-since": AFTER}, YES),
        ({"if-match": '"e"', "if-unmodified-since": BEFORE}, YES),
        ({"if-match": '"x"', "if-none-match": '"e"'}, FAILED),
        ({"if-match": '"e"', "if-none-match": '"e"'}, HAS_IT),
    ],
)
def test_conditions_come_to_what_the_rfc_says(headers, expected) -> None:
    assert wanted(headers, "e", MODIFIED) is expected


@pytest.mark.parametrize(
    ("if_range", "expected"),
    [
        *((None, True), ('"e"', True), ('W/"e"', False), ('"x"', False)),
        *((SAME, True), (BEFORE, False), (AFTER, False), ("e", False), ("", False)),
    ],
)
def test_range_counts_only_for_the_object_the_client_has(if_range, expected) -> None:
    assert range_counts(if_range, "e", MODIFIED) is expected


def test_date_of_a_header_has_whole_seconds() -> None:
    assert http_date(MODIFIED) == SAME
