"""Gate: both faces of everything agree: public names, parameters, defaults, docstrings.

The twin is generated, so this looks at something else than the generator does: at the imported
modules, as a user's program would see them.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from tools.async_to_sync.names import Names
from tools.async_to_sync.twins import names_in, pairs_for
from tools.layout import ROOT, Package, packages, report


def violations(root: Path = ROOT) -> list[str]:
    """Every difference between a module under `_async` and its twin under `_sync`."""
    found: list[str] = []
    for package in packages(root):
        for module, path in package.modules().items():
            if "_async" in module.split("."):
                names = _names(package, path, root)
                twin = module.replace("._async", "._sync")
                if twin not in package.modules():
                    found.append(f"{module}: has no twin")
                    continue
                one, other = importlib.import_module(module), importlib.import_module(twin)
                found += [f"{module}: {each}" for each in differences(one, other, path, names)]
        found += _lonely_exports(package)
    return found


def differences(one: ModuleType, other: ModuleType, path: Path, names: Names) -> Iterator[str]:
    """What the async module has and its twin has not, or has otherwise."""
    mine = {names.rename(name): name for name in _public(path)}
    for renamed, name in sorted(mine.items()):
        if not hasattr(other, renamed):
            yield f"{name}: the twin has no {renamed}"
            continue
        yield from _compared(name, getattr(one, name), getattr(other, renamed), names)
    yield from _extra(other, set(mine))


def _extra(other: ModuleType, expected: set[str]) -> Iterator[str]:
    file = other.__file__
    assert file
    for name in sorted(set(_public(Path(file))) - expected):
        yield f"the twin has {name}, the source has not"


def _public(path: Path) -> list[str]:
    """The public classes and functions that a module defines, decided branches included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return [
        node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")
    ]


def _compared(name: str, one: Any, other: Any, names: Names) -> Iterator[str]:
    if _doc(one) is not None and names.rewrite(_doc(one) or "") != (_doc(other) or ""):
        yield f"{name}: docstrings differ"
    if inspect.isclass(one) and inspect.isclass(other):
        yield from _members_compared(name, one, other, names)
    elif inspect.isfunction(one):
        yield from _signatures_compared(name, one, other, names)


def _members_compared(name: str, one: type, other: type, names: Names) -> Iterator[str]:
    mine = {names.rename(key): value for key, value in vars(one).items() if _counts(key, value)}
    theirs = {key: value for key, value in vars(other).items() if _counts(key, value)}
    for key in sorted(mine.keys() ^ theirs.keys()):
        yield f"{name}.{key}: only in {'the source' if key in mine else 'the twin'}"
    for key in sorted(mine.keys() & theirs.keys()):
        one_member, other_member = _plain(mine[key]), _plain(theirs[key])
        if type(one_member) is not type(other_member):
            yield f"{name}.{key}: of another kind in the twin"
            continue
        yield from _compared(f"{name}.{key}", one_member, other_member, names)


def _counts(key: str, value: Any) -> bool:
    if key.startswith("_") and key != "__init__":
        return False
    return inspect.isroutine(_plain(value)) or isinstance(value, property | cached_property)


def _plain(value: Any) -> Any:
    return value.__func__ if isinstance(value, classmethod | staticmethod) else value


def _signatures_compared(name: str, one: Any, other: Any, names: Names) -> Iterator[str]:
    mine, theirs = _parameters(one, names), _parameters(other, Names())
    if [each[:2] for each in mine] != [each[:2] for each in theirs]:
        yield f"{name}: parameters differ: {_shown(mine)} against {_shown(theirs)}"
    elif mine != theirs:
        yield f"{name}: defaults differ: {_shown(mine)} against {_shown(theirs)}"


def _parameters(function: Any, names: Names) -> list[tuple[str, str, str]]:
    return [
        (names.rename(each.name), each.kind.name, names.rename_classes(_default(each.default)))
        for each in inspect.signature(function).parameters.values()
    ]


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return ""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value)).replace("_async", "_sync")


def _shown(parameters: list[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name}={default}" if default else name for name, _, default in parameters)


def _doc(value: Any) -> str | None:
    return inspect.cleandoc(value.__doc__) if getattr(value, "__doc__", None) else None


def _names(package: Package, path: Path, root: Path) -> Names:
    rules = names_in(root / "pyproject.toml") | names_in(package.folder / "pyproject.toml")
    return Names(rules, pairs_for(path.read_text(encoding="utf-8"), path, root))


def _lonely_exports(package: Package) -> list[str]:
    """An exported `AsyncX` has its `X` beside it."""
    exported = set(getattr(importlib.import_module(package.import_name), "__all__", ()))
    names = Names(names_in(package.folder / "pyproject.toml"))
    return [
        f"{package.import_name}: exports {name} but not {names.rename(name)}"
        for name in sorted(exported)
        if names.rename(name) != name and names.rename(name) not in exported
    ]


if __name__ == "__main__":
    sys.exit(report(violations(), "edit the sources under _async, then run scripts/fix"))
