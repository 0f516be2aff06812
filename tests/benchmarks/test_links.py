"""Links under load: who follows them, what must be stored of it, and the nginx beside them."""

from __future__ import annotations

import re

import pytest

from benchmarks import bare_nginx
from benchmarks.contenders.clicks import AGENTS, request_of
from benchmarks.process import Process
from benchmarks.redirects import Seen, expect_all


def test_visitor_keeps_agent_and_address_and_shares_them_with_nobody() -> None:
    def who(visitor: int) -> tuple[str, ...]:
        text = request_of("/c/slug", visitor, "1").decode()
        return tuple(re.findall(r"(?:User-Agent|X-Forwarded-For): (.+)\r\n", text))

    assert who(70_001) == who(70_001)
    assert len({who(visitor) for visitor in range(0, 150_000, 7)}) == len(range(0, 150_000, 7))
    assert len(AGENTS) == len(set(AGENTS)) == 300


def test_round_gives_rate_and_times_in_milliseconds() -> None:
    seen = Seen()
    seconds = [0.002] * 98 + [0.5, 0.5]
    assert seen.add({"seconds": seconds, "wall": 0.5}, cpu=0.01) == 200
    assert (seen.p50, seen.p99, seen.cpu) == ([2.0], [500.0], [100.0])


def test_ledger_of_as_many_clicks_as_answers_says_so() -> None:
    assert expect_all(1234, 1234, 1234).startswith("1,234 redirects")


@pytest.mark.parametrize(("rows", "different"), [(999, 999), (1001, 1001), (1001, 1000)])
def test_ledger_with_a_click_missing_or_twice_is_refused(rows: int, different: int) -> None:
    with pytest.raises(RuntimeError, match="1000 were answered"):
        expect_all(1000, rows, different)


@pytest.mark.skipif(not bare_nginx.is_installed(), reason="there is no nginx")
def test_nginx_sends_everybody_on() -> None:
    with (
        bare_nginx.running_nginx() as port,
        Process("benchmarks.contenders.clicks", str(port), "4") as crowd,
    ):
        assert len(crowd.work_on("/c/slug 50")["seconds"]) == 50
        assert len(crowd.work_on("/c/slug 10 1000")["seconds"]) == 10
