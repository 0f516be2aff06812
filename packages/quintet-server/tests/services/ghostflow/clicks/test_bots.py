"""Which clicks are flagged."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from quintet_server.services.ghostflow.clicks import bots
from quintet_server.services.ghostflow.clicks.agents import Agent
from quintet_server.services.ghostflow.clicks.bots import BotRules, ClickRates
from quintet_server.services.ghostflow.settings import GhostFlowSettings

PERSON = Agent("desktop", "Windows", "Chrome", is_crawler=False)
CRAWLER = Agent("other", None, "curl", is_crawler=True)
RULES = BotRules(GhostFlowSettings(bot_networks="203.0.113.0/24"))  # type: ignore[arg-type]


def test_reason_for_a_person_is_none() -> None:
    headers = {b"sec-fetch-mode": b"navigate", b"purpose": b"other"}
    assert RULES.reason(PERSON, "UA", headers, "198.51.100.1") is None


@pytest.mark.parametrize(
    "headers",
    [
        {b"sec-purpose": b"prefetch"},
        {b"sec-purpose": b"prefetch;prerender"},
        {b"purpose": b"prefetch"},
        {b"purpose": b"Preview"},
        {b"x-moz": b"prefetch"},
    ],
)
def test_reason_for_a_page_fetched_ahead_is_prefetch(headers: dict[bytes, bytes]) -> None:
    assert RULES.reason(PERSON, "UA", headers, "198.51.100.1") == "prefetch"


def test_reason_is_the_first_that_holds() -> None:
    ahead = {b"sec-purpose": b"prefetch"}
    assert RULES.reason(CRAWLER, "", ahead, "203.0.113.1") == "ua_empty"
    assert RULES.reason(CRAWLER, " ", ahead, "203.0.113.1") == "ua_empty"
    assert RULES.reason(CRAWLER, "UA", ahead, "203.0.113.1") == "ua_crawler"
    assert RULES.reason(PERSON, "UA", ahead, "203.0.113.1") == "prefetch"
    assert RULES.reason(PERSON, "UA", {}, "203.0.113.1") == "ip_list"


def test_rate_is_too_fast_from_the_thirty_first_click_of_a_minute_on() -> None:
    rates, campaign, visitor = ClickRates(), uuid4(), uuid4()
    fast = [rates.is_too_fast(campaign, visitor, 100 + number) for number in range(33)]
    assert fast == [False] * 30 + [True] * 3
    assert not rates.is_too_fast(campaign, uuid4(), 133)
    assert not rates.is_too_fast(uuid4(), visitor, 133)


def test_rate_counts_the_minute_before_each_click() -> None:
    rates, campaign, visitor = ClickRates(), uuid4(), uuid4()
    # One every two seconds is thirty a minute, however long it goes on.
    assert not any(rates.is_too_fast(campaign, visitor, 2.0 * number) for number in range(200))
    # Twenty before the generation changes and twenty after are too many all the same.
    rates, now = ClickRates(), 1000.0
    rates.is_too_fast(campaign, uuid4(), now)
    times = [now + 55 + number * 0.4 for number in range(40)]
    assert [rates.is_too_fast(campaign, visitor, time) for time in times].index(True) == 30


def test_rate_after_a_pause_starts_anew() -> None:
    rates, campaign, visitor = ClickRates(), uuid4(), uuid4()
    for number in range(40):
        rates.is_too_fast(campaign, visitor, number / 10)
    assert rates.is_too_fast(campaign, visitor, 60)
    assert not rates.is_too_fast(campaign, visitor, 200)


def test_rates_of_a_flood_of_visitors_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "_MOST_REMEMBERED", 100)
    rates, campaign = ClickRates(), uuid4()
    for number in range(1000):
        assert not rates.is_too_fast(campaign, UUID(int=number), 5.0)
    assert len(rates._recent) + len(rates._older) <= 200
