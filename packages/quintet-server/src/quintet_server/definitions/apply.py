"""Applying definition files: check everything first, then write everything or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quintet_server.definitions.documents import Document, Mistake, find_files, read_documents
from quintet_server.definitions.kinds import Kind, Outcome
from quintet_server.store.database import Connection, Database
from quintet_server.store.keys import ensure_project

__all__ = ["Applied", "BadDefinitions", "DefinitionError", "apply_definitions"]


_NO_SUCH_FIELD = "there is no such field"
# One at a time, however long the other takes: what it has made is found, and not made again.
_PATIENCE = "SET LOCAL lock_timeout = 0"
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('definitions', 0))"


class BadDefinitions(Exception):
    """Some files have mistakes; nothing was written. ``mistakes`` lists all that were found."""

    def __init__(self, mistakes: Sequence[Mistake]):
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = list(mistakes)


class DefinitionError(Exception):
    """Raised by a kind while it is applied, for what only the database can tell."""

    def __init__(self, message: str, *location: str | int):
        """``location``: path of the field within ``spec``, if it is one field's fault."""
        super().__init__(message)
        self.location = location


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one document."""

    service: str
    project: str
    kind: str
    name: str
    outcome: Outcome
    warnings: Sequence[Mistake] = ()


class _Head(BaseModel):
    """What every document has."""

    model_config = ConfigDict(extra="forbid", strict=True)

    service: str
    kind: str
    name: str = Field(min_length=1, max_length=200)
    project: str = Field(default="default", min_length=1, max_length=200)
    spec: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Checked:
    document: Document
    head: _Head
    kind: Kind
    spec: Any
    warnings: Sequence[Mistake]


async def apply_definitions(
    db: Database, paths: Path | Sequence[Path], kinds: Iterable[Kind]
) -> list[Applied]:
    """Apply files and folders in one transaction; applying them again changes nothing.

    What a document refers to may be in any of them, before or behind it. Waits for another call
    that is applying.

    Raises :class:`BadDefinitions` with every mistake in every file, FileNotFoundError when there
    is nothing at one of ``paths``.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    checked = _check(paths, {(kind.service, kind.kind): kind for kind in kinds})
    async with db.transaction() as conn:
        await conn.execute(_PATIENCE)
        await conn.execute(_TURN)
        in_order = sorted(checked, key=lambda item: item.kind.order)
        return [await _apply(conn, item) for item in in_order]


def _check(paths: Sequence[Path], kinds: dict[tuple[str, str], Kind]) -> list[_Checked]:
    checked: list[_Checked] = []
    mistakes: list[Mistake] = []
    # A file that is named beside its folder is one file.
    files = {file.resolve(): file for path in paths for file in find_files(path)}
    for file in files.values():
        documents, found = read_documents(file)
        mistakes += found
        for document in documents:
            try:
                checked.append(_check_document(document, kinds))
            except BadDefinitions as bad:
                mistakes += bad.mistakes
    mistakes += _named_twice(checked)
    if mistakes:
        raise BadDefinitions(mistakes)
    return checked


def _check_document(document: Document, kinds: dict[tuple[str, str], Kind]) -> _Checked:
    if not isinstance(document.value, dict):
        raise _bad(document, (), "a document is a mapping with service, kind, name and spec")
    try:
        head = _Head.model_validate(document.value)
    except ValidationError as error:
        raise BadDefinitions(_mistakes(document, (), error, _Head)) from None
    kind = kinds.get((head.service, head.kind))
    if kind is None:
        known = ", ".join(f"{service}/{name}" for service, name in sorted(kinds)) or "none"
        message = f"there is no kind {head.kind!r} in service {head.service!r} (known: {known})"
        raise _bad(document, ("kind",), message)
    try:
        spec = kind.model.model_validate(head.spec)
    except ValidationError as error:
        raise BadDefinitions(_mistakes(document, ("spec",), error, kind.model)) from None
    if unknown := _unknown_fields(document, kind.model, head.spec):
        raise BadDefinitions(unknown)
    return _Checked(document, head, kind, *_read(document, kind, spec))


def _read(document: Document, kind: Kind, spec: BaseModel) -> tuple[Any, list[Mistake]]:
    """Let the kind look closer; returns what is to be applied, and warnings."""
    if kind.read is None:
        return spec, []
    mistakes: list[Mistake] = []
    warnings: list[Mistake] = []

    def report(message: str, *location: str | int, fatal: bool = True) -> None:
        found = mistakes if fatal else warnings
        found.append(_mistake(document, ("spec", *location), message))

    complete = kind.read(document.file, spec, report)
    if mistakes:
        raise BadDefinitions(mistakes)
    return complete, warnings


def _unknown_fields(
    document: Document, model: type[BaseModel], spec: dict[str, Any]
) -> list[Mistake]:
    """Models that also read requests let unknown fields pass; in a file those are mistakes."""
    if model.model_config.get("extra") == "allow":
        return []
    known = _fields(model)
    message = f"{_NO_SUCH_FIELD} (known: {', '.join(known)})"
    return [_mistake(document, ("spec", name), message) for name in spec if name not in known]


def _fields(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _named_twice(checked: Sequence[_Checked]) -> list[Mistake]:
    seen: dict[tuple[str, str, str, str], Document] = {}
    mistakes = []
    for item in checked:
        head = item.head
        first = seen.setdefault((head.service, head.project, head.kind, head.name), item.document)
        if first is not item.document:
            place = f"{first.file}:{first.line_of(('name',))}"
            message = f"{head.service} {head.kind} {head.name!r} is defined in {place} already"
            line = item.document.line_of(("name",))
            mistakes.append(Mistake(item.document.file, line, "name", message))
    return mistakes


async def _apply(conn: Connection, item: _Checked) -> Applied:
    head = item.head
    project_id = await ensure_project(conn, head.service, head.project)
    try:
        outcome = await item.kind.apply(conn, project_id, head.name, item.spec)
    except DefinitionError as error:
        raise _bad(item.document, ("spec", *error.location), str(error)) from error
    return Applied(head.service, head.project, head.kind, head.name, outcome, item.warnings)


def _mistakes(
    document: Document,
    base: tuple[str | int, ...],
    error: ValidationError,
    model: type[BaseModel],
) -> list[Mistake]:
    found = []
    for problem in error.errors():
        message = _sentence(problem["type"], problem["msg"])
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
            message = f"{message} (known: {', '.join(_fields(model))})"
        found.append(_mistake(document, (*base, *problem["loc"]), message))
    return found


def _sentence(kind: str, message: str) -> str:
    known = {"extra_forbidden": _NO_SUCH_FIELD, "missing": "is required"}
    return known.get(kind, message.removeprefix("Value error, "))


def _mistake(document: Document, at: tuple[str | int, ...], message: str) -> Mistake:
    field = ".".join(str(part) for part in at)
    return Mistake(document.file, document.line_of(at), field, message)


def _bad(document: Document, at: tuple[str | int, ...], message: str) -> BadDefinitions:
    return BadDefinitions([_mistake(document, at, message)])
