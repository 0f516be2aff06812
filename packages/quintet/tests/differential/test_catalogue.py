"""The catalogue itself: enough scenarios, and no difference that is none."""

from __future__ import annotations

from .catalogue import GROUPS, SCENARIOS
from .differences import DIFFERENCES, NOT_RUN, REASONS, expected, transports_of
from .listing import PAGE, page
from .transports import TRANSPORTS


def test_catalogue_has_at_least_300_scenarios_with_names_of_their_own() -> None:
    assert len(SCENARIOS) >= 300
    assert len(SCENARIOS) == sum(map(len, GROUPS.values()))


def test_every_group_has_scenarios_that_succeed_and_such_that_fail() -> None:
    for group in GROUPS.values():
        kinds = {type(scenario.first).__name__ for scenario in group}
        assert kinds == {"Answer", "Failure"}


def test_every_scenario_runs_on_both_engines_and_both_libraries() -> None:
    for name in SCENARIOS:
        assert {"native", "native-async", "httpx", "httpx2"} <= set(transports_of(name))


def test_listed_difference_belongs_to_a_scenario_and_is_one() -> None:
    for name, differences in DIFFERENCES.items():
        scenario = SCENARIOS[name]
        for difference in differences:
            for transport in difference.transports:
                assert transport in TRANSPORTS
                assert expected(scenario, transport) != scenario.expected, (name, transport)


def test_reason_is_given_in_one_sentence_and_used() -> None:
    used = {difference.why for found in DIFFERENCES.values() for difference in found}
    assert used | {reason for _, reason in NOT_RUN.values()} == set(REASONS)
    for reason in REASONS:
        assert reason.why.endswith(".")
        assert ". " not in reason.why.replace("RFC 9112 §", "")


def test_transport_has_one_difference_at_most_of_a_scenario() -> None:
    for name, differences in DIFFERENCES.items():
        listed = [each for difference in differences for each in difference.transports]
        assert len(listed) == len(set(listed)), name


def test_page_of_the_documentation_is_the_one_made_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m packages.quintet.tests.differential.listing --write"
    )
