"""The tables of the native_… questions: every line is compared with one that is there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks import (
    native_concurrent,
    native_construction,
    native_download,
    native_get,
    native_layer,
    native_sse,
    native_tls,
)
from benchmarks.contenders import blocking, clients, download, json_events, on_asyncio
from benchmarks.contenders.things import THINGS
from benchmarks.fetching import Contender, Measured
from benchmarks.report import Report

TLS = [
    native_tls.with_suffix(each, ", x", 1)
    for each in (*native_tls.BLOCKING, *native_tls.ASYNC, *native_tls.FRESH)
]
CONCURRENT = [native_concurrent.at(50, each) for each in native_concurrent.WHO]


@pytest.mark.parametrize(
    "lines", [native_get.WHO, native_download.WHO, native_sse.WHO, CONCURRENT, TLS]
)
def test_line_is_compared_with_one_above_it(
    lines: Sequence[Contender | native_sse.Reader],
) -> None:
    above: set[str] = set()
    for line in lines:
        assert line.versus is None or line.versus in above, line
        above.add(line.name)


@pytest.mark.parametrize("line", [*native_get.WHO, *CONCURRENT, *TLS])
def test_line_is_fetched_in_a_way_that_there_is(line: Contender) -> None:
    ways = {*blocking.WAYS, *on_asyncio.WAYS, "client", "client-async"}
    assert line.who in ways
    assert line.what is None or line.what in THINGS


def test_lines_of_other_questions_are_done_by_somebody() -> None:
    assert {each.who for each in native_download.WHO} <= {*download.BLOCKING, *download.ASYNC}
    assert {each.who for each in native_sse.WHO} == {*json_events.BLOCKING, *json_events.ASYNC}
    packages = [*native_construction.ALL, native_construction.ASYNC]
    assert {each.client for each in packages} - {None} == set(clients.CLIENTS)
    assert {each.what for each in native_layer.WHO} == set(THINGS)


def test_foreign_libraries_run_in_an_environment_of_their_own() -> None:
    foreign = {"httpx", "httpx2", "requests", "urllib3", "aiohttp", "openai"}
    for line in (*native_get.WHO, *native_download.WHO, *CONCURRENT, *TLS, *native_sse.WHO):
        if line.name.split(" ")[0].split(",")[0] in foreign:
            assert line.home == "libraries", line
        if line.name.startswith("published"):
            assert line.home == "published", line


def test_layer_of_asyncio_may_cost_more() -> None:
    bounds = {each.name: each.bound for each in native_layer.WHO}
    assert (bounds["ours"], bounds["ours async"]) == (15, 20)


@pytest.mark.parametrize(("many", "met"), [([10.0, 20.0], True), ([15.0, 30.0], False)])
def test_collapse_is_fewer_calls_per_second_with_many_tasks(many: list[float], met: bool) -> None:
    report = Report("name", "question")
    measured = Measured(wall={"ours × 50": [10.0, 20.0], "ours × 300": many})
    native_concurrent.expect_no_collapse(report, measured, "ours")
    assert report.goals[0].met is met
