"""This repository's history as a file of interactions: one row for each commit.

``python -m examples.amdahl.commits history.csv`` writes it. A commit is no sales call, but it has
what an interaction has: a moment, somebody who speaks, what is said, and whom it is for.

=================  ==========================================================================
``id``             the commit's hash
``timestamp``      when it was written
``channel``        the kind of change, see :data:`CHANNELS`
``interaction_type``  always ``note``
``company_name``   the package or folder that most of its files are in
``speaker_type``   always ``internal``
``speaker_name``   the author
``content``        subject and body of the message
``stage``          ``added`` if more files came than were changed, else ``changed``
``owner``          the author, who is responsible for it
``amount``         lines that came and lines that went
``source_system``  always ``git``
``files``          how many files; no column of the table, so it goes into ``metadata``
=================  ==========================================================================

Sentiment stays empty: nobody measured it.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["CHANNELS", "COLUMNS", "SAMPLE", "commits", "read", "write"]

Row = dict[str, str]

SAMPLE = Path(__file__).with_name("commits.csv")
"""The history of the day this file was made, for copies of the repository without one."""

COLUMNS = (
    *("id", "timestamp", "channel", "interaction_type", "company_name", "speaker_type"),
    *("speaker_name", "content", "stage", "owner", "amount", "source_system", "files"),
)
CHANNELS = {
    "web": "the server",
    "call": "the runtime, which every SDK calls through",
    "chat": "an SDK",
    "email": "documentation and examples",
    "crm": "tests, tools and what is left",
    "meeting": "four packages or folders at once, or more",
}
"""What kind of change each channel stands for."""

_CROWD = 4
_KINDS = {
    "quintet-server": "web",
    "quintet": "call",
    "zeridion-flare": "chat",
    "flowmaestro": "chat",
    "aerostack": "chat",
    "amdahl-platform": "chat",
    "docs": "email",
    "examples": "email",
}
_FIELD, _RECORD = "\x1f", "\x1e"
_FORMAT = f"--format={_RECORD}%H{_FIELD}%aI{_FIELD}%an{_FIELD}%B{_FIELD}"
_LOG = ("log", "--no-merges", "--no-renames", "--raw", "--numstat", _FORMAT)


def commits(root: Path) -> list[Row]:
    """Return a row for each commit, newest first; none where there is no history."""
    try:
        done = subprocess.run(
            ["git", "-C", root, *_LOG],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:  # a machine without git
        return []
    if done.returncode or not (root / ".git").exists():
        return []
    return [_row(record) for record in done.stdout.split(_RECORD)[1:]]


def write(rows: Sequence[Row], path: Path) -> None:
    """Write rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of such a file."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _row(record: str) -> Row:
    hash, moment, author, message, changes = record.split(_FIELD)
    lines = changes.strip().splitlines()
    files = [line.split("\t") for line in lines if not line.startswith(":")]
    places = Counter(_place(path) for _added, _removed, path in files)
    added = sum(line.split("\t")[0].endswith("A") for line in lines if line.startswith(":"))
    place = places.most_common(1)[0][0] if places else "."
    return {
        "id": hash,
        "timestamp": moment,
        "channel": "meeting" if len(places) >= _CROWD else _KINDS.get(place, "crm"),
        "interaction_type": "note",
        "company_name": place,
        "speaker_type": "internal",
        "speaker_name": author,
        "content": message.strip(),
        "stage": "added" if 2 * added > len(files) else "changed",
        "owner": author,
        # Of a binary file git counts no lines: a dash.
        "amount": str(sum(int(n) for file in files for n in file[:2] if n.isdigit())),
        "source_system": "git",
        "files": str(len(files)),
    }


def _place(path: str) -> str:
    """The package a file belongs to, else the folder."""
    first, _, rest = path.partition("/")
    if first == "packages":
        return rest.partition("/")[0]
    return first if rest else "the root"


if __name__ == "__main__":
    write(commits(Path(__file__).resolve().parents[2]), Path(sys.argv[1]))
