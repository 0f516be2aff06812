"""Which file is generated from which, with which names."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.async_to_sync.names import acompat_pairs
from tools.layout import ROOT

MARK = "# Generated from "


@dataclass(frozen=True)
class Twin:
    """A source and the file generated from it."""

    source: Path
    target: Path
    shown: str  # the source as the header names it: below `src`, or below the package


@dataclass(frozen=True)
class Scope:
    """A package, or the repository's own tests: files that share one table of rules."""

    name: str
    folder: Path
    settings: Path

    def rules(self) -> dict[str, str]:
        """The table `[tool.async_to_sync.names]` of the scope's own pyproject."""
        return names_in(self.settings)

    def twins(self) -> list[Twin]:
        """Every source under an `_async` folder, with its target."""
        found = []
        for folder in self._folders("_async"):
            for source in sorted(folder.rglob("*.py")):
                target = folder.parent / "_sync" / source.relative_to(folder)
                found.append(Twin(source, target, self._shown(source)))
        return found

    def generated(self) -> set[Path]:
        """Every Python file that now stands under a `_sync` folder."""
        return {path for folder in self._folders("_sync") for path in folder.rglob("*.py")}

    def _folders(self, name: str) -> Iterator[Path]:
        for part in ("src", "tests"):
            root = self.folder / part
            yield from sorted(path for path in root.rglob(name) if path.is_dir())

    def _shown(self, source: Path) -> str:
        src = self.folder / "src"
        base = src if source.is_relative_to(src) else self.folder
        return source.relative_to(base).as_posix()


def names_in(settings: Path) -> dict[str, str]:
    """The table `[tool.async_to_sync.names]` of a pyproject; empty without one."""
    if not settings.exists():
        return {}
    tool = tomllib.loads(settings.read_text(encoding="utf-8")).get("tool", {})
    return dict(tool.get("async_to_sync", {}).get("names", {}))


def scopes(root: Path = ROOT, only: list[str] | None = None) -> list[Scope]:
    """The packages, and the repository itself for `tests/`, by name; `only` selects some."""
    found = [
        Scope(settings.parent.name, settings.parent, settings)
        for settings in sorted(root.glob("packages/*/pyproject.toml"))
    ]
    found.append(Scope("tests", root, root / "pyproject.toml"))
    unknown = set(only or ()) - {scope.name for scope in found}
    if unknown:
        msg = f"no such package: {', '.join(sorted(unknown))}"
        raise SystemExit(msg)
    return [scope for scope in found if not only or scope.name in only]


def pairs_for(source: str, path: Path, root: Path = ROOT) -> dict[str, str]:
    """The `_acompat` pairs among the names that this source imports."""
    pairs: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module.split(".")[-1] != "_acompat":
            continue
        module = _acompat_file(node, path, root)
        if module is None:
            msg = f"{path}:{node.lineno}: no file for {'.' * node.level}{node.module}"
            raise SystemExit(msg)
        known = acompat_pairs(module.read_text(encoding="utf-8"))
        pairs |= {alias.name: known[alias.name] for alias in node.names if alias.name in known}
    return pairs


def _acompat_file(node: ast.ImportFrom, path: Path, root: Path) -> Path | None:
    relative = Path(*(node.module or "").split(".")).with_suffix(".py")
    if node.level:
        candidates = [path.parents[node.level - 1] / relative]
    else:
        candidates = [src / relative for src in sorted(root.glob("packages/*/src"))]
        candidates.append(root / relative)
    return next((candidate for candidate in candidates if candidate.exists()), None)
