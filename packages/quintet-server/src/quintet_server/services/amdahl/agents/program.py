"""Sessions as runs of the engine: how a work is begun again, and what its end becomes.

The profile a session was started with goes along in the run's attributes: a definition that is
changed meanwhile concerns later sessions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quintet_server.engines.runs.model import Note, RunRecord
from quintet_server.engines.runs.program import Run, RunFailed
from quintet_server.services.amdahl.agents import events
from quintet_server.services.amdahl.agents.desk import Desk, Work
from quintet_server.services.amdahl.agents.model import (
    AgentFailed,
    FinishNow,
    Profile,
    Result,
    ToolFailed,
)
from quintet_server.services.amdahl.context import Amdahl

__all__ = ["KIND", "AgentProgram"]

KIND = "amdahl.agent"


class AgentProgram:
    """Carries out agent sessions; one instance serves all sessions of a process.

    `work` is called again from the top after every interruption; see :mod:`.desk`.
    """

    kind = KIND

    def __init__(self, parts: Amdahl, work: Work) -> None:
        self.work = work
        self._parts = parts

    async def run(self, run: Run) -> dict[str, Any]:
        """Work, and return the result as the API shows it. Raises RunFailed."""
        _tell_carried_on(run)
        desk = Desk(self._parts, run, Profile(**run.record.attributes["profile"]))
        try:
            result = await self.work(desk)
        except FinishNow:
            result = Result("\n\n".join(desk.messages))
        except (AgentFailed, ToolFailed) as failure:
            raise RunFailed(failure.message, failure.code) from failure
        return _wire(desk, result)

    def began(self, record: RunRecord) -> Sequence[Note]:
        """The start, as the log has it."""
        return events.began(record)

    def ended(self, record: RunRecord) -> Sequence[Note]:
        """The end, as the log has it."""
        return [events.ended(record)]


def _tell_carried_on(run: Run) -> None:
    """Until an answer has been taken up, the session counts as queued; from now on it runs."""
    answered = sum(
        step.state == "done" for key, step in run.steps.items() if key.startswith("ask:")
    )
    taken_up = sum(key.startswith("carried:") for key in run.steps)
    for number in range(taken_up + 1, answered + 1):
        note = events.status(run.record, "running", "queued")
        run.record_step(f"carried:{number}", note)


def _wire(desk: Desk, result: Result) -> dict[str, Any]:
    """The result; artifacts that the work does not name are those of the desk."""
    ids = list(result.artifacts) or desk.artifacts
    main = result.artifact
    if main is None and desk.summaries:
        main = desk.summaries[-1]
    return {
        "text": result.text,
        "artifact": None if main is None else dict(main),
        "artifacts": ids,
        "data": None if result.data is None else dict(result.data),
    }
