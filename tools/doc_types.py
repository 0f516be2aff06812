"""Gate: whoever copies a block of Python from the documentation sees no red lines.

Each block is a module of its own, for it runs on its own too, and all of them are looked at in one
run of pyright, with the settings that our own packages have and as the SDKs' floor sees them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.doc_blocks import Block, blocks
from tools.layout import ROOT, packages, report
from tools.type_check import OFFLINE

KINDS = ("python", "python fragment")
# What pages show beside our own packages without any of these needing it.
FOREIGN = {"openai"}


def violations(root: Path = ROOT) -> list[str]:
    """Every line of a block that a reader's type checker underlines."""
    found = [one for one in blocks(root) if one.info.startswith("py")]
    misnamed = [
        f"{one.page}:{one.line - 1}: a block of Python is one of {KINDS}, not {one.info!r}"
        for one in found
        if one.info not in KINDS
    ]
    return misnamed + _underlined([one for one in found if one.info in KINDS])


def _underlined(found: list[Block]) -> list[str]:
    if not found:
        return []
    with tempfile.TemporaryDirectory(prefix="doc-types-") as folder:
        modules = {str(_written(Path(folder), n, one)): one for n, one in enumerate(found)}
        told = _pyright(Path(folder))
    lines = []
    for each in told:
        if not _is_foreign(each):
            page = modules[str(Path(each["file"]).resolve())].page
            line = each["range"]["start"]["line"] + 1
            lines.append((page, line, " ".join(each["message"].split())))
    return [f"{page}:{line}: {message}" for page, line, message in sorted(lines)]


def _written(folder: Path, number: int, block: Block) -> Path:
    """The block as a file in which everything has the line it has in its page."""
    path = folder.resolve() / f"block_{number}.py"
    path.write_text("\n" * (block.line - 1) + block.text, encoding="utf-8")
    return path


def _pyright(folder: Path) -> list[dict[str, Any]]:
    """What it says about the files of a folder."""
    floor = min(package.floor for package in packages())
    arguments = ["--outputjson", "--warnings", "--pythonversion", f"{floor[0]}.{floor[1]}"]
    done = subprocess.run(
        [sys.executable, "-m", "pyright", *arguments, "--pythonpath", sys.executable, str(folder)],
        cwd=ROOT,
        env={**os.environ, **OFFLINE},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told: list[dict[str, Any]] = json.loads(done.stdout)["generalDiagnostics"]
    except (ValueError, KeyError):
        raise SystemExit(f"pyright failed:\n{done.stdout}{done.stderr}") from None
    return told


def _is_foreign(told: dict[str, Any]) -> bool:
    """Whether all that is wrong is that a package is not here which none of ours needs."""
    missing = told.get("rule") == "reportMissingImports"
    return missing and any(f'"{name}"' in told["message"] for name in FOREIGN)


def main(root: Path = ROOT) -> int:
    """Print every violation; return the exit code."""
    return report(violations(root), "readers copy what the documentation shows: give it types")


if __name__ == "__main__":
    sys.exit(main())
