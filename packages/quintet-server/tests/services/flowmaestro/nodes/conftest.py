"""Nodes run by themselves: a call with a scope, and parts that a test fills as far as it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeError, NodeResult
from quintet_server.services.flowmaestro.nodes.registry import REGISTRY
from quintet_server.services.flowmaestro.nodes.shared_memory import SharedMemory
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings
from quintet_server.services.flowmaestro.workflow.definition import Node

MakeCall = Callable[..., NodeCall]
RunNode = Callable[..., Awaitable[NodeResult]]


def make_call(
    type: str,
    config: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    **parts: Any,
) -> NodeCall:
    """A call of a node `n`; `data` are the run's inputs."""
    settings = parts.pop("settings", None) or FlowMaestroSettings()
    shared = parts.pop("shared", None)
    shared = SharedMemory() if shared is None else shared
    given = {"settings": settings, "allow_private_targets": True, **parts}
    canonical = REGISTRY.canonical(type)
    assert canonical is not None
    inputs = data or {}
    return NodeCall(
        parts=SimpleNamespace(**given),  # type: ignore[arg-type]
        project_id="prj_1",
        execution_id="exec_1",
        step_key="n",
        node=Node("n", canonical, "Node", config),
        config=REGISTRY.config_of(type, config),
        scope=Scope.of(inputs=inputs, shared=shared),
        inputs=inputs,
        shared=shared,
    )


async def run_node(type: str, config: Mapping[str, Any], *data: Any, **parts: Any) -> NodeResult:
    return await REGISTRY.execute(make_call(type, config, *data, **parts))


async def failure_of(type: str, config: Mapping[str, Any], *data: Any, **parts: Any) -> NodeError:
    with pytest.raises(NodeError) as caught:
        await run_node(type, config, *data, **parts)
    return caught.value


@pytest.fixture
def call_of() -> MakeCall:
    return make_call


@pytest.fixture
def run() -> RunNode:
    return run_node


@pytest.fixture
def failure() -> Callable[..., Awaitable[NodeError]]:
    return failure_of


@pytest.fixture
def complaints() -> Callable[..., list[str]]:
    """The errors about a configuration, as they are told."""

    def find(type: str, config: Any, severity: str = "error") -> list[str]:
        found = REGISTRY.problems("n", type, config)
        return [str(problem) for problem in found if problem.severity == severity]

    return find
