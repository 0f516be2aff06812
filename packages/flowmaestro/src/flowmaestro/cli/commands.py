"""What each command does."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flowmaestro._sync.client import FlowMaestroClient
from flowmaestro.cli import screen
from flowmaestro.cli.chatting import converse, say
from flowmaestro.cli.watching import watch

PAGE_SIZE = 100


def run(options: argparse.Namespace) -> int:
    """Execute a workflow."""
    inputs: dict[str, Any] = {}
    for each in options.input:
        inputs.update(each)
    with _client(options) as client:
        workflow_id = _id_of(options.workflow, "wf_", client.workflows.iter)
        started = client.workflows.execute(workflow_id, inputs=inputs)
        execution_id = started["data"]["execution_id"]
        if options.detach:
            if options.json:
                screen.print_json(started["data"])
            else:
                print(execution_id)
            return 0
        screen.tell(f"execution  {execution_id}")
        return watch(client, execution_id, as_json=options.json)


def watch_execution(options: argparse.Namespace) -> int:
    """Follow an execution."""
    with _client(options) as client:
        return watch(client, options.execution, as_json=options.json)


def resume(options: argparse.Namespace) -> int:
    """Go on with a paused execution."""
    with _client(options) as client:
        answer = client.executions.resume(options.execution, _json_or_text(options.input))
        if options.watch:
            return watch(client, options.execution, as_json=options.json)
    _tell(answer["data"], options)
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Cancel an execution."""
    with _client(options) as client:
        answer = client.executions.cancel(options.execution)
    _tell(answer["data"], options)
    return 0


def chat(options: argparse.Namespace) -> int:
    """Talk with an agent."""
    with _client(options) as client:
        thread_id = options.thread
        if thread_id is None:
            agent_id = _id_of(options.agent, "agent_", client.agents.iter)
            thread_id = client.agents.create_thread(agent_id)["data"]["id"]
        screen.tell(f"thread {thread_id}")
        if options.message is None:
            return converse(client, thread_id, as_json=options.json)
        text = sys.stdin.read() if options.message == "-" else options.message
        return say(client, thread_id, text, as_json=options.json)


def ask(options: argparse.Namespace) -> int:
    """Query a knowledge base."""
    with _client(options) as client:
        found = _id_of(options.knowledge_base, "kb_", client.knowledge_bases.iter)
        answer = client.knowledge_bases.query(found, options.question, options.top_k)
    results = answer["data"].get("results", [])
    if options.json:
        for result in results:
            screen.print_json(result)
        return 0
    for result in results:
        print(f"{result.get('similarity', 0):.3f}  {screen.printable(result['document_name'])}")
        text = screen.printable(result["content"]).strip().replace("\n", "\n    ")
        print(f"    {text}\n")
    if not results:
        print("nothing was found")
    return 0


def _list(
    noun: str,
    columns: tuple[str, ...],
    items: Callable[[FlowMaestroClient], Callable[..., Iterable[Any]]],
    *filters: str,
) -> Callable[[argparse.Namespace], int]:
    """Return the command that lists what ``items`` walks over."""

    def command(options: argparse.Namespace) -> int:
        chosen = {name: getattr(options, option) for name, option in map(_pair, filters)}
        with _client(options) as client:
            size = min(options.limit, PAGE_SIZE)
            found = items(client)(per_page=size, max_items=options.limit, **chosen)
            if options.json:
                for item in found:
                    screen.print_json(item)
            else:
                screen.print_table(columns, found, f"no {noun}")
        return 0

    return command


def _pair(text: str) -> tuple[str, str]:
    name, _, option = text.partition("=")
    return name, option or name


def _client(options: argparse.Namespace) -> FlowMaestroClient:
    return FlowMaestroClient(base_url=options.base_url)


def _id_of(word: str, prefix: str, walk: Callable[[], Iterable[Mapping[str, Any]]]) -> str:
    """Return the id of what is called so; a word that nothing is called is an id itself.

    The name of its definition and the name that lists show both do, the latter in any case.
    """
    if word.startswith(prefix):
        return word
    folded, alike = word.casefold(), word
    for item in walk():
        found, name = str(item["id"]), str(item.get("name") or "")
        if name == word or found in (word, prefix + word):
            return found
        if alike == word and name.casefold() == folded:
            alike = found
    return alike


def _json_or_text(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _tell(data: Mapping[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        screen.print_json(data)
    else:
        print(f"{data.get('id') or options.execution}  {data.get('status')}")


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "watch": watch_execution,
    "resume": resume,
    "cancel": cancel,
    "chat": chat,
    "ask": ask,
    "workflows": _list(
        "workflows",
        ("id", "name", "version", "description", "updated_at"),
        lambda client: client.workflows.iter,
    ),
    "executions": _list(
        "executions",
        ("id", "workflow_name", "status", "created_at", "duration_ms", "error"),
        lambda client: client.executions.iter,
        "workflow_id=workflow",
        "status",
    ),
    "agents": _list(
        "agents",
        ("id", "name", "model", "provider", "description"),
        lambda client: client.agents.iter,
    ),
    "knowledge-bases": _list(
        "knowledge bases",
        ("id", "name", "document_count", "chunk_count", "description"),
        lambda client: client.knowledge_bases.iter,
    ),
    "triggers": _list(
        "triggers",
        ("id", "name", "type", "enabled", "trigger_count", "last_triggered_at"),
        lambda client: client.triggers.iter,
        "workflow_id=workflow",
    ),
    "webhooks": _list(
        "webhooks",
        ("id", "name", "url", "events", "is_active"),
        lambda client: client.webhooks.iter,
    ),
}
