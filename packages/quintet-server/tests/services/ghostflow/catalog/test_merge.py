"""Any sequence of changes leaves what the same sequence leaves of a dictionary."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.services.ghostflow.catalog.networks import NETWORKS as NETWORK_RESOURCE
from quintet_server.services.ghostflow.catalog.resource import given_values
from quintet_server.services.ghostflow.endpoints import read_model

from .resources import CAMPAIGNS, make

NAMES = st.text("abc äß漢", min_size=1, max_size=8).map(str.strip).filter(bool)
MICROS = st.integers(0, 10**15)


def _amount(micros: int) -> float:
    return micros / 10**6


COSTS = st.one_of(
    st.just({"model": "none"}),
    st.builds(
        lambda model, micros, currency: {
            "model": model,
            "amount": _amount(micros),
            "currency": currency,
        },
        st.sampled_from(["cpc", "cpa"]),
        st.integers(0, 10**9),
        st.sampled_from(["USD", "EUR"]),
    ),
    st.builds(
        lambda micros: {"model": "revshare", "amount": _amount(micros)}, st.integers(0, 10**8)
    ),
)
FIELDS = {
    "name": NAMES,
    "url": st.sampled_from(["https://a.example/{sub1}", "http://b.example/?x={click_id}#f"]),
    "status": st.sampled_from(["active", "paused"]),
    "sticky": st.booleans(),
    "passThrough": st.booleans(),
    # Not the team's: naming that one makes a difference which does not show.
    "currency": st.sampled_from(["EUR", "JPY"]),
    "appendClickId": st.none() | st.sampled_from(["clickid", "cid"]),
    "uniqueWindowHours": st.integers(1, 720),
    "tags": st.lists(NAMES, max_size=3, unique=True),
    "notes": st.text("xyz \n", max_size=10),
    "cost": COSTS,
}
CHANGES = st.fixed_dictionaries({}, optional=FIELDS)


@pytest.mark.engines
@given(changes=st.lists(CHANGES, min_size=1, max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=[*HealthCheck])
async def test_changes_one_after_another_add_up(api: Any, changes: list[dict[str, Any]]) -> None:
    expected = await make(api, CAMPAIGNS)
    item = f"/campaigns/{expected['id']}"
    for change in changes:
        before = expected
        answer = await api.ask("PATCH", item, change)
        expected = {**before, **change}
        is_same = expected == before
        expected["version"] += not is_same
        expected["updatedAt"] = answer["updatedAt"]
        assert answer == expected
        assert (answer["updatedAt"] == before["updatedAt"]) or not is_same
    assert await api.ask("GET", item) == expected


WORDS = st.text("abcXYZ_", min_size=1, max_size=6)
PARAM_MAPS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("clickId", "payout", "txId", "event"), WORDS)
).filter(lambda given: len(set(given.values())) == len(given))
NETWORK_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "currency": st.sampled_from(["USD", "EUR"]),
        "paramMap": PARAM_MAPS,
        "requireIp": st.lists(st.sampled_from(["10.0.0.0/8", "192.0.2.7/32"]), unique=True),
    },
)
COLUMNS = {
    "name": "name",
    "currency": "currency",
    "paramMap": "param_map",
    "requireIp": "require_ip",
}


@given(NETWORK_CHANGES)
def test_columns_that_change_are_those_that_are_named(change: dict[str, Any]) -> None:
    body = read_model(NETWORK_RESOURCE.body, orjson.dumps(change))
    values = given_values(NETWORK_RESOURCE, body, defaults=False)
    assert values == {COLUMNS[name]: value for name, value in change.items()}
    everything = given_values(NETWORK_RESOURCE, body, defaults=True)
    assert set(everything) == set(NETWORK_RESOURCE.fields)
    assert {name: everything[name] for name in values} == values
