"""Executions and their events."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from flowmaestro.types.envelope import Meta, Pagination

ExecutionStatus = Literal["pending", "running", "paused", "completed", "failed", "cancelled"]
"""The states known today; a plain ``str`` on the wire."""

TERMINAL_STATUSES = frozenset({"completed", "failed", "cancelled"})
"""States that no passing of time changes."""


class _StartedExecutionCore(TypedDict):
    execution_id: str
    workflow_id: str
    status: str
    inputs: dict[str, Any]


class StartedExecution(_StartedExecutionCore, total=False):
    """An execution that was just asked for; it has not begun yet."""

    trigger_id: str
    """From a trigger only."""


class StartedExecutionResponse(TypedDict):
    """The answer to starting an execution."""

    data: StartedExecution
    meta: Meta


class ExecutionErrorDetails(TypedDict, total=False):
    """Which node failed, and how."""

    code: str
    message: str
    node_id: str | None


class _ExecutionCore(TypedDict):
    id: str
    status: str
    outputs: dict[str, Any] | None
    error: str | None


class Execution(_ExecutionCore, total=False):
    """An execution. Times are ISO 8601 in UTC, ``None`` where there is none yet."""

    workflow_id: str
    workflow_name: str
    inputs: dict[str, Any] | None
    error_details: ExecutionErrorDetails | None
    pause_context: dict[str, Any] | None
    """What it waits for, while paused."""
    created_at: str
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None


class ExecutionResponse(TypedDict):
    """One execution."""

    data: Execution
    meta: Meta


class ExecutionList(TypedDict):
    """A page of executions."""

    data: list[Execution]
    pagination: Pagination
    meta: Meta


class _CancellationCore(TypedDict):
    id: str
    status: str


class Cancellation(_CancellationCore, total=False):
    """An execution that was cancelled."""

    message: str
    workflow_id: str
    cancelled_at: str


class CancellationResponse(TypedDict):
    """The answer to cancelling an execution."""

    data: Cancellation
    meta: Meta


class ExecutionEvent(TypedDict):
    """An event of an execution.

    Which fields there are depends on ``type``, which is always there. All are declared as if they
    were, so that ``event["node_id"]`` type-checks once the type was looked at.
    """

    type: str
    timestamp: int
    """Epoch milliseconds."""
    execution_id: str
    workflow_id: str
    workflow_name: str
    trigger_id: str
    status: str
    total_nodes: int
    completed: int
    total: int
    percentage: float
    progress: float
    """The same as ``percentage``."""
    current_node: str | None
    node_id: str
    node_name: str
    node_type: str
    output: Any
    outputs: Any
    error: str | None
    code: str
    handled: bool
    """Whether the workflow goes on in spite of a failed node."""
    failed_node_id: str | None
    duration: float
    """Milliseconds, like ``duration_ms``."""
    duration_ms: float
    attempt: int
    recovered: bool
    """Whether a node begins anew after its process died."""
    next_retry_in: float
    reason: str
    pause_context: dict[str, Any] | None
    started_at: str | None
    completed_at: str | None
