"""conditional (`condition`, `if`): take the `true` or the `false` branch."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, Field, model_validator

from quintet_server.services.flowmaestro.nodes.comparison import ALIASES, OPERATORS
from quintet_server.services.flowmaestro.nodes.conditions import holds, syntax_problem
from quintet_server.services.flowmaestro.nodes.config import (
    Choice,
    Expression,
    NodeConfig,
    Value,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeResult, NodeType
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named


class ConditionalConfig(NodeConfig):
    """Mode simple compares two sides; mode expression evaluates one text."""

    condition_type: Annotated[str, Choice(("simple", "expression"))] = Field(
        default="simple", validation_alias=AliasChoices("conditionType", "mode")
    )
    left_value: Value = None
    operator: Annotated[str, Choice(tuple(OPERATORS), ALIASES)] = "=="
    right_value: Value = None
    expression: Expression = Field(
        default="", validation_alias=AliasChoices("expression", "condition")
    )
    output_variable: str = ""

    @model_validator(mode="before")
    @classmethod
    def _mode_by_what_is_there(cls, given: Any) -> Any:
        """Older definitions give a `condition` only: then it is the expression."""
        if not isinstance(given, dict) or given.get("conditionType") or given.get("mode"):
            return given
        has_text = bool(given.get("expression") or given.get("condition"))
        sides = ("leftValue", "operator", "rightValue")
        if has_text and not any(side in given for side in sides):
            return {**given, "conditionType": "expression"}
        return given

    @model_validator(mode="after")
    def _is_complete(self) -> ConditionalConfig:
        if self.condition_type == "expression":
            problem = syntax_problem(self.expression) if self.expression else "is required"
            if problem:
                raise refusal(problem, "expression")
        elif "left_value" not in self.model_fields_set:
            raise refusal("is required", "leftValue")
        return self


async def execute(call: NodeCall) -> NodeResult:
    """`{conditionMet, branch, leftValue, rightValue, operator}`; the branch is the handle."""
    config = resolved(call.config, call.scope)
    assert isinstance(config, ConditionalConfig)
    result: dict[str, Any]
    if config.condition_type == "expression":
        is_met = holds(config.expression, call.scope, "expression")
        result = {"expression": config.expression}
    else:
        is_met = OPERATORS[config.operator](config.left_value, config.right_value)
        result = {
            "leftValue": config.left_value,
            "rightValue": config.right_value,
            "operator": config.operator,
        }
    branch = "true" if is_met else "false"
    return named(
        config.output_variable,
        {"conditionMet": is_met, "branch": branch, **result},
        handles=frozenset({branch}),
    )


TYPE = NodeType("conditional", ConditionalConfig, execute, aliases=("condition", "if"))
