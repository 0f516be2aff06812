"""A workflow, an agent and a knowledge base, used through the SDK while the server is killed."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from examples.demo.flowmaestro import conversation, crash
from examples.demo.processes import Server
from examples.demo.receiver import Receiver
from examples.demo.report import Report, console
from flowmaestro import AsyncFlowMaestroClient, sign_webhook, verify_webhook

DEFINITIONS = Path(__file__).resolve().parents[2] / "flowmaestro"
QUESTION = "Does an execution survive the death of its server?"
_INDEXING_SECONDS = 120
_HOOK_SECONDS = 60
# As in guide.yaml.
_TRIGGER, _TRIGGER_SECRET = "trigger_question", "replace-me-before-others-can-reach-this"


def play(server: Server, has_model: bool, report: Report) -> None:
    """Define the project, then play everything in turn."""
    console.rule("[bold]FlowMaestro: workflows, agents, knowledge")
    console.print("examples/flowmaestro defines a knowledge base, a workflow, an agent, triggers:")
    console.print(server.apply(DEFINITIONS).rstrip(), style="dim", markup=False)
    with Receiver(verify_webhook, "event") as receiver:
        asyncio.run(_scenes(server, receiver, has_model, report))


async def _scenes(server: Server, receiver: Receiver, has_model: bool, report: Report) -> None:
    environment = server.environment()
    report.part("FlowMaestro")
    async with AsyncFlowMaestroClient(
        api_key=environment["FLOWMAESTRO_API_KEY"], base_url=environment["FLOWMAESTRO_BASE_URL"]
    ) as client:
        hook = await client.webhooks.create(
            name="demo",
            url=receiver.url,
            events=["execution.completed", "thread.message.completed"],
        )
        receiver.secret = hook["data"]["secret"]
        await index(client, report)
        await crash.survive(client, server, QUESTION, has_model, report)
        if has_model:
            await conversation.chat(client, report)
        else:
            report.left_out("a chat with the agent", "there is no language model")
        await look_up(client, report)
        await asked_from_outside(server, client, report)
        await webhooks(client, receiver, has_model, report)


async def index(client: AsyncFlowMaestroClient, report: Report) -> None:
    """Wait until the server has cut, embedded and stored every page."""
    until = time.monotonic() + _INDEXING_SECONDS
    with console.status("The server reads this repository's documentation …"):
        while True:
            base: Mapping[str, Any] = (await client.knowledge_bases.get("kb_handbook"))["data"]
            documents = base["documents"]
            if not documents["pending"] or time.monotonic() > until:
                break
            await asyncio.sleep(0.2)
    fine = documents["ready"] > 0 and not documents["pending"] and not documents["failed"]
    console.print(
        f"\n[bold]The handbook[/] has {documents['ready']} pages and {base['chunk_count']} "
        f"passages, embedded on this machine by {base['embedding_model']}."
    )
    outcome = f"{base['chunk_count']} passages, on this machine"
    report.line("documentation indexed", outcome, f"{documents['ready']} pages", fine=fine)


async def look_up(client: AsyncFlowMaestroClient, report: Report) -> None:
    """Ask the knowledge base directly."""
    question = "What happens to running handlers when a worker is stopped?"
    console.print(f"\n[bold]The knowledge base, asked by meaning:[/] {question}")
    results = (await client.knowledge_bases.query("kb_handbook", question, top_k=4))["data"][
        "results"
    ]
    table = Table("score", "page", "begins with")
    for one in results:
        begin = " ".join(one["content"].split())[:40]
        table.add_row(f"{one['score']:.3f}", one["document_name"], escape(begin))
    console.print(table)
    scores = [one["score"] for one in results]
    fine = bool(scores) and scores == sorted(scores, reverse=True)
    best = f"best {scores[0]:.3f}, {results[0]['document_name']}" if scores else "nothing found"
    report.line("a query by meaning", best, f"{len(scores)} passages", fine=fine)


async def asked_from_outside(
    server: Server, client: AsyncFlowMaestroClient, report: Report
) -> None:
    """Fire the workflow's trigger by a signed request; a forged one must not."""
    body = json.dumps({"question": "Which zebra bakes the bread?", "scales": ""}).encode()
    console.print("\n[bold]A request from outside[/] fires a trigger of the workflow …")
    address = f"{server.url}/api/v1/hooks/{_TRIGGER}"
    forged, _ = await asyncio.to_thread(_post, address, body, sign_webhook(body, "a guess"))
    console.print(f"  with a forged signature: HTTP {forged}")
    report.line("a hook, forged signature", f"refused, HTTP {forged}", fine=forged == 401)
    status, started = await asyncio.to_thread(
        _post, address, body, sign_webhook(body, _TRIGGER_SECRET)
    )
    answer = await _answer(client, started)
    console.print(f"  with a genuine one: HTTP {status}, and the other branch answers: {answer}")
    fine = answer.startswith("The handbook says nothing")
    report.line("a hook, genuine signature", "took the other branch", "1 execution", fine=fine)


def _post(address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        address, body, {"Content-Type": "application/json", **headers}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status), json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}


async def _answer(client: AsyncFlowMaestroClient, started: Mapping[str, Any]) -> str:
    if not started:
        return "nothing was started"
    execution_id = started["data"]["execution_id"]
    done = await client.executions.wait_for_completion(execution_id, 0.1, _HOOK_SECONDS)
    return str((done["outputs"] or {}).get("report", done["error"]))


async def webhooks(
    client: AsyncFlowMaestroClient, receiver: Receiver, has_model: bool, report: Report
) -> None:
    """What the receiver was told: two executions, and one answer if there was a model."""
    expected = {"execution.completed": 2} | ({"thread.message.completed": 1} if has_model else {})
    for event, count in expected.items():
        came = await asyncio.to_thread(receiver.wait_for, event, count, _HOOK_SECONDS)
        report.line(f"webhook {event}", "signature genuine", receiver.counts[event], fine=came)
    report.line("webhooks, bad signature", "none", receiver.forged, fine=not receiver.forged)
