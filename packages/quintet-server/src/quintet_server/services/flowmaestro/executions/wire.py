"""An execution as the API shows it."""

from __future__ import annotations

from typing import Any

from quintet_server.engines.runs.model import RunRecord, RunState
from quintet_server.services.flowmaestro.executions.events import duration_ms
from quintet_server.services.flowmaestro.wire import instant


def execution_object(record: RunRecord) -> dict[str, Any]:
    """The fields all sources name; `error` is text, `error_details` the same as an object."""
    shown: dict[str, Any] = {
        "id": record.id,
        "workflow_id": record.subject,
        "workflow_name": record.attributes["workflow_name"],
        "workflow_version": record.attributes["version"],
        "status": str(record.state),
        "inputs": record.input,
        "outputs": record.output,
        "error": None,
        "error_details": None,
        "started_at": instant(record.started_at),
        "completed_at": instant(record.completed_at),
        "created_at": instant(record.created_at),
        "duration_ms": duration_ms(record),
    }
    if record.state is RunState.FAILED:
        error = record.error or {}
        message = error.get("message") or "The execution failed"
        details = error.get("details") or {}
        shown["error"] = message
        shown["error_details"] = {
            "code": error.get("code") or "node_failed",
            "message": message,
            "node_id": details.get("node_id"),
        }
    if record.state is RunState.PAUSED:
        shown["pause_context"] = record.pause
    if "trigger_id" in record.attributes:
        shown["trigger_id"] = record.attributes["trigger_id"]
    return shown


def cancelled_object(record: RunRecord) -> dict[str, Any]:
    """What the answer to a cancellation says."""
    return {
        "id": record.id,
        "workflow_id": record.subject,
        "status": str(record.state),
        "cancelled_at": instant(record.completed_at),
        "message": "Execution cancelled",
    }
