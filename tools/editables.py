"""Print pip's arguments that install every package of the repository editable, extras included.

Runs in a fresh environment, so it needs nothing but the standard library.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def editables(root: Path = ROOT, python: tuple[int, int] | None = None) -> list[str]:
    """`--editable=folder[extras]` for each package; with `python`, only those that run on it."""
    arguments: list[str] = []
    for settings in sorted(root.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(settings.read_text(encoding="utf-8"))["project"]
        floor = tuple(int(part) for part in project["requires-python"].lstrip(">= ").split("."))
        if python is None or floor <= python:
            extras = ",".join(sorted(project.get("optional-dependencies", {})))
            folder = settings.parent.relative_to(root).as_posix()
            arguments.append(f"--editable={folder}[{extras}]" if extras else f"--editable={folder}")
    return arguments


if __name__ == "__main__":
    chosen = tuple(int(part) for part in sys.argv[1].split(".")) if sys.argv[1:] else None
    print("\n".join(editables(python=chosen)))  # type: ignore[arg-type]
