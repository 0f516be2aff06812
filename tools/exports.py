"""Gate: the public surface of each package is the one that was reviewed.

`packages/*/exports.txt` lists every public name with its kind and signature. A changed line is a
changed API; `python -m tools.exports --write` updates the files, and the diff is what is reviewed.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from tools.layout import ROOT, Package, packages, report
from tools.surface import surface

HEADER = """\
# The public surface of {dist}, reviewed. A changed line is a changed API.
# `python -m tools.exports --write` updates this file.
"""


def violations(root: Path = ROOT) -> list[str]:
    """Every package whose surface differs from its list."""
    found = []
    for package in packages(root):
        reviewed = _listed(package).read_text("utf-8") if _listed(package).exists() else ""
        actual = _text(package)
        if reviewed != actual:
            diff = difflib.unified_diff(
                reviewed.splitlines(), actual.splitlines(), "reviewed", "now", lineterm="", n=0
            )
            changed = [line for line in list(diff)[2:] if not line.startswith("@@")]
            found += [f"{package.folder.name}: {line}" for line in changed]
    return found


def write(root: Path = ROOT) -> None:
    """Make every list say what is."""
    for package in packages(root):
        text = _text(package)
        if not _listed(package).exists() or _listed(package).read_text("utf-8") != text:
            _listed(package).write_text(text, "utf-8")
            print(f"wrote {_listed(package).relative_to(root)}")


def _listed(package: Package) -> Path:
    return package.folder / "exports.txt"


def _text(package: Package) -> str:
    lines = surface(package)
    return HEADER.format(dist=package.dist) + "".join(f"{line}\n" for line in lines)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Compare, or with `--write` update; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.exports", description=__doc__)
    parser.add_argument("--write", action="store_true", help="update the lists")
    if parser.parse_args(arguments).write:
        write(root)
        return 0
    advice = "if the change is meant: python -m tools.exports --write, and say so in the changelog"
    return report(violations(root), advice)


if __name__ == "__main__":
    sys.exit(main())
