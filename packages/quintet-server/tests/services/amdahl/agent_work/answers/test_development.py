"""Developments in sentences."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quintet_server.services.amdahl.agent_work.answers.development import developed

NOW = datetime(2026, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("grain", "days", "told"),
    [
        (
            "day",
            ("2026-11-25", "2026-11-26"),
            "rose from 2 on 25 November 2026 to 3 on 26 November 2026.",
        ),
        (
            "week",
            ("2026-11-16", "2026-11-23"),
            "rose from 2 in the week of 16 November 2026 to 3 in the week of 23 November 2026.",
        ),
        (
            "month",
            ("2026-10-01", "2026-11-01"),
            "rose from 2 in October 2026 to 3 in November 2026.",
        ),
        ("day", ("2026-11-25",), "was 2 on 25 November 2026."),
    ],
)
def test_days_are_told_with_on_and_longer_periods_with_in(
    grain: str, days: tuple[str, ...], told: str
) -> None:
    rows = [{"period": f"{day}T00:00:00+00:00", "n": number} for number, day in enumerate(days, 2)][
        ::-1
    ]
    headline, _ = developed(rows, "n", grain, NOW, noun="number", shown=str)
    assert headline == f"The number {told}"


def test_few_periods_are_told_one_by_one() -> None:
    days = [(23, 4), (24, 9), (25, 2)]
    rows = [{"period": f"2026-11-{day}T00:00:00+00:00", "n": n} for day, n in days][::-1]
    _, more = developed(rows, "n", "day", NOW, noun="number", shown=str)
    assert more.endswith(
        " One by one: 4 on 23 November 2026, 9 on 24 November 2026 and 2 on 25 November 2026."
    )


def test_period_under_way_is_told_together_with_the_only_whole_one() -> None:
    rows = [{"period": f"2026-11-{day}T00:00:00+00:00", "n": n} for day, n in ((26, 51), (25, 9))]
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert developed(rows, "n", "day", now, noun="number", shown=str) == (
        "The number was 9 on 25 November 2026 and stands at 51 so far on 26 November 2026.",
        "",
    )
