"""What runs beside the requests: the program that executes workflows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.executions.program import WorkflowProgram


async def start(parts: FlowMaestro) -> Callable[[], Awaitable[None]]:
    """Register the program; the engine of runs starts after all services have."""
    program = WorkflowProgram(parts)
    parts.runs.register(program, concurrency=parts.settings.execution_concurrency_count)

    async def stop() -> None:
        program.close()

    return stop
