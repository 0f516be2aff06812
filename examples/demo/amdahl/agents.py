"""Agents over the interactions: a researcher, and a writer who asks before he writes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape

from amdahl import AmdahlClient
from examples.demo.amdahl.history import History
from examples.demo.amdahl.narration import Narrator
from examples.demo.report import Report, console

_TASK = "How much activity was there by day, and how does it vary by channel and company?"
_PARAMS = {"depth": "deep", "must_cover": ["Who mentions tests?"]}
_ARTICLE = "Write a blog post about the activity by company"
_RUN_SECONDS = 120


def research(client: AmdahlClient, history: History, report: Report) -> None:
    """Start a researcher twice with one key, follow it live, check its report."""
    console.print(f"\n[bold]A researcher[/] is asked: {_TASK}")
    key = str(uuid.uuid4())
    started = [
        client.agents.start("researcher", _TASK, _PARAMS, idempotency_key=key)["session_id"]
        for _ in range(2)
    ]
    narrator = Narrator()
    narrator.follow(client.agents.stream(started[0]))
    runs = [run for run in client.agents.iter_runs(profile="researcher") if run["task"] == _TASK]
    console.print(f"  started twice with one key: {len(runs)} run", style="dim")
    fine = started[0] == started[1] and len(runs) == 1
    report.line("a researcher, started", f"{len(runs)} run", "2 calls, one key", fine=fine)
    fine = narrator.numbers == list(range(1, len(narrator.numbers) + 1))
    fine = fine and narrator.types[-1] == "session.completed"
    report.line("  followed live", "none missed", f"{len(narrator.numbers)} events", fine=fine)
    _check_findings(client, started[0], history, report)


def _check_findings(
    client: AmdahlClient, session_id: str, history: History, report: Report
) -> None:
    """Print the key findings; ask what each names as its source again; compare with the file."""
    content = _content(client, client.agents.result(session_id, timeout=_RUN_SECONDS))
    console.print("[bold]Its key findings:[/]")
    for one in content["key_findings"]:
        console.print(f"  • {escape(one['finding'])} [dim]({one['confidence']})[/]")
    sources = list(_statements(content))
    again = [
        len(client.data.query(one["sql"], one.get("params"))["rows"]) == one["row_count"]
        for one in sources
    ]
    fine = bool(again) and all(again)
    report.line("  its sources, asked again", "the same rows", f"{len(again)} queries", fine=fine)
    count, largest = len(history.rows), history.largest
    best = history.counted("company_name")[largest]
    told = " ".join(one["answer"] for one in content["sub_questions"])
    # A workspace of one company only is told in other words.
    said = f"{largest} leads with {best} of {count} interactions" in told
    fine = said or best == count or _is_tie(history, largest)
    report.line("  its numbers", "as counted in the file", f"{best} of {count}", fine=fine)


def write(client: AmdahlClient, report: Report) -> None:
    """Have a post written: it pauses with an outline, is answered, and goes on."""
    console.print(f"\n[bold]A writer[/] is asked: {_ARTICLE}")
    started = client.agents.start("content_writer", _ARTICLE, {"channel": "blog"})
    narrator = Narrator()
    narrator.follow(client.agents.stream(started["session_id"], stop_on_input=True))
    paused = client.agents.status(started["session_id"])
    asked = paused["pending_input"]
    assert asked is not None
    console.print(f"  {escape(asked['context']['question'])}", soft_wrap=True)
    outline = [one["heading"] for one in asked["context"]["outline"]]
    for heading in outline:
        console.print(f"    – {escape(heading)}")
    console.print("  answered: approved", style="dim")
    fine = paused["status"] == "awaiting_input" and bool(outline)
    report.line("a writer, paused", f"asks for {asked['type']}", "1 outline", fine=fine)
    client.agents.resume(started["session_id"], {"approved": True}, request_id=asked["request_id"])
    console.print("  writing …", style="dim")  # nothing is told until the sections are there
    last = str(narrator.numbers[-1])
    narrator.follow(client.agents.stream(started["session_id"], last_event_id=last))
    content = _content(client, client.agents.result(started["session_id"], timeout=_RUN_SECONDS))
    written = [one["heading"] for one in content["sections"]]
    # The stream went on where the pause had ended it.
    fine = written == outline and narrator.numbers == list(range(1, len(narrator.numbers) + 1))
    report.line("  approved", "written as outlined", f"{len(written)} sections", fine=fine)


def _content(client: AmdahlClient, result: Mapping[str, Any]) -> dict[str, Any]:
    return dict(client.artifacts.get(result["artifact"]["id"])["content_json"])


def _statements(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The statements that a report names as sources."""
    for one in content["sub_questions"]:
        yield from (source for source in one["citations"] if source["type"] == "sql")


def _is_tie(history: History, largest: str) -> bool:
    """Whether others have as many: then which of them leads is a matter of taste."""
    counts = sorted(history.counted("company_name").values(), reverse=True)
    return len(counts) > 1 and counts[0] == counts[1] and bool(largest)
