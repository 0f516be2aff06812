"""Gate: each package runs on the oldest Python it promises, in syntax and standard library.

The floor is `requires-python`. Newer names are allowed where the code asks first: inside an `if`
on `sys.version_info`, or in a `try` that catches ImportError.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.layout import ROOT, packages, report

Version = tuple[int, int]

# Standard library by the version that brought it: modules, names of modules, and methods that
# are unmistakable by name. mypy, run at the floor, knows the rest.
NAMES: Mapping[Version, str] = {
    (3, 11): """
        tomllib wsgiref.types importlib.resources.abc
        asyncio.Barrier asyncio.Runner asyncio.TaskGroup asyncio.timeout asyncio.timeout_at
        contextlib.chdir datetime.UTC enum.EnumCheck enum.ReprEnum enum.StrEnum enum.member
        enum.nonmember enum.property enum.verify hashlib.file_digest http.HTTPMethod
        inspect.getmembers_static inspect.ismethodwrapper logging.getLevelNamesMapping math.cbrt
        math.exp2 operator.call re.NOFLAG sys.exception typing.LiteralString typing.Never
        typing.NotRequired typing.Required typing.Self typing.TypeVarTuple typing.Unpack
        typing.assert_never typing.assert_type typing.clear_overloads typing.dataclass_transform
        typing.get_overloads typing.reveal_type
        ExceptionGroup BaseExceptionGroup .add_note .uncancel .cancelling
    """,
    (3, 12): """
        calendar.Month calendar.Day collections.abc.Buffer inspect.BufferFlags itertools.batched
        asyncio.create_eager_task_factory asyncio.eager_task_factory math.sumprod
        sys.monitoring types.get_original_bases typing.TypeAliasType typing.override
    """,
    (3, 13): """
        asyncio.QueueShutDown base64.z85decode base64.z85encode copy.replace dbm.sqlite3
        math.fma os.process_cpu_count queue.ShutDown typing.NoDefault typing.ReadOnly
        typing.TypeIs typing.get_protocol_members typing.is_protocol warnings.deprecated
        PythonFinalizationError pathlib.UnsupportedOperation
    """,
    (3, 14): """
        annotationlib compression concurrent.interpreters string.templatelib functools.Placeholder
        uuid.uuid6 uuid.uuid7 uuid.uuid8 heapq.heapify_max io.Reader io.Writer
        concurrent.futures.InterpreterPoolExecutor
    """,
}
SINCE: Mapping[str, Version] = {
    name: version for version, names in NAMES.items() for name in names.split()
}

BUILTINS = frozenset(("ExceptionGroup", "BaseExceptionGroup", "PythonFinalizationError"))


def violations(root: Path = ROOT) -> list[str]:
    """Every use of something newer than the floor of its package."""
    found = []
    for package in packages(root):
        for path in package.modules().values():
            shown = path.relative_to(root)
            source = path.read_text(encoding="utf-8")
            found += [
                f"{shown}:{line}: {reason} (this package runs on {_dotted(package.floor)})"
                for line, reason in too_new(source, package.floor)
            ]
    return found


def too_new(source: str, floor: Version) -> list[tuple[int, str]]:
    """Line and name of everything in `source` that `floor` does not have."""
    try:
        tree = ast.parse(source, feature_version=floor)
    except SyntaxError as error:
        return [(error.lineno or 0, f"syntax: {error.msg}")]
    return sorted(set(_newer(tree, floor, _modules_by_name(tree))))


def _newer(node: ast.AST, floor: Version, named: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.If) and "version_info" in ast.dump(node.test):
        return
    if isinstance(node, ast.Try) and any(_catches_import(each) for each in node.handlers):
        return
    if isinstance(node, ast.TryStar) and floor < (3, 11):
        yield node.lineno, "syntax: except*"
    for name in _mentioned(node, named):
        if SINCE.get(name, floor) > floor:
            line = getattr(node, "lineno", 0)
            yield line, f"{name.removeprefix('.')} is new in {_dotted(SINCE[name])}"
    for child in ast.iter_child_nodes(node):
        yield from _newer(child, floor, named)


def _mentioned(node: ast.AST, named: Mapping[str, str]) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom(level=0, module=str(module)):
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        case ast.Attribute(value=ast.Name(id=name)) if name in named:
            yield f"{named[name]}.{node.attr}"
        case ast.Call(func=ast.Attribute(attr=method)):
            yield f".{method}"
        case ast.Name(id=name) if name in BUILTINS:
            yield name
        case _:
            pass


def _modules_by_name(tree: ast.AST) -> dict[str, str]:
    """The local names of imported modules: `import asyncio as aio` gives aio -> asyncio."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def _catches_import(handler: ast.ExceptHandler) -> bool:
    caught = ast.dump(handler.type) if handler.type else ""
    return "ImportError" in caught or "ModuleNotFoundError" in caught


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


if __name__ == "__main__":
    sys.exit(report(violations(), "ask for sys.version_info first, or do without"))
