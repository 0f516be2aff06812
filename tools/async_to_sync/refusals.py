"""What the generator will not guess: constructs without a known sync counterpart, by line."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tools.async_to_sync.names import CLASS, SHARED, Names

LIBRARIES = {"asyncio", "anyio", "trio", "sniffio", "curio", "pytest_asyncio"}
UNKNOWN: Mapping[str, str] = {
    "__await__": "an awaitable object has no sync counterpart",
    "asend": "drive a generator elsewhere",
    "athrow": "drive a generator elsewhere",
    "isawaitable": "ask under `if ASYNC:`",
    "iscoroutine": "ask under `if ASYNC:`",
    "iscoroutinefunction": "ask under `if ASYNC:`",
    "create_task": "use aspawn of _acompat",
}


class Refused(Exception):
    """A source that cannot be converted; each reason names file and line."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


def is_async_flag(test: ast.expr) -> bool | None:
    """What `if ASYNC` or `if not ASYNC` is in the twin; None when it is another question."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = is_async_flag(test.operand)
        return None if inner is None else not inner
    return False if isinstance(test, ast.Name) and test.id == "ASYNC" else None


def refusals(source: str, where: str, names: Names) -> list[str]:
    """Every reason not to convert `source`, as `file:line: reason`."""
    tree = ast.parse(source)
    found = sorted(set(_walk(tree)) | set(_collisions(tree, names)))
    return [f"{where}:{line}: {reason}" for line, reason in found]


def _walk(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Check a node and its children, but not the branches that the twin drops."""
    if isinstance(node, ast.If | ast.IfExp):
        decided = is_async_flag(node.test)
        if decided is not None:
            kept = node.body if decided else node.orelse
            children: list[ast.AST] = list(kept) if isinstance(kept, list) else [kept]
            for child in children:
                yield from _walk(child)
            return
    if isinstance(node, ast.If):
        yield from _elif(node)
    yield from _check(node)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _check(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Import():
            for alias in node.names:
                yield from _library(node.lineno, alias.name)
                if alias.name.endswith("_acompat"):
                    yield node.lineno, "import the names of _acompat, not the module"
        case ast.ImportFrom():
            yield from _library(node.lineno, node.module or "")
            if "_sync" in (node.module or "").split("."):
                yield node.lineno, "the source imports its own twin"
            if any(alias.name == "_acompat" for alias in node.names):
                yield node.lineno, "import the names of _acompat, not the module"
        case ast.Name(id="ASYNC"):
            yield node.lineno, "ASYNC may only be asked as `if ASYNC` or `if not ASYNC`"
        case ast.Name() if node.id in UNKNOWN:
            yield node.lineno, f"{node.id}: {UNKNOWN[node.id]}"
        case ast.Attribute() if node.attr in UNKNOWN:
            yield node.lineno, f"{node.attr}: {UNKNOWN[node.attr]}"
        case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name in UNKNOWN:
            yield node.lineno, f"{node.name}: {UNKNOWN[node.name]}"
        case ast.Subscript(value=ast.Name(id="Coroutine")) if not _has_three(node.slice):
            yield node.lineno, "Coroutine needs its three arguments"
        case _:
            pass
    yield from _bare_awaitables(node)


def _elif(node: ast.If) -> Iterator[tuple[int, str]]:
    match node.orelse:
        case [ast.If() as chained] if chained.col_offset == node.col_offset:
            if is_async_flag(chained.test) is not None:
                yield chained.lineno, "`elif ASYNC`: nest it under `else:`"
        case _:
            pass


def _library(line: int, module: str) -> Iterator[tuple[int, str]]:
    library = module.split(".")[0]
    if library == "pytest_asyncio":
        yield line, "pytest_asyncio: the mode is auto, so pytest.fixture does"
    elif library in LIBRARIES:
        yield line, f"{library}: use a pair of _acompat, or put it under `if ASYNC:`"


def _has_three(node: ast.expr) -> bool:
    return isinstance(node, ast.Tuple) and len(node.elts) == 3


def _bare_awaitables(node: ast.AST) -> Iterator[tuple[int, str]]:
    for _, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.Name) or child.id not in {"Awaitable", "Coroutine"}:
                continue
            if not (isinstance(node, ast.Subscript) and child is node.value):
                yield child.lineno, f"{child.id} without arguments has no sync counterpart"


def _collisions(tree: ast.Module, names: Names) -> Iterator[tuple[int, str]]:
    """Two names that would become one: the module's, and each class's methods."""
    yield from _landing(_bound(tree.body), names, "the module")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _landing(_bound(node.body), names, f"class {node.name}")


def _landing(bound: dict[str, int], names: Names, where: str) -> Iterator[tuple[int, str]]:
    for name, line in bound.items():
        renamed = names.rename(name)
        ours = bool(CLASS.match(name)) or name in names.pairs or where != "the module"
        if renamed != name and renamed in bound and (ours and name not in _STDLIB):
            yield line, f"{name} becomes {renamed}, which {where} already has"


_STDLIB = {name for name in SHARED if name.startswith("Async")}


def _bound(body: list[ast.stmt]) -> dict[str, int]:
    bound: dict[str, int] = {}
    for node in body:
        match node:
            case ast.If():
                decided = is_async_flag(node.test)
                bound |= _bound(node.body) if decided in (None, True) else {}
                bound |= _bound(node.orelse) if decided in (None, False) else {}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound[node.name] = node.lineno
            case ast.ImportFrom() | ast.Import():
                bound |= {alias.asname or alias.name: node.lineno for alias in node.names}
            case ast.AnnAssign(target=ast.Name(id=name)):
                bound[name] = node.lineno
            case ast.Assign():
                targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
                bound |= dict.fromkeys(targets, node.lineno)
            case _:
                pass
    return bound
