"""What the ``flowmaestro`` command understands."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from flowmaestro._version import __version__

_EPILOG = """\
The key comes from FLOWMAESTRO_API_KEY, the service's address from FLOWMAESTRO_BASE_URL or
--base-url.
"""
_INPUT = """\
may be repeated: KEY=TEXT, KEY:=JSON, or @FILE with a JSON object (@- reads standard input)
"""


class _Command(argparse.ArgumentParser):
    """Complains of unknown options itself; else the parser above it would, with its own usage."""

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        options, unknown = super().parse_known_args(*given, **named)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="flowmaestro",
        description="Run and watch workflows, chat with agents, ask knowledge bases.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"flowmaestro {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Command
    )
    _add_executing(commands)
    _add_talking(commands)
    _add_lists(commands)
    return parser


def _add(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, epilog=_EPILOG
    )
    command.add_argument(
        "--base-url", metavar="URL", help="the service (default: FLOWMAESTRO_BASE_URL)"
    )
    command.add_argument(
        "--json", action="store_true", help="print JSON as the service sends it, one per line"
    )
    return command


def _add_executing(commands: Any) -> None:
    command = _add(commands, "run", "Execute a workflow and watch its nodes until it has ended.")
    command.add_argument("workflow", metavar="WORKFLOW", help="its id or its name")
    command.add_argument(
        "-i", "--input", action="append", type=_input, default=[], metavar="INPUT", help=_INPUT
    )
    command.add_argument("--detach", action="store_true", help="print the execution's id; go")
    command = _add(commands, "watch", "Watch an execution from its beginning until it has ended.")
    command.add_argument("execution", metavar="EXECUTION", help="its id")
    command = _add(commands, "resume", "Go on with a paused execution.")
    command.add_argument("execution", metavar="EXECUTION", help="its id")
    command.add_argument(
        "input", metavar="INPUT", nargs="?", help="what it waits for; JSON, or else text"
    )
    command.add_argument("--watch", action="store_true", help="watch it from then on")
    command = _add(commands, "cancel", "Cancel an execution.")
    command.add_argument("execution", metavar="EXECUTION", help="its id")


def _add_talking(commands: Any) -> None:
    command = _add(commands, "chat", "Chat with an agent; it answers as it writes.")
    command.add_argument("agent", metavar="AGENT", help="its id or its name")
    command.add_argument(
        "-m", "--message", metavar="TEXT", help="say this and go (- reads standard input)"
    )
    command.add_argument("--thread", metavar="THREAD", help="go on with this conversation")
    command = _add(commands, "ask", "Find what a knowledge base says about a question.")
    command.add_argument("knowledge_base", metavar="KNOWLEDGE_BASE", help="its id or its name")
    command.add_argument("question", metavar="QUESTION")
    command.add_argument(
        "-k", "--top-k", type=_count, metavar="N", help="at most N passages (default: 5)"
    )


def _add_lists(commands: Any) -> None:
    _add_list(commands, "workflows")
    command = _add_list(commands, "executions")
    command.add_argument("--workflow", metavar="ID", help="only those of this workflow")
    command.add_argument("--status", help="pending, running, paused, completed, failed, cancelled")
    _add_list(commands, "agents")
    _add_list(commands, "knowledge-bases")
    command = _add_list(commands, "triggers")
    command.add_argument("--workflow", metavar="ID", help="only those of this workflow")
    _add_list(commands, "webhooks")


def _add_list(commands: Any, name: str) -> argparse.ArgumentParser:
    command = _add(commands, name, f"List {name.replace('-', ' ')}, newest first.")
    command.add_argument(
        "-n", "--limit", type=_count, default=20, metavar="N", help="at most N (default: 20)"
    )
    return command


def _input(text: str) -> dict[str, Any]:
    """Read one ``--input``; later ones win where they name the same."""
    if text.startswith("@"):
        return _object(text[1:])
    key, equals, value = text.partition("=")
    if not equals or not key.rstrip(":"):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=TEXT, KEY:=JSON or @FILE")
    if not key.endswith(":"):
        return {key: value}
    try:
        return {key[:-1]: json.loads(value)}
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{key[:-1]} is not JSON: {error}") from None


def _object(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"cannot be read: {error}") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{name} is not a JSON object")
    return found


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return number
