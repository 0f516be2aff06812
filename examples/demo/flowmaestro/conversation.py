"""A chat with the agent, whose words appear while they are made."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from examples.demo.report import Report, console
from flowmaestro import AsyncFlowMaestroClient

QUESTION = "How many parameters does SmolLM2 have?"


async def chat(client: AsyncFlowMaestroClient, report: Report) -> None:
    """Ask the agent one question: it looks into the handbook, then answers token by token."""
    console.print(f"\n[bold]The agent[/] is asked: {QUESTION}")
    thread_id = (await client.agents.create_thread("agent_guide"))["data"]["id"]
    began, tokens = time.monotonic(), 0
    with console.status("The model reads what was found …") as waiting:
        async with client.threads.send_message_stream(thread_id, QUESTION) as events:
            async for event in events:
                if event["type"] == "message:tool_call":
                    _tell_tool(event)
                elif event["type"] == "message:token":
                    waiting.stop()  # words come now, and end in the middle of a line
                    tokens += 1
                    console.print(
                        event["token"], end="", style="cyan", markup=False, soft_wrap=True
                    )
    final: Mapping[str, Any] = events.final or {}
    seconds = time.monotonic() - began
    console.print()
    sources = _sources(final)
    for name in sources:
        console.print(f"  source: {name}", style="dim")
    written = (final.get("usage") or {}).get("completion_tokens", 0)
    model = (final.get("metadata") or {}).get("model", "no model")
    console.print(
        f"  {written} tokens by {model} in {seconds:.1f} s; a model this small is often wrong, "
        "so read the sources",
        style="dim",
    )
    fine = final.get("type") == "message:completed" and tokens > 0
    outcome = f"{written} tokens by {model}, {len(sources)} source{'s'[: len(sources) != 1]}"
    report.line("an agent's answer, live", outcome, f"{tokens} pieces", fine=fine)


def _tell_tool(event: Mapping[str, Any]) -> None:
    if event["status"] == "started":
        asked = escape(str(event["arguments"].get("query", "")))
        console.print(f"  it looks into {event['name']}: {asked}", style="dim")
    elif event["status"] == "failed":
        console.print(f"  {event['name']} failed: {escape(str(event['error']))}", style="red")


def _sources(final: Mapping[str, Any]) -> list[str]:
    found = (final.get("metadata") or {}).get("sources") or []
    return list(dict.fromkeys(one["document_name"] for one in found))
