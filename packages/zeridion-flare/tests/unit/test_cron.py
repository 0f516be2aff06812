"""Cron expressions and time zones: what is taken, what is refused and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zeridion_flare import CronError, FlareError, check_cron, check_timezone


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "0 3 * * *",
        "*/5 * * * *",
        "0,30 8-18 * * MON-FRI",
        "0 0 1 jan,JUL *",
        "0 0 * * 7",
        "0 0 * * 0",
        "5/15 * * * *",
        "1-10/2 * * * *",
        "*/10 * * * * *",
        "  0 \t 3 * * *  ",
        "? ? ? ? ?",
        "0 22-2 * * FRI-MON",
        "0 0 L * *",
        "0 0 L-3 * *",
        "0 0 LW * *",
        "0 0 L-3W * *",
        "0 0 15W * *",
        "0 0 * * 5L",
        "0 0 * * MON#2",
        "0 0 29 2 *",
    ],
)
def test_expressions_of_the_service_are_taken(expression: str) -> None:
    assert check_cron(expression) == expression


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "5 or 6 fields, not 0"),
        ("* * * *", "not 4"),
        ("* * * * * * *", "not 7"),
        ("60 * * * *", "minute: '60' is outside 0 to 59"),
        ("* 24 * * *", "hour: '24'"),
        ("* * 0 * *", "day of month: '0'"),
        ("* * 32 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("60 * * * * *", "second"),
        ("*/0 * * * *", "step"),
        ("*/60 * * * *", "step"),
        ("*-5 * * * *", "minute: '*-5'"),
        ("1,,2 * * * *", "minute: ''"),
        ("a * * * *", "no value of this field"),
        ("* * * MON *", "no value of this field"),
        ("* * L-31 * *", "day of month: 'L-31'"),
        ("* * LX * *", "day of month: 'LX'"),
        ("* * W * *", "day of month"),
        ("* * 40W * *", "day of month"),
        ("* * * * MON#6", "1st to 5th"),
        ("* * * * MON#", "1st to 5th"),
        ("* * * * 9#1", "day of week"),
        ("* * * * L", "day of week"),
        ("* * * * XL", "day of week"),
        ("0 0 31 2 *", "falls on no day"),
        ("0 0 31 4,6,9,11 *", "falls on no day"),
        ("0 0 L-29 2 *", "falls on no day"),
        ("*/100 * * * *", "step"),
        ("@daily", "not 1"),
        ("١ * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("1" * 100 + " * * * *", "no value"),
        ("*" * 600, "at most 200"),
        ("* * *\n* *", "not 4"),
    ],
)
def test_other_expressions_are_refused_with_field_and_reason(expression: str, says: str) -> None:
    with pytest.raises(CronError) as caught:
        check_cron(expression)
    assert says in str(caught.value)
    assert isinstance(caught.value, FlareError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == "invalid_cron_expression"


@pytest.mark.parametrize("expression", [None, 5, ["*"] * 5])
def test_what_is_no_string_is_refused(expression: object) -> None:
    with pytest.raises(CronError):
        check_cron(expression)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_zones_of_the_database_are_taken(name: str) -> None:
    assert check_timezone(name) == name


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe/", None, "a b"]
)
def test_other_zones_are_refused(name: object) -> None:
    with pytest.raises(CronError) as caught:
        check_timezone(name)  # type: ignore[arg-type]
    assert caught.value.code == "invalid_timezone"


def test_zone_cannot_be_checked_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    import zoneinfo

    def missing(name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", missing)
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    assert check_timezone("Europe/Berlin") == "Europe/Berlin"


VECTORS = Path(__file__).resolve().parents[4] / "tests" / "vectors" / "cron.json"


def test_what_the_service_takes_and_refuses_is_taken_and_refused_here() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    for vector in vectors["valid"]:
        assert check_cron(vector["expression"])
        assert check_timezone(vector["timezone"])
    for vector in vectors["invalid"]:
        # Whether a date ever comes takes a calendar to say: the service alone knows.
        if vector["reason"] != "never":
            with pytest.raises(CronError):
                check_cron(vector["expression"])
