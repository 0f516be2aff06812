"""``--where``: fields, values, exclusion, names instead of ids."""

from __future__ import annotations

import argparse

import pytest

from ghostflow.cli.filters import Where, field_name, filters_of, in_words, read_where


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("country=US,DE", "country", ("US", "DE")),
        ("os=!iOS", "os", ("!iOS",)),
        ("os!=iOS,Android", "os", ("!iOS", "!Android")),
        ("os!=!iOS", "os", ("!iOS",)),
        ("campaign=Summer Promo", "campaignId", ("Summer Promo",)),
        ("referrer-host=a=b", "referrerHost", ("a=b",)),
        ("external_id=x", "externalId", ("x",)),
        ("SUB10= a , b ,", "sub10", ("a", "b")),
        ("event=unknown", "event", ("unknown",)),
    ],
)
def test_where_is_read(text: str, field: str, values: tuple[str, ...]) -> None:
    assert read_where(text) == Where(field, values)


@pytest.mark.parametrize("text", ["country", "=US", "country=", "country=,", "sub11=x", "zzz=1"])
def test_where_that_says_nothing_known_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        read_where(text)


def test_misspelt_field_names_the_one_that_was_meant() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="did you mean country"):
        field_name("contry")


def test_several_wheres_of_one_field_are_one_filter_and_names_become_ids() -> None:
    wheres = [
        read_where("campaign=A,!B"),
        read_where("campaign!=unknown"),
        read_where("country=US"),
    ]
    found = filters_of(wheres, lambda noun, word: f"{noun}:{word}")
    assert found == {"campaignId": ["campaign:A", "!campaign:B", "!unknown"], "country": ["US"]}


def test_filters_are_told_in_words() -> None:
    wheres = [read_where("country=US,DE"), read_where("os!=iOS,!Android"), read_where("offer=X")]
    assert in_words(wheres) == "country US or DE, os not iOS or Android, offer X"
    assert in_words([]) == ""
