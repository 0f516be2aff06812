"""What is told of a session that ended, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quintet_server.engines.runs.model import RunRecord, RunState
from quintet_server.services.amdahl.agents import events

AT = datetime(2026, 4, 14, tzinfo=UTC)


def failed(code: str, message: str) -> RunRecord:
    error = {"code": code, "message": message, "details": {"type": "X"}}
    return RunRecord(
        id="as_1",
        project_id="prj_1",
        kind="amdahl.agent",
        subject="copilot",
        state=RunState.FAILED,
        input={},
        output=None,
        error=error,
        pause=None,
        attributes={},
        created_at=AT,
        started_at=AT,
        completed_at=AT,
    )


@pytest.mark.parametrize(
    ("code", "message", "shown"),
    [
        ("no_data", "Nothing there", {"code": "no_data", "message": "Nothing there"}),
        ("gave_up", "Too often", {"code": "interrupted", "message": "Too often"}),
        (
            "internal",
            "KeyError: secret",
            {"code": "internal", "message": "Something went wrong on the server."},
        ),
    ],
)
def test_a_failure_tells_outsiders_what_concerns_them(code, message, shown):
    note = events.ended(failed(code, message))
    assert (note.type, note.terminal) == ("session.failed", True)
    assert note.data == {
        "session_id": "as_1",
        "session_kind": "agent",
        "profile_id": "copilot",
        "error": shown,
    }
