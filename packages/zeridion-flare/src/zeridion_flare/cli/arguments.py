"""What the ``flare`` command understands."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from zeridion_flare._version import __version__


class _Command(argparse.ArgumentParser):
    """Complains of unknown options itself; else the parser above it would, with its own usage."""

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        options, unknown = super().parse_known_args(*given, **named)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown


_EPILOG = """\
The key comes from FLARE_API_KEY, the service's address from FLARE_BASE_URL or --base-url.
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="flare",
        description="Enqueue background jobs, look after them, and run workers.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"flare {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Command
    )
    _add_enqueue(commands)
    _add_list(commands)
    for name, text in (
        ("get", "Show one job with its payload and error."),
        ("watch", "Follow a job live until it has ended."),
    ):
        command = _add(commands, name, text)
        command.add_argument("job_id", metavar="JOB_ID")
    for name, text in (
        ("cancel", "Cancel waiting jobs; ask running ones to stop."),
        ("retry", "Put jobs that failed for good back into their queue."),
    ):
        command = _add(commands, name, text)
        command.add_argument("job_ids", metavar="JOB_ID", nargs="+")
    _add_worker(commands)
    return parser


def _add(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, epilog=_EPILOG
    )
    command.add_argument("--base-url", metavar="URL", help="the service (default: FLARE_BASE_URL)")
    if name != "worker":
        command.add_argument(
            "--json", action="store_true", help="print JSON as the service sends it, one per line"
        )
    return command


def _add_enqueue(commands: Any) -> None:
    command = _add(commands, "enqueue", "Enqueue a job and print it.")
    command.add_argument("job_type", metavar="JOB_TYPE")
    command.add_argument(
        "payload",
        metavar="PAYLOAD",
        nargs="?",
        type=_payload,
        help="JSON; @FILE reads a file, - reads standard input (default: {})",
    )
    command.add_argument("--queue", help='the queue (default: "default")')
    command.add_argument("--run-at", metavar="TIME", help="not before this ISO 8601 time (UTC)")
    command.add_argument("--max-attempts", type=int, metavar="N", help="1 to 100 (default: 3)")
    command.add_argument(
        "--timeout", type=int, metavar="SECONDS", help="of one attempt (default: 1800)"
    )
    command.add_argument(
        "--tag", action="append", type=_tag, metavar="KEY=VALUE", help="may be repeated"
    )
    command.add_argument("--parent", metavar="JOB_ID", help="run only after this job succeeded")
    command.add_argument(
        "--idempotency-key", metavar="KEY", help="the same key and job enqueue it once"
    )
    command.add_argument("--watch", action="store_true", help="follow the job until it has ended")


def _add_list(commands: Any) -> None:
    command = _add(commands, "list", "List jobs, newest first.")
    command.add_argument(
        "--state",
        help="pending, scheduled, processing, succeeded, failed, cancelled or dead_letter",
    )
    command.add_argument("--queue")
    command.add_argument("--type", dest="job_type", metavar="JOB_TYPE")
    command.add_argument(
        "--tag", action="append", type=_tag, metavar="KEY=VALUE", help="may be repeated"
    )
    command.add_argument("--after", metavar="TIME", help="created at this ISO 8601 time or later")
    command.add_argument("--before", metavar="TIME", help="created before this ISO 8601 time")
    command.add_argument(
        "-n", "--limit", type=_count, default=20, metavar="N", help="at most N jobs (default: 20)"
    )


def _add_worker(commands: Any) -> None:
    command = _add(commands, "worker", "Run the worker or the handlers of a Python module.")
    command.add_argument(
        "module",
        metavar="MODULE",
        help="a module or a .py file, with :NAME if it holds several workers or registries",
    )
    command.add_argument(
        "--concurrency", type=_count, metavar="N", help="handlers at work at once (registries only)"
    )
    command.add_argument(
        "--until-idle", action="store_true", help="stop when no job is waiting any more"
    )
    command.add_argument("-v", "--verbose", action="store_true", help="log every step")


def _payload(text: str) -> Any:
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"cannot be read: {error}") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"is not JSON: {error}") from None


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return number
