"""switch: take the branch whose case matches a value first."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from quintet_server.services.flowmaestro.expressions.values import to_text
from quintet_server.services.flowmaestro.nodes.comparison import matches
from quintet_server.services.flowmaestro.nodes.config import Meets, NodeConfig, Text, Value
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeResult, NodeType
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named


class Case(BaseModel):
    """A value to match: numbers as numbers, `*` and `?` as wildcards, text without case."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    value: Value
    label: Text = ""


class SwitchConfig(NodeConfig):
    """`defaultCase` names the handle when nothing matches; `default` works always."""

    expression: Value
    cases: Annotated[tuple[Case, ...], Field(min_length=1), Meets.AS_VALUE]
    default_case: Text = ""
    output_variable: str = ""


async def execute(call: NodeCall) -> NodeResult:
    """`{matchedCase, matchedValue, evaluatedExpression}`.

    Live are edges whose handle is the case's value, with or without `case-` before it.
    """
    config = resolved(call.config, call.scope)
    assert isinstance(config, SwitchConfig)
    case = next((case for case in config.cases if matches(config.expression, case.value)), None)
    handle = (config.default_case or "default") if case is None else to_text(case.value)
    handles = {handle, f"case-{handle}"}
    if case is None:
        handles.add("default")
    return named(
        config.output_variable,
        {
            "matchedCase": None if case is None else to_text(case.value),
            "matchedValue": handle,
            "evaluatedExpression": config.expression,
        },
        handles=frozenset(handles),
    )


TYPE = NodeType("switch", SwitchConfig, execute)
