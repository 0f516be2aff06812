"""The SDK's check of a schedule and the server's parser are one grammar, written twice."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings, strategies as st

from quintet_server.engines.work.cron import CronError as ServerRefusal, parse
from quintet_server.engines.work.cron_zones import TimezoneError, zone
from zeridion_flare import CronError, check_cron, check_timezone

WORDS = """
* ? */5 */0 ?/2 *-3 0 7 8 12 23 24 31 32 59 60 61 007 5-10 10-5 1-30/7 22-2 5/15 1,2,3 1,,2
JAN dec MON-FRI FRI-MON Sun L LW L-3 L-30 L-31 L-3W 15W 32W W 5L MON#2 MON#6 9#1 L-W #2 - / ,
٣ x é
"""
PIECES = st.sampled_from(WORDS.split())
EXPRESSIONS = st.lists(PIECES, min_size=4, max_size=7).map(" ".join)


@settings(max_examples=20 * settings().max_examples, deadline=None)
@example("0 0 31 2 *")
@example("0 0 L-29 2 *")
@example("0 0 29 2 *")
@example("  * *\t* * *  ")
@example("")
@example("*" * 300)
@given(EXPRESSIONS)
def test_expressions_are_taken_and_refused_alike(expression: str) -> None:
    try:
        parse(expression)
    except ServerRefusal as refusal:
        if "never occurs" in str(refusal):
            return  # what falls on no date in a rarer way only the server knows
        with pytest.raises(CronError):
            check_cron(expression)
    else:
        check_cron(expression)


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "Etc/GMT+5", "Mars/Olympus", "", "../x", "/x", "Europe"]
)
def test_time_zones_are_taken_and_refused_alike(name: str) -> None:
    try:
        zone(name)
    except TimezoneError:
        with pytest.raises(CronError):
            check_timezone(name)
    else:
        check_timezone(name)
