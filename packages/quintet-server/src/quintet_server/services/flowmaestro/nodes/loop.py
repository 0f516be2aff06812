"""loop (`forEach`, `while`, `repeat`): run the body once per item, per count, or while it holds.

Pure functions for whoever runs the body: `plan` once, then before each round `goes_on` with the
scope of that round (:func:`frame` in front of the loop's own), and `output` in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, model_validator

from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.nodes.conditions import holds, syntax_problem
from quintet_server.services.flowmaestro.nodes.config import (
    Between,
    Choice,
    Expression,
    Flag,
    NodeConfig,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeError, NodeType
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import check_size
from quintet_server.services.flowmaestro.nodes.values import data_at, from_json

ROUNDS_MAX = 10_000
BODY_HANDLES = frozenset({"body", "output-body", "loop-body"})
EXIT_HANDLES = frozenset({"done", "exit", "output-done", "loop-exit"})

Kind = Literal["forEach", "while", "count"]
_KIND_ALIASES = {"for-each": "forEach", "for_each": "forEach", "repeat": "count", "times": "count"}


class LoopConfig(NodeConfig):
    """`parallel` runs rounds of forEach and count at the same time, `maxConcurrency` at most."""

    loop_type: Annotated[str, Choice(("forEach", "while", "count"), _KIND_ALIASES)] = "forEach"
    array_path: Any = Field(
        default=None, validation_alias=AliasChoices("arrayPath", "collection", "items")
    )
    item_variable: str = "item"
    index_variable: str = "index"
    condition: Expression = ""
    max_iterations: Annotated[int, Between(1, ROUNDS_MAX, whole=True)] = 1000
    count: Annotated[int | None, Between(0, float("inf"), whole=True)] = None
    start_index: Annotated[int, Between(-(2**53), 2**53, whole=True)] = 0
    parallel: Annotated[bool, Flag()] = False
    max_concurrency: Annotated[int, Between(1, 100, whole=True)] = 5

    @model_validator(mode="before")
    @classmethod
    def _kind_by_what_is_there(cls, given: Any) -> Any:
        """A node of type `while` or `repeat` need not say so again."""
        if not isinstance(given, dict) or given.get("loopType"):
            return given
        if not any(given.get(key) for key in ("arrayPath", "collection", "items")):
            if given.get("condition"):
                return {**given, "loopType": "while"}
            if given.get("count") is not None:
                return {**given, "loopType": "count"}
        return given

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> LoopConfig:
        match self.loop_type:
            case "forEach" if self.array_path in (None, ""):
                raise refusal("is required", "arrayPath")
            case "count" if self.count is None:
                raise refusal("is required", "count")
            case "while":
                self._check_condition()
        return self

    def _check_condition(self) -> None:
        if not self.condition.strip():
            raise refusal("is required", "condition")
        if self.parallel is True:
            raise refusal(
                "is not possible in a while loop: a round decides on the next", "parallel"
            )
        problem = syntax_problem(self.condition)
        if problem:
            raise refusal(problem, "condition")


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """What a loop is going to do. `total` is None where only the condition knows."""

    kind: Kind
    items: tuple[Any, ...]
    total: int | None
    condition: str
    max_iterations: int
    item_variable: str
    index_variable: str
    start_index: int
    max_concurrency: int
    """Rounds that may be under way at once; 1 unless the loop is parallel."""


def plan(call: NodeCall) -> LoopPlan:
    """Read the loop's array or count.

    Raises:
        NodeError: the array is none, the count is no whole number, and the like.
    """
    config = resolved(call.config, call.scope)
    assert isinstance(config, LoopConfig)
    items = _items(config, call.scope) if config.loop_type == "forEach" else ()
    total = {"forEach": len(items), "count": config.count}.get(config.loop_type)
    if config.loop_type == "count" and total is None:
        raise NodeError("count has no value", "invalid_config")
    return LoopPlan(
        kind=config.loop_type,  # type: ignore[arg-type]  # its rule lets these words pass only
        items=items,
        total=total,
        condition=config.condition,
        max_iterations=config.max_iterations,
        item_variable=config.item_variable,
        index_variable=config.index_variable,
        start_index=config.start_index if config.loop_type == "count" else 0,
        max_concurrency=config.max_concurrency if config.parallel else 1,
    )


def _kind(value: object) -> str:
    """What JSON calls it."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, bool):
        return "a boolean"
    return "a text" if isinstance(value, str) else "a number"


def _items(config: LoopConfig, scope: Scope) -> tuple[Any, ...]:
    found = data_at(config.array_path, scope)
    if isinstance(found, str):
        found = from_json(found, otherwise=found)
    if not isinstance(found, list | tuple):
        kind = "nothing" if found is None or found == config.array_path else _kind(found)
        raise NodeError(f"arrayPath {config.array_path!r} leads to {kind}, not to an array", "type")
    return tuple(found)


def rounds(plan: LoopPlan) -> int:
    """The most rounds there will be."""
    most = plan.max_iterations
    return most if plan.total is None else min(plan.total, most)


def frame(plan: LoopPlan, index: int, results: Sequence[Any]) -> dict[str, Any]:
    """The names a round sees: `loop`, the item and index variables, in parallel `parallel`.

    `index` counts rounds from 0; a count loop shows it moved by its start index. `results` are
    those of the rounds before.
    """
    shown = plan.start_index + index
    item = plan.items[index] if plan.kind == "forEach" and index < len(plan.items) else shown
    total = plan.total
    names: dict[str, Any] = {
        "loop": {
            "index": shown,
            "iteration": index + 1,
            "item": item,
            "total": total,
            "length": total,
            "count": total,
            "results": list(results),
            "isFirst": index == 0,
            "isLast": total is not None and index == rounds(plan) - 1,
        },
        plan.index_variable: shown,
    }
    if plan.kind == "forEach":
        names[plan.item_variable] = item
    if plan.max_concurrency > 1:
        names["parallel"] = {"index": index, "branchId": f"branch-{index}", "currentItem": item}
    return names


def goes_on(plan: LoopPlan, index: int, scope: Scope) -> bool:
    """Whether round `index` takes place; `scope` is that round's, with its frame in it.

    Raises:
        NodeError: the condition cannot be evaluated.
    """
    if index >= rounds(plan):
        return False
    return plan.kind != "while" or holds(plan.condition, scope, "condition")


def is_complete(plan: LoopPlan, iterations: int, scope: Scope) -> bool:
    """Whether the loop has ended of itself, and not at `maxIterations`."""
    if plan.total is not None:
        return iterations >= plan.total
    return iterations < plan.max_iterations or not holds(plan.condition, scope, "condition")


def output(
    plan: LoopPlan,
    iterations: int,
    results: Sequence[Any],
    completed: bool,
    *,
    max_bytes: int | None = None,
) -> dict[str, Any]:
    """`{iterations, completed, results, outputs}`, and `items` of a forEach.

    Raises:
        NodeError: larger than `max_bytes`.
    """
    shown: dict[str, Any] = {
        "iterations": iterations,
        "completed": completed,
        "results": list(results),
        "outputs": list(results),
    }
    if plan.kind == "forEach":
        shown["items"] = list(plan.items)
    if max_bytes is not None:
        check_size(shown, max_bytes)
    return shown


TYPE = NodeType("loop", LoopConfig, aliases=("forEach", "while", "repeat"))
