"""Workflows, and executions just asked for."""

from __future__ import annotations

from typing import Any, TypedDict

from flowmaestro.types.envelope import Meta, Pagination


class WorkflowInput(TypedDict, total=False):
    """One input that a workflow reads."""

    type: str
    label: str
    required: bool
    description: str | None
    options: list[Any]


class _WorkflowCore(TypedDict):
    id: str
    name: str


class Workflow(_WorkflowCore, total=False):
    """A workflow."""

    description: str | None
    version: int
    status: str
    created_at: str
    updated_at: str


class WorkflowDetail(Workflow):
    """A workflow with what it reads."""

    input_schema: dict[str, Any]
    """JSON Schema of the inputs."""
    inputs: dict[str, WorkflowInput] | None
    """The same as a table by name; ``None`` if the workflow reads none."""


class WorkflowResponse(TypedDict):
    """One workflow."""

    data: WorkflowDetail
    meta: Meta


class WorkflowList(TypedDict):
    """A page of workflows."""

    data: list[Workflow]
    pagination: Pagination
    meta: Meta
