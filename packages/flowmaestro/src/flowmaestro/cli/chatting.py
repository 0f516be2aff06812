"""Talking with an agent: one message, or a conversation."""

from __future__ import annotations

import sys
from collections.abc import Callable

from flowmaestro._sync.client import FlowMaestroClient
from flowmaestro.cli import screen
from flowmaestro.errors import FlowMaestroError

EXIT_AGENT_FAILED = 4
PROMPT = "> "


def say(client: FlowMaestroClient, thread_id: str, text: str, *, as_json: bool) -> int:
    """Send a message and print the answer as it is written; return 0, or 4 if the agent failed."""
    with client.threads.send_message_stream(thread_id, text) as events:
        for event in events:
            if as_json:
                screen.print_json(event)
            elif event["type"] == "message:token":
                print(screen.printable(event.get("token", "")), end="", flush=True)
    if not as_json:
        print(flush=True)
    final = events.final
    if final is not None and not events.failed:
        return 0
    reason = None if final is None else final.get("error")
    screen.tell(f"flowmaestro: the agent failed: {reason or 'it did not say why'}")
    return EXIT_AGENT_FAILED


def converse(
    client: FlowMaestroClient,
    thread_id: str,
    *,
    as_json: bool,
    ask: Callable[[str], str] = input,
) -> int:
    """Read messages and print answers until the input ends; return the last answer's code.

    Ctrl-C ends an answer, or, where a message is awaited, the conversation. What goes wrong with
    one message does not end it.
    """
    code = 0
    while True:
        try:
            text = ask(PROMPT if sys.stdin.isatty() else "")
        except (EOFError, KeyboardInterrupt):
            print(file=sys.stderr)
            return code
        if not text.strip():
            continue
        try:
            code = say(client, thread_id, text, as_json=as_json)
        except KeyboardInterrupt:
            screen.tell("\n(the agent goes on; its answer will be in the thread)")
        except FlowMaestroError as error:
            screen.print_error(error)
            code = 1
