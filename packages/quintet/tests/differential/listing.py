"""The differences for people: what the default engine does otherwise than the libraries, and why.

python -m packages.quintet.tests.differential.listing            every scenario and transport
python -m packages.quintet.tests.differential.listing --write    the page of the documentation
"""

from __future__ import annotations

import sys
from pathlib import Path

from .catalogue import GROUPS, SCENARIOS
from .difference import Reason
from .differences import DIFFERENCES, NOT_RUN, REASONS

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).resolve().parents[4] / "docs" / "runtime" / "differences.md"

_INTRODUCTION = """\
# What the default engine does otherwise than httpx

<!-- Made by `python -m packages.quintet.tests.differential.listing --write`; a test compares. -->

{scenarios} scenarios, played byte for byte by one peer, run through the default engine (blocking
and asyncio) and through [clients of your own](transports.md#a-client-of-your-own) (httpx, httpx2),
below the same call of the runtime. Compared are status, HTTP version, headers and body, or the
error with its phase, progress and bound; both for two calls in turn, with the number of
connections they took. {same} come out the same everywhere. In the others something differs, for
these reasons:

| subject | default engine | httpx, httpx2 | why | scenarios |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the page of the documentation."""
    rows = "".join(_row(reason) for reason in REASONS)
    same = len(SCENARIOS) - len(DIFFERENCES.keys() | NOT_RUN.keys())
    return _INTRODUCTION.format(scenarios=len(SCENARIOS), same=same) + rows


def _row(reason: Reason) -> str:
    count = len(_scenarios(reason))
    return f"| {reason.subject} | {reason.native} | {reason.foreign} | {reason.why} | {count} |\n"


def _scenarios(reason: Reason) -> list[str]:
    return [
        name
        for name, differences in DIFFERENCES.items()
        if any(difference.why is reason for difference in differences)
    ] + [name for name, (_, why) in NOT_RUN.items() if why is reason]


def _listing() -> str:
    lines = [f"{len(SCENARIOS)} scenarios, {len(DIFFERENCES)} with a difference"]
    lines += [f"  {group}: {len(scenarios)}" for group, scenarios in GROUPS.items()]
    for reason in REASONS:
        lines += ["", f"{reason.subject}: {reason.why}"]
        for name in _scenarios(reason):
            found = [each for each in DIFFERENCES.get(name, ()) if each.why is reason]
            lines += [
                f"  {name}: {', '.join(each.transports)}: {each.change.describe()}"
                for each in found
            ]
            if not found:
                lines.append(f"  {name}: not run on {', '.join(NOT_RUN[name][0])}")
    return "\n".join(lines)


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(_listing())
