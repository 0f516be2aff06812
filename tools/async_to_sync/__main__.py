"""`python -m tools.async_to_sync [--check] [package ...]`."""

from __future__ import annotations

import argparse
import difflib
import shutil
import sys
from pathlib import Path

from tools.async_to_sync.generate import Outcome, generate
from tools.async_to_sync.twins import MARK, Scope, names_in, scopes
from tools.layout import ROOT


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the twins, or with `--check` say how they differ; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.async_to_sync", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("package", nargs="*", help="a folder of packages/, or `tests`; default all")
    options = parser.parse_args(arguments)
    chosen = scopes(root, options.package)
    outcome = generate(chosen, root)
    problems = [*outcome.refused, *_unused_rules(chosen, outcome, root)]
    if options.check:
        problems += _differences(chosen, outcome, root)
    else:
        problems += _write(chosen, outcome, root)
    for problem in problems:
        print(problem)
    if problems and options.check:
        print("edit the sources under _async, then run scripts/fix")
    return 1 if problems else 0


def _unused_rules(chosen: list[Scope], outcome: Outcome, root: Path) -> list[str]:
    """Rules that no source needs: a package's own, and the shared ones if all were looked at."""
    unused = {
        scope.name: set(scope.rules()) - outcome.used[scope.name]
        for scope in chosen
        if scope.folder != root
    }
    if len(chosen) == len(scopes(root)):
        unused["every package"] = set(names_in(root / "pyproject.toml")).difference(
            *outcome.used.values()
        )
    return [
        f"{name}: rule `{rule}` of [tool.async_to_sync.names] is used by no source"
        for name, rules in unused.items()
        for rule in sorted(rules)
    ]


def _strays(chosen: list[Scope]) -> set[Path]:
    """Files in a `_sync` folder without a source; one that is refused still has its source."""
    standing = {path for scope in chosen for path in scope.generated()}
    expected = {twin.target for scope in chosen for twin in scope.twins()}
    return standing - expected


def _differences(chosen: list[Scope], outcome: Outcome, root: Path) -> list[str]:
    problems = []
    for target, text in sorted(outcome.texts.items()):
        shown = target.relative_to(root).as_posix()
        if not target.exists():
            problems.append(f"{shown}: missing")
        elif target.read_bytes() != text.encode("utf-8"):
            old = target.read_text(encoding="utf-8").splitlines(keepends=True)
            new = text.splitlines(keepends=True)
            diff = difflib.unified_diff(old, new, f"{shown} (as it is)", f"{shown} (generated)")
            problems.append(f"{shown}: differs\n{''.join(list(diff)[:40])}")
    strays = sorted(path.relative_to(root).as_posix() for path in _strays(chosen))
    return problems + [f"{shown}: has no source" for shown in strays]


def _write(chosen: list[Scope], outcome: Outcome, root: Path) -> list[str]:
    for target, text in outcome.texts.items():
        if not target.exists() or target.read_bytes() != text.encode("utf-8"):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))
            print(f"wrote {target.relative_to(root).as_posix()}")
    problems = []
    for path in sorted(_strays(chosen)):
        shown = path.relative_to(root).as_posix()
        if path.read_text(encoding="utf-8").startswith(MARK):
            path.unlink()
            print(f"deleted {shown}")
            _prune(path.parent)
        else:
            problems.append(f"{shown}: written by hand where only generated files may be")
    return problems


def _prune(folder: Path) -> None:
    """Remove folders that hold nothing any more, up to and including `_sync`."""
    while "_sync" in folder.parts:
        if any(entry.name != "__pycache__" for entry in folder.iterdir()):
            return
        shutil.rmtree(folder)
        folder = folder.parent


if __name__ == "__main__":
    sys.exit(main())
