"""Interactions, SQL, a page, agents and webhooks, through the SDK."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from amdahl import AmdahlClient, SignatureError
from amdahl.webhooks import verify
from examples.demo.amdahl import agents, history, page
from examples.demo.processes import Server
from examples.demo.receiver import Receiver
from examples.demo.report import Report, console

DEFINITIONS = Path(__file__).resolve().parents[2] / "amdahl"
_HOOK_SECONDS = 30
# How often each is announced: the researcher and the writer end, each leaving an artifact.
_EXPECTED = {"session.awaiting_input": 1, "session.completed": 2, "artifact.created": 2}


def play(server: Server, folder: Path, root: Path, has_model: bool, report: Report) -> None:
    """Import the history, then play everything in turn."""
    console.rule("[bold]Amdahl: SQL, pages and agents over interactions")
    if has_model:
        name = os.environ.get("AI_MODEL", "the language model")
        console.print(f"What is counted is put into words by {name}, where its figures agree.")
    console.print("examples/amdahl defines a profile of an agent and two documents:")
    console.print(server.apply(DEFINITIONS).rstrip(), style="dim", markup=False)
    environment = server.environment()
    report.part("Amdahl")
    rows = history.bring_in(server, root, folder, report)
    with (
        AmdahlClient(base_url=environment["AMDAHL_URL"], api_key=environment["API_KEY"]) as client,
        Receiver(is_genuine, "event") as receiver,
    ):
        hook = client.webhooks.create(receiver.url, list(_EXPECTED), description="demo")
        receiver.secret = hook["secret"]
        history.ask(client, rows, report)
        page.show(client, rows, folder, report)
        agents.research(client, rows, report)
        agents.write(client, report)
        webhooks(receiver, report)


def is_genuine(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether a delivery is signed with the secret, and not five minutes old."""
    try:
        verify(body, headers, secret, tolerance=300)
    except SignatureError:
        return False
    return True


def webhooks(receiver: Receiver, report: Report) -> None:
    """Wait for what the agents caused."""
    console.print("\n[bold]Webhooks[/] of the two runs, each with its signature checked:")
    for name, expected in _EXPECTED.items():
        arrived = receiver.wait_for(name, expected, _HOOK_SECONDS)
        count = receiver.counts[name]
        console.print(f"  {name:<24} {count}", style="dim")
        fine = arrived and count == expected
        report.line(f"webhook {name}", "signature verified", f"{count} arrived", fine=fine)
    report.line("  with another signature", "none", receiver.forged, fine=not receiver.forged)
