"""Everything that a small application needs of its backend, used through one SDK."""

from __future__ import annotations

from pathlib import Path

from aerostack import SDK
from examples.demo.aerostack import accounts, answers, archive, daylight, expiry, work
from examples.demo.processes import Server
from examples.demo.report import Report, console

DEFINITIONS = Path(__file__).resolve().parents[2] / "aerostack"


def play(server: Server, folder: Path, root: Path, has_model: bool, report: Report) -> None:
    """Define the project, then play everything in turn."""
    console.rule("[bold]Aerostack: the parts of a backend")
    console.print("examples/aerostack defines a service and two consumers of the queue:")
    console.print(server.apply(DEFINITIONS).rstrip(), style="dim", markup=False)
    environment = server.environment()
    report.part("Aerostack")
    with SDK(
        api_key_auth=environment["AEROSTACK_API_KEY"],
        server_url=environment["AEROSTACK_SERVER_URL"],
    ) as sdk:
        accounts.sign_up_and_in(sdk, report)
        daylight.fill(sdk, report)
        daylight.ask(sdk, report)
        expiry.outlive(sdk, server, report)
        archive.there_and_back(sdk, root, folder, report)
        work.enqueue(sdk, root, report)
        work.invoke(sdk, root, report)
        answers.search_and_chat(sdk, root, has_model, report)
