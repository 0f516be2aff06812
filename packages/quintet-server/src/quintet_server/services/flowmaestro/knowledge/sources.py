"""What a definition says of a knowledge base, and the documents it names.

Everything that can be told without a database is checked here, before anything is written: that the
files are there, can be read, are of a known format and within the bounds.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from quintet_server.definitions.kinds import Report
from quintet_server.engines.texts.extraction import ExtractionError, Format, extract
from quintet_server.engines.texts.formats import format_of, is_readable
from quintet_server.engines.texts.settings import TextSettings
from quintet_server.services.flowmaestro.knowledge.settings import KnowledgeSettings

__all__ = ["KnowledgeBaseSpec", "KnowledgeSources", "SourceDocument", "read_sources"]

_NAME_MAX_CHARS = 500
_METADATA_MAX_BYTES = 16 * 1024
_CHUNK_SIZE = 1_000
_CHUNK_OVERLAP = 200
_GLOB = re.compile(r"[*?\[]")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
# Files looked at for one entry, whatever they are.
_LOOKED_AT_MAX_COUNT = 200_000


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    return text


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL")
    return text


_Title = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
_DocumentName = Annotated[
    str, Field(min_length=1, max_length=_NAME_MAX_CHARS), AfterValidator(_one_line)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DocumentEntry(_Strict):
    """Documents from files, or one from the definition itself."""

    path: Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_storable)] | None = (
        None
    )
    """A file, a folder or a pattern, relative to the definition file."""
    text: Annotated[str, Field(min_length=1)] | None = None
    name: _DocumentName | None = None
    """Needed with `text`; with the path of one file it replaces the file's name."""
    metadata: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> DocumentEntry:
        if (self.path is None) == (self.text is None):
            raise ValueError("needs either path or text")
        if self.text is not None and self.name is None:
            raise ValueError("a document given as text needs a name")
        return self


class KnowledgeBaseSpec(_Strict):
    """What `spec` of a `kind: knowledge_base` can say."""

    name: _Title | None = None
    """How it is shown; the document's name unless given. `title` is another word for it."""
    title: _Title | None = None
    description: Annotated[str, Field(max_length=2_000), AfterValidator(_storable)] | None = None
    embedding_model: _Title | None = None
    """The server's (`QUINTET_EMBED_MODEL`) unless given."""
    chunk_size: int = Field(default=_CHUNK_SIZE, ge=50, le=8_000)
    chunk_overlap: int | None = Field(default=None, ge=0)
    documents: list[DocumentEntry] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> KnowledgeBaseSpec:
        if self.name is not None and self.title is not None:
            raise ValueError("name and title are the same thing: give one of them")
        if self.overlap >= self.chunk_size:
            raise ValueError(
                f"chunk_overlap ({self.overlap}) must be below chunk_size ({self.chunk_size})"
            )
        return self

    @property
    def overlap(self) -> int:
        """As given, else 200 or a fifth of a smaller piece."""
        if self.chunk_overlap is not None:
            return self.chunk_overlap
        return min(_CHUNK_OVERLAP, self.chunk_size // 5)


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document as the definition has it; its bytes are read again when they are needed."""

    name: str
    format: Format
    digest: str
    metadata: dict[str, Any]
    location: tuple[str | int, ...]
    path: Path | None = None
    text: str = ""

    def load(self) -> bytes:
        """The bytes. Raises OSError."""
        return self.text.encode() if self.path is None else self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class KnowledgeSources:
    """A definition with all of its documents."""

    spec: KnowledgeBaseSpec
    documents: Sequence[SourceDocument]


def read_sources(file: Path, spec: KnowledgeBaseSpec, report: Report) -> KnowledgeSources:
    """Look at every document that a definition names; what is wrong with any is reported."""
    reader = _Reader(file.parent, report)
    for number, entry in enumerate(spec.documents):
        reader.read(entry, ("documents", number))
        if reader.is_full:
            break
    return KnowledgeSources(spec, list(reader.documents.values()))


@dataclass(slots=True)
class _Reader:
    folder: Path
    report: Report
    limits: KnowledgeSettings = field(default_factory=KnowledgeSettings)
    texts: TextSettings = field(default_factory=TextSettings)
    documents: dict[str, SourceDocument] = field(default_factory=dict)
    bytes_count: int = 0
    is_full: bool = False

    def read(self, entry: DocumentEntry, at: tuple[str | int, ...]) -> None:
        if problem := _metadata_problem(entry.metadata):
            self.report(problem, *at, "metadata")
        elif entry.text is not None:
            name = entry.name or ""
            format = format_of(name) if is_readable(name) else Format.TEXT
            self._add(entry, at, name, format, entry.text.encode(errors="replace"), None)
        else:
            for path in self._files(entry, at):
                if not self.is_full:
                    self._read_file(entry, at, path)

    def _read_file(self, entry: DocumentEntry, at: tuple[str | int, ...], path: Path) -> None:
        name = entry.name or _name_of(path, self.folder)
        try:
            size = path.stat().st_size
            if size > self.texts.document_max_bytes:
                self.report(
                    f"{path}: it has {size} bytes, more than {self.texts.document_max_bytes} "
                    "(QUINTET_TEXTS_DOCUMENT_MAX_BYTES)",
                    *at,
                    "path",
                )
                return
            format = format_of(path.name)
            data = path.read_bytes()
            if format in (Format.MARKDOWN, Format.TEXT):  # the others cost time, and have a job
                extract(name, format.value, data, self.texts)
        except OSError as error:
            self.report(f"{path}: {error.strerror or error}", *at, "path")
        except ExtractionError as error:
            self.report(f"{path}: {error}", *at, "path")
        else:
            self._add(entry, at, name, format, data, path)

    def _add(
        self,
        entry: DocumentEntry,
        at: tuple[str | int, ...],
        name: str,
        format: Format,
        data: bytes,
        path: Path | None,
    ) -> None:
        where = "name" if entry.name is not None else "path"
        if problem := _name_problem(name):
            self.report(f"{name!r}: {problem}", *at, where)
        elif name in self.documents:
            first = ".".join(map(str, ("spec", *self.documents[name].location)))
            self.report(f"{name!r} is in {first} already", *at, where)
        else:
            digest = hashlib.sha256(data).hexdigest()
            text = entry.text or ""
            self.documents[name] = SourceDocument(
                name, format, digest, entry.metadata, at, path, text
            )
            self._count(len(data), at)

    def _count(self, size: int, at: tuple[str | int, ...]) -> None:
        self.bytes_count += size
        limits, unit = self.limits, "QUINTET_KNOWLEDGE_DOCUMENTS_MAX"
        if len(self.documents) > limits.documents_max_count:
            most = limits.documents_max_count
            self.report(f"there are more than {most} documents ({unit}_COUNT)", *at)
            self.is_full = True
        elif self.bytes_count > limits.documents_max_bytes:
            most = limits.documents_max_bytes
            self.report(f"the documents have more than {most} bytes together ({unit}_BYTES)", *at)
            self.is_full = True

    def _files(self, entry: DocumentEntry, at: tuple[str | int, ...]) -> list[Path]:
        given = entry.path or ""
        path = self.folder / given
        if path.is_file():
            return [path]
        found: list[Path] = []
        if path.is_dir():
            what, found = "folder", _readable(_below(path))
        elif _GLOB.search(given):
            what, found = "pattern", _readable(_matching(given, self.folder))
        else:
            self.report(f"there is no file or folder {path}", *at, "path")
            return []
        if entry.name is not None:
            self.report("only one document can be given a name", *at, "name")
        elif not found:
            self.report(f"the {what} {path} has no document that can be read", *at, "path")
        return found


def _below(folder: Path) -> Iterator[Path]:
    """The files in and below a folder, without hidden ones."""
    for path in folder.rglob("*"):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _matching(pattern: str, folder: Path) -> Iterator[Path]:
    # Unlike pathlib's it takes absolute patterns, and leaves hidden files out.
    for name in glob.iglob(pattern, root_dir=folder, recursive=True):  # noqa: PTH207
        yield folder / name


def _readable(paths: Iterator[Path]) -> list[Path]:
    seen = islice(paths, _LOOKED_AT_MAX_COUNT)
    return sorted(path for path in seen if is_readable(path.name) and path.is_file())


def _name_of(path: Path, folder: Path) -> str:
    """The path as seen from the definition, without the way up: short, and the same everywhere."""
    relative = Path(os.path.relpath(path, folder)).as_posix()
    while relative.startswith("../"):
        relative = relative[3:]
    return relative


def _name_problem(name: str) -> str | None:
    if not name.isprintable():
        return "a name must not contain control characters, and must be valid text"
    if len(name) > _NAME_MAX_CHARS:
        return f"a name has at most {_NAME_MAX_CHARS} characters"
    return None


def _metadata_problem(metadata: dict[str, Any]) -> str | None:
    try:
        data = orjson.dumps(metadata)
    except TypeError as error:
        return f"is no JSON: {error}"
    if b"\\u0000" in data:
        return "must not contain NUL"
    if len(data) > _METADATA_MAX_BYTES:
        return f"has more than {_METADATA_MAX_BYTES} bytes"
    return None
