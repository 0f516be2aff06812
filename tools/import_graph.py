"""Who imports whom: every import statement of a set of modules, typing-only ones included."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Import:
    """One edge: `importer` names `target` on this line."""

    importer: str
    line: int
    target: str
    typing_only: bool = False


def imports_of(module: str, path: Path) -> list[Import]:
    """Every import of one module, wherever it stands; relative ones resolved.

    `from a import b` yields `a.b`: only who knows all modules can tell whether `b` is one.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return list(_imports(tree, module, package, typing_only=False))


def _imports(node: ast.AST, module: str, package: str, *, typing_only: bool) -> Iterator[Import]:
    match node:
        case ast.Import():
            for alias in node.names:
                yield Import(module, node.lineno, alias.name, typing_only)
        case ast.ImportFrom():
            base = _resolved(node, package)
            for alias in node.names:
                target = base if alias.name == "*" else f"{base}.{alias.name}"
                yield Import(module, node.lineno, target, typing_only)
        case ast.If() if _is_typing_check(node.test):
            for guarded in node.body:
                yield from _imports(guarded, module, package, typing_only=True)
            for other in node.orelse:
                yield from _imports(other, module, package, typing_only=typing_only)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _imports(child, module, package, typing_only=typing_only)


def _resolved(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


def _is_typing_check(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def landed(target: str, modules: Iterable[str]) -> str:
    """The module that an import of `target` reaches: itself, or the one that defines the name."""
    known = modules if isinstance(modules, set | dict) else set(modules)
    while target not in known and "." in target:
        target = target.rpartition(".")[0]
    return target


def cycles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Every group of modules that import each other, each as one closed path."""
    return [_path_round(group, edges) for group in _groups(edges)]


def _groups(edges: Mapping[str, set[str]]) -> list[set[str]]:
    """Strongly connected groups of more than one module (Tarjan, with an explicit stack)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []
    for start in sorted(edges):
        if start in order:
            continue
        order[start] = low[start] = len(order)
        stack.append(start)
        walk = [(start, iter(sorted(edges.get(start, ()))))]
        while walk:
            node, targets = walk[-1]
            for target in targets:
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    walk.append((target, iter(sorted(edges.get(target, ())))))
                    break
                if target in stack:
                    low[node] = min(low[node], order[target])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == order[node]:
                    at = stack.index(node)
                    group, stack = set(stack[at:]), stack[:at]
                    if len(group) > 1 or node in edges.get(node, ()):
                        found.append(group)
    return found


def _path_round(group: set[str], edges: Mapping[str, set[str]]) -> list[str]:
    """A shortest way from the group's first module back to itself."""
    start = min(group)
    paths = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for target in sorted(edges.get(path[-1], set()) & group):
            if target == start:
                return [*path, start]
            if target not in seen:
                seen.add(target)
                paths.append([*path, target])
    return [start]
