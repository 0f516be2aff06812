"""Reading definition files, with the line of every field at hand for messages.

YAML is read by the rules of JSON: ``true`` and ``false`` are the only booleans (``on`` and ``no``
are words), dates are text, and a key that appears twice is a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Document", "Mistake", "find_files", "read_documents"]

_SUFFIXES = (".yaml", ".yml", ".json")
_NUMBER_STARTS = list("-0123456789")

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a file."""

    file: Path
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return (
            f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"
        )


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its value, and the line on which each part of it begins."""

    file: Path
    value: Any
    lines: dict[Location, int]

    def line_of(self, location: Sequence[str | int]) -> int:
        """Return the line of a field, or of the nearest thing around it that is there."""
        place = tuple(location)
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Scalars as in JSON."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"(?:null|~|)\Z"), ["n", "~", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]*)\Z"), _NUMBER_STARTS
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z"),
    _NUMBER_STARTS,
)


def find_files(path: Path) -> list[Path]:
    """Return the file itself, or every definition file in and below a folder, sorted.

    Hidden files and folders are left out. Raises FileNotFoundError.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"there is no file or folder {path}")
    files = (file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    return sorted(
        file
        for file in files
        if not any(part.startswith(".") for part in file.relative_to(path).parts)
    )


def read_documents(file: Path) -> tuple[list[Document], list[Mistake]]:
    """Read a file; documents are separated by ``---``. Empty ones are left out."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [], [Mistake(file, 1, "", "is not UTF-8 text")]
    # JSON may be indented with tabs, YAML may not; between tokens both mean a blank.
    text = text.replace("\t", " ") if file.suffix == ".json" else text
    documents: list[Document] = []
    mistakes: list[Mistake] = []
    try:
        for document, twice in _parse(file, text):
            mistakes += twice
            if document.value is not None:
                documents.append(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        mistakes.append(Mistake(file, line, "", error.problem or "is not valid YAML"))
    except (yaml.YAMLError, ValueError) as error:  # a control character, a number that is none
        mistakes.append(Mistake(file, 1, "", str(error).splitlines()[0]))
    except RecursionError:
        mistakes.append(Mistake(file, 1, "", "is nested too deeply"))
    return documents, mistakes


def _parse(file: Path, text: str) -> Iterator[tuple[Document, list[Mistake]]]:
    """Yield each document and the keys in it that appear twice."""
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # check_node() said so
            lines: dict[Location, int] = {}
            twice = [
                Mistake(file, line, ".".join(map(str, at)), "appears twice")
                for at, line in _walk(node, (), lines)
            ]
            yield Document(file, loader.construct_document(node), lines), twice
    finally:
        loader.dispose()


def _walk(
    node: yaml.Node, at: Location, lines: dict[Location, int]
) -> Iterator[tuple[Location, int]]:
    """Note the line of every part below a node; yields mapping keys that appear twice."""
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = (*at, str(key.value))
            line = key.start_mark.line + 1
            if name in seen:
                yield name, line
            seen.add(name)
            lines[name] = line
            yield from _walk(value, name, lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _walk(item, (*at, number), lines)
