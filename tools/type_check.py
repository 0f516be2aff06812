"""Gate: types, by two checkers, over folders found by looking and never listed.

    python -m tools.type_check mypy       all packages, strict; and tools, benchmarks, examples
    python -m tools.type_check pyright    what users of the typed packages see

A checker looks at code as one Python version would. So each runs once per `requires-python` floor:
the SDKs as 3.10 sees them, the server as 3.11 does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.layout import ROOT, packages

OWN_FLOOR = (3, 11)
OWN = ("tools", "benchmarks", "examples")
# Nothing is downloaded: the wheel brings pyright, another one brings node.
OFFLINE = {
    "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    "PYRIGHT_PYTHON_GLOBAL_NODE": "0",
    "PYRIGHT_PYTHON_USE_BUNDLED_PYRIGHT": "1",
}


def mypy_runs(root: Path = ROOT) -> list[list[str]]:
    """One command per floor. The samples of tests/typing go by package: their names repeat."""
    runs: dict[str, tuple[tuple[int, int], list[Path]]] = {}
    for package in packages(root):
        runs.setdefault(_dotted(package.floor), (package.floor, []))[1].append(package.src)
        if samples := sorted((package.tests / "typing").glob("*.py")):
            runs[package.dist] = (package.floor, samples)
    own = [root / name for name in OWN if any((root / name).rglob("*.py"))]
    runs.setdefault(_dotted(OWN_FLOOR), (OWN_FLOOR, []))[1].extend(own)
    # Runs go side by side, and a cache has room for one.
    return [
        ["-m", "mypy", "--cache-dir", f".mypy_cache/{name}", "--python-version", _dotted(floor)]
        + [str(path.relative_to(root)) for path in paths]
        for name, (floor, paths) in runs.items()
    ]


def pyright_runs(root: Path = ROOT) -> list[list[str]]:
    """One command per floor, over packages with a `py.typed` and their tests/typing."""
    by_floor: dict[tuple[int, int], list[Path]] = defaultdict(list)
    for package in packages(root):
        if package.is_typed:
            by_floor[package.floor].append(package.src)
            if (package.tests / "typing").is_dir():
                by_floor[package.floor].append(package.tests / "typing")
    return [
        ["-m", "pyright", "--warnings", "--pythonversion", _dotted(floor)]
        + [str(path.relative_to(root)) for path in paths]
        for floor, paths in by_floor.items()
    ]


def _dotted(floor: tuple[int, int]) -> str:
    return f"{floor[0]}.{floor[1]}"


def main(arguments: list[str]) -> int:
    """Run a checker; print only what it complains about."""
    runs = {"mypy": mypy_runs, "pyright": pyright_runs}[arguments[0]]()
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(_run, runs))
    for done in results:
        if done.returncode:
            print((done.stdout + done.stderr).strip())
    return max((done.returncode for done in results), default=0)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **OFFLINE},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
