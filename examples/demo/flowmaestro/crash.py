"""The workflow, watched live, while its server is killed in the middle of a step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from examples.demo.flowmaestro.narration import Narrator
from examples.demo.flowmaestro.scales import Scales
from examples.demo.processes import Server
from examples.demo.report import Report, console
from flowmaestro import (
    AsyncFlowMaestroClient,
    FlowMaestroConnectionError,
    FlowMaestroStreamError,
    FlowMaestroTimeoutError,
)

_HELD = 3  # the passage that is on the scales when the server is killed
_HOLDING_SECONDS = 120
_RUN_SECONDS = 300
_AWAY = (FlowMaestroStreamError, FlowMaestroConnectionError, FlowMaestroTimeoutError)


async def survive(
    client: AsyncFlowMaestroClient, server: Server, question: str, has_model: bool, report: Report
) -> None:
    """Execute the workflow, kill its server meanwhile, and show that each step was done once."""
    console.print(
        f"\n[bold]The workflow[/] is asked: {question}\n"
        "It searches the handbook, lets a service on this machine weigh each passage, and hands "
        f"the heaviest to a language model. In round {_HELD} the server gets a SIGKILL. Watch the "
        "loop go on there, and not at its start:\n"
    )
    with Scales(held=_HELD) as scales:
        narrator = Narrator()
        started = await client.workflows.execute(
            "wf_research", inputs={"question": question, "scales": scales.url}
        )
        execution_id = started["data"]["execution_id"]
        killing = asyncio.create_task(asyncio.to_thread(_kill, server, scales, narrator))
        try:
            final = await _follow(client, execution_id, narrator)
        finally:
            scales.give_up()
            await killing
    outputs = final.get("outputs") or {}
    text = escape(str(outputs.get("report", "")).strip())
    console.print(f"\n{text}", style="cyan", soft_wrap=True)
    _judge(final, narrator, scales, report)
    weights = [one["weight"] for one in outputs.get("sources") or []]
    report.line(
        "  heaviest first",
        " ≥ ".join(map(str, weights)),
        f"{len(weights)} weights",
        fine=bool(weights) and weights == sorted(weights, reverse=True),
    )
    if not has_model:
        report.left_out("  its answer in words", "there is no language model")


def _kill(server: Server, scales: Scales, narrator: Narrator) -> None:
    """Kill the server while the scales hold an answer back, and start it again."""
    if not scales.wait_until_holding(_HOLDING_SECONDS):
        narrator.aside(f"passage {_HELD} never came: nothing is killed")
        return
    narrator.aside(f"kill -9 {server.pid}: the server dies with passage {_HELD} on the scales")
    server.kill()
    scales.release()
    narrator.aside("starting it again on the same folder and port")
    began = time.monotonic()
    server.start()
    narrator.aside(f"it listens after {time.monotonic() - began:.1f} s; nobody tells it what to do")


async def _follow(
    client: AsyncFlowMaestroClient, execution_id: str, narrator: Narrator
) -> Mapping[str, Any]:
    """Tell every event to the last. The stream reconnects by itself, for as long as it may."""
    until = time.monotonic() + _RUN_SECONDS
    last_event_id = ""
    while True:
        async with client.executions.stream(execution_id, last_event_id=last_event_id) as events:
            try:
                async for event in events:
                    narrator.tell(event)
                return events.final or {}
            except _AWAY as error:
                # A machine so slow that the server is not back yet: go on after the last event.
                if time.monotonic() > until:
                    raise SystemExit(f"the execution did not come to its end: {error}") from error
                last_event_id = events.last_event_id or last_event_id


def _judge(final: Mapping[str, Any], narrator: Narrator, scales: Scales, report: Report) -> None:
    state = str(final.get("status"))
    report.line("a workflow, its server killed", state, fine=state == "completed")
    repeated = [step for step, count in narrator.completed.items() if count > 1]
    report.line(
        "  steps done twice",
        ", ".join(repeated) or "none",
        f"of {len(narrator.completed)}",
        fine=not repeated,
    )
    report.line(
        "  begun again, and marked",
        ", ".join(sorted(narrator.recovered)) or "none",
        len(narrator.recovered),
        fine=len(narrator.recovered) == 1,
    )
    for number, passage in sorted(scales.passages.items()):
        was_held = number == _HELD
        calls = "2 calls, one key" if was_held else "1 call"
        report.line(
            f"  passage {number} weighed once",
            f"{passage.weight}{', on the scales at the kill' if was_held else ''}",
            calls if passage.calls == 1 + was_held else f"{passage.calls} calls",
            fine=(passage.weighed, passage.calls) == (1, 1 + was_held),
        )
