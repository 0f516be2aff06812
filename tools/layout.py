"""What the repository consists of, found by looking: its root, its packages, its files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """One distribution under `packages/`: its folder and what its pyproject says."""

    folder: Path
    project: dict[str, Any] = field(repr=False)

    @property
    def dist(self) -> str:
        """The distribution's name, which is also the name of its folder."""
        return str(self.project["project"]["name"])

    @property
    def version(self) -> str:
        """The version that pyproject states."""
        return str(self.project["project"]["version"])

    @property
    def src(self) -> Path:
        """The folder that goes on the import path."""
        return self.folder / "src"

    @property
    def tests(self) -> Path:
        """The package's own tests."""
        return self.folder / "tests"

    @property
    def import_name(self) -> str:
        """The one package under `src`."""
        return next(found.parent.name for found in sorted(self.src.glob("*/__init__.py")))

    @property
    def is_typed(self) -> bool:
        """Whether users see its types: it ships a `py.typed`."""
        return (self.src / self.import_name / "py.typed").exists()

    @property
    def floor(self) -> tuple[int, int]:
        """The oldest Python it promises to run on, from `requires-python`."""
        stated = re.search(r">=\s*(\d+)\.(\d+)", self.project["project"]["requires-python"])
        assert stated, f"{self.folder}: requires-python states no lower bound"
        return int(stated[1]), int(stated[2])

    def modules(self) -> dict[str, Path]:
        """Every module under `src` by its dotted name."""
        found: dict[str, Path] = {}
        for path in sorted(self.src.rglob("*.py")):
            found[dotted_name(path.relative_to(self.src))] = path
        return found


def dotted_name(relative: Path) -> str:
    """The dotted module name of a file, given its path below an import root."""
    parts = relative.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def packages(root: Path = ROOT) -> list[Package]:
    """Every package of the repository, sorted by folder name."""
    return [
        Package(project.parent, tomllib.loads(project.read_text()))
        for project in sorted(root.glob("packages/*/pyproject.toml"))
        if any((project.parent / "src").glob("*/__init__.py"))
    ]


def files(root: Path = ROOT) -> list[Path]:
    """Every file that is tracked, or would be: what git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    present = {root / name for name in listed.split("\0") if name}
    return sorted(path for path in present if path.is_file())


def report(violations: list[str], advice: str) -> int:
    """Print each violation and one line of advice; return the exit code of a gate."""
    for violation in violations:
        print(violation)
    if violations:
        print(advice)
    return 1 if violations else 0
