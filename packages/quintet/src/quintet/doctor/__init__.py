"""``python -m quintet doctor``: how requests would leave this machine, and where one fails.

Without an argument it tells which engine is in force and who chose it, the versions of what counts,
proxies, trust, decoders and bounds.  With a URL it goes there step by step, resolving, connecting,
TLS, first answer, and says in which step it fails and what to do.  Options stand for what a program
gives its ``NativeTransport``.

No secret is printed: of proxies and URLs neither user nor password, path nor query.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from quintet.doctor.command import parse
from quintet.doctor.facts import examine
from quintet.doctor.journey import travel
from quintet.doctor.report import report
from quintet.doctor.setup import Setup

__all__ = ["Setup", "examine", "main", "report", "travel"]


def main(arguments: Sequence[str] | None = None, prog: str = "python -m quintet") -> int:
    """Run the command line; return the exit code, 1 if something is wrong.

    Args:
        arguments: ``sys.argv[1:]`` without them.
        prog: How the user called it, for the usage line.
    """
    given, setup = parse(arguments, prog)
    found = examine(setup)
    if given.url is not None:
        found["url"] = travel(given.url, setup, given.timeout)
        _gather(found, found["url"])
    text = json.dumps(found, indent=2) if given.json else report(found)
    # A terminal that cannot show a character is no reason to say nothing.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    return 1 if found["problems"] else 0


def _gather(found: dict[str, Any], way: dict[str, Any]) -> None:
    """Put what was wrong on the way beside the rest, and nothing there twice."""
    known = tuple(found["problems"])
    for problem in way.pop("problems"):
        sentence = problem.partition(": ")[2]
        if not any(sentence in each for each in known):
            found["problems"].append(problem)
    found["warnings"] += way.pop("warnings")
    found["notes"] = way.pop("notes")
