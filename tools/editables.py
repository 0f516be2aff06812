"""Print pip's arguments that install every package of the repository editable, extras included.

Runs in a fresh environment, so it needs nothing but the standard library.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def editables(root: Path = ROOT, python: tuple[int, int] | None = None) -> list[str]:
    """`--editable=folder[extras]` for each package; with `python`, only those that run on it.

    What others of the repository need comes first: a pip before 23.3 asks the index for a package
    that is wanted without extras (`quintet==…`) before it has seen it with extras.
    """
    projects = {
        settings: tomllib.loads(settings.read_text(encoding="utf-8"))["project"]
        for settings in sorted(root.glob("packages/*/pyproject.toml"))
    }
    names = {project["name"] for project in projects.values()}
    arguments: list[str] = []
    for settings, project in sorted(projects.items(), key=lambda item: _needs_any(item[1], names)):
        floor = tuple(int(part) for part in project["requires-python"].lstrip(">= ").split("."))
        if python is None or floor <= python:
            extras = ",".join(sorted(project.get("optional-dependencies", {})))
            folder = settings.parent.relative_to(root).as_posix()
            arguments.append(f"--editable={folder}[{extras}]" if extras else f"--editable={folder}")
    return arguments


def _needs_any(project: dict[str, Any], names: set[str]) -> bool:
    return any(
        re.split(r"[^\w.-]", dependency.strip(), maxsplit=1)[0] in names
        for dependency in project.get("dependencies", [])
    )


if __name__ == "__main__":
    chosen = tuple(int(part) for part in sys.argv[1].split(".")) if sys.argv[1:] else None
    print("\n".join(editables(python=chosen)))  # type: ignore[arg-type]
