"""Any configuration is judged, and any that passes runs to a result or a node error."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.services.flowmaestro.nodes import human_review, loop, wait
from quintet_server.services.flowmaestro.nodes.config import spellings
from quintet_server.services.flowmaestro.nodes.model import NodeError
from quintet_server.services.flowmaestro.nodes.registry import REGISTRY

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TEXTS = st.sampled_from(
    [
        "",
        " ",
        "{{a}}",
        "{{ a > }}",
        "x {{b.c[0]}} y",
        "{{missing}}",
        "${a}",
        "a.b",
        "items",
        "item",
        "x => x",
        "{{{{",
        "}}",
        "*",
        "true",
        "12",
        "-1",
        "1e400",
        "NaN",
        "[1, 2]",
        '{"a": "{{a}}"}',
        "map",
        "filter",
        "sort",
        "merge",
        "parseXML",
        "while",
        "count",
        "until",
        "expression",
        "contains",
        "<a>1</a>",
        "2030-01-01",
        "\x00",
        "\ud800",
        "ü" * 50,
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=True) | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "key", "value", "{{a}}"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PURE = ["input", "output", "templateOutput", "conditional", "switch", "transform"]
PLANNED = {"loop": loop.plan, "humanReview": human_review.plan}
PLANNED["wait"] = lambda call: wait.plan(call, NOW)


def configs(type: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = REGISTRY.get(type).config.model_fields
    names = [name for key, info in fields.items() for name in spellings(key, info)]
    return st.dictionaries(st.sampled_from(names), VALUES, max_size=6)


DATA = st.fixed_dictionaries({"a": VALUES, "b": VALUES})


@pytest.mark.parametrize("type", sorted({REGISTRY.get(name).name for name in REGISTRY.names()}))
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_configuration_is_judged(type, data):
    for problem in REGISTRY.problems("n", type, data.draw(configs(type))):
        assert problem.message


@pytest.mark.parametrize("type", [*PURE, *PLANNED])
@given(data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
)
async def test_any_accepted_configuration_runs_or_says_why_not(type, data, call_of):
    config = data.draw(configs(type))
    if any(one.severity == "error" for one in REGISTRY.problems("n", type, config)):
        return
    # Only node errors are caught: whatever else is raised fails the test.
    with contextlib.suppress(NodeError):
        call = call_of(type, config, data.draw(DATA))
        if type in PLANNED:
            PLANNED[type](call)
        else:
            await REGISTRY.execute(call)
