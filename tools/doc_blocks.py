"""The blocks of code in the README, the packages' READMEs and the documentation.

A block of Python runs as it stands (`tests/e2e/test_documents.py`) and has no red lines in an
editor (`tools/doc_types.py`); one that is called a fragment only the latter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.layout import ROOT

_FENCED = re.compile(r"^```([^\n`]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """What stands between two fences of a page."""

    page: str
    """Its path below the root."""
    line: int
    """Where the text begins in it; the first line is 1."""
    info: str
    """What is said behind the first fence: `python`, `yaml fragment`."""
    text: str


def pages(root: Path = ROOT) -> list[Path]:
    """Every page of documentation."""
    return [
        *root.glob("README.md"),
        *sorted(root.glob("packages/*/README.md")),
        *sorted(root.glob("docs/**/*.md")),
    ]


def blocks(root: Path = ROOT) -> Iterator[Block]:
    """Yield every block that says what it is, page by page."""
    for path in pages(root):
        page = path.read_text(encoding="utf-8")
        for match in _FENCED.finditer(page):
            line = page.count("\n", 0, match.start(2)) + 1
            yield Block(str(path.relative_to(root)), line, match[1].strip(), match[2])
