"""``python -m quintet doctor``: how requests would leave this machine, and where one fails.

Without an argument it tells which engine is in force and who chose it, the versions of what counts,
proxies, trust, decoders and bounds.  With a URL it goes there step by step, resolving, connecting,
TLS, first answer, and says in which step it fails and what to do.

No secret is printed: of proxies and URLs neither user nor password, path nor query.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from quintet.doctor.facts import examine
from quintet.doctor.journey import travel
from quintet.doctor.report import report

__all__ = ["examine", "main", "report", "travel"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code, 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m quintet", description="Quintet's runtime.")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser(
        "doctor",
        help="show the engine, proxies, trust and bounds in force",
        description=(
            "Show how requests would leave this machine: engine, versions, proxies, TLS, decoders, "
            "bounds. With a URL, go there step by step and say where it fails. Exits with 1 if "
            "something is wrong."
        ),
    )
    doctor.add_argument("url", nargs="?", help="where to go, such as https://api.example/v1")
    doctor.add_argument(
        "--transport",
        choices=("native", "httpx"),
        help="as a client would get it with transport=; QUINTET_TRANSPORT without it",
    )
    doctor.add_argument(
        "--timeout", type=_seconds, default=5.0, help="seconds for each step (default 5)"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON for programs")
    given = parser.parse_args(arguments)
    found = examine(given.transport)
    if given.url is not None:
        found["url"] = travel(given.url, given.transport, given.timeout)
        found["problems"] += found["url"].pop("problems")
    text = json.dumps(found, indent=2) if given.json else report(found)
    sys.stdout.write(f"{text}\n")
    return 1 if found["problems"] else 0


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 3600:
        raise argparse.ArgumentTypeError("must be above 0 and below 3600")
    return value
