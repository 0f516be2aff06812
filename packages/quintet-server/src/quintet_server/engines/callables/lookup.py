"""Looking for a function without running anything: what `quintet apply` checks."""

from __future__ import annotations

import ast
from pathlib import Path

from quintet_server.engines.callables.model import Target

_FILE_MAX_BYTES = 4 * 1024 * 1024


def problem_of(target: Target) -> str | None:
    """Why this function cannot be called, or None if it looks as if it could.

    The file must exist and be Python, with the function at its top level: defined, imported or
    assigned there. A `def` must take one argument.
    """
    try:
        source = _read(target.file)
        tree = ast.parse(source, filename=str(target.file))
    except FileNotFoundError:
        return f"there is no file {target.file}"
    except OSError as error:
        return f"{target.file} cannot be read: {error.strerror}"
    except SyntaxError as error:
        return f"{target.file.name} is not valid Python: {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError) as error:
        return f"{target.file.name} is not valid Python: {error}"
    names: dict[str, ast.stmt] = {}
    for statement in _top_level(tree.body):
        names.update(dict.fromkeys(_defined(statement), statement))
    if target.function not in names:
        functions = [name for name, at in names.items() if _is_function(at) and name[0] != "_"]
        known = f" (it has: {', '.join(functions[:10])})" if functions else ""
        return f"{target.file.name} has no function {target.function}{known}"
    return _signature_problem(names[target.function], target)


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise FileNotFoundError
    if file.stat().st_size > _FILE_MAX_BYTES:
        raise ValueError(f"it has more than {_FILE_MAX_BYTES} bytes")
    return file.read_bytes()


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a module, those under `if` and `try` included."""
    found: list[ast.stmt] = []
    for statement in body:
        found.append(statement)
        for part in ("body", "orelse", "handlers", "finalbody"):
            if isinstance(statement, (ast.If, ast.Try, ast.With)):
                inner = getattr(statement, part, [])
                blocks = [
                    each.body if isinstance(each, ast.ExceptHandler) else [each] for each in inner
                ]
                found += _top_level([one for block in blocks for one in block])
    return found


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in statement.names]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _is_function(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))


def _signature_problem(statement: ast.stmt, target: Target) -> str | None:
    if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    if statement.decorator_list:  # may change what it takes
        return None
    place = f"{target.file.name}:{statement.lineno}: {target.function}"
    given = statement.args
    positional = len(given.posonlyargs) + len(given.args)
    if positional == 0 and given.vararg is None:
        return f"{place} must take one argument: it takes none"
    if positional - len(given.defaults) > 1:
        return f"{place} must take one argument: it takes {positional}"
    if any(default is None for default in given.kw_defaults):
        return f"{place} must take one argument: it requires keyword arguments too"
    return None
