"""Convert every source of a scope, remembering what did not change since the last time."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tools.async_to_sync.formatting import formatted
from tools.async_to_sync.names import Names
from tools.async_to_sync.refusals import Refused
from tools.async_to_sync.twins import Scope, Twin, names_in, pairs_for
from tools.layout import ROOT

CACHE = Path(".cache/async_to_sync")
PARALLEL_FROM = 8  # below this many sources, starting processes costs more than it saves


@dataclass(frozen=True)
class Work:
    """One source with everything that its conversion depends on."""

    twin: Twin
    source: str
    rules: dict[str, str]
    pairs: dict[str, str]

    def key(self, tool: str) -> str:
        """Equal keys give equal twins."""
        inputs = [tool, self.twin.shown, self.source, self.rules, self.pairs]
        return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


@dataclass
class Outcome:
    """The twins by path, the rules they needed, and the reasons for those that are missing."""

    texts: dict[Path, str] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def generate(scopes: list[Scope], root: Path = ROOT) -> Outcome:
    """Every twin of these scopes, formatted, without writing any."""
    tool = _fingerprint()
    outcome = Outcome(used={scope.name: set() for scope in scopes})
    missing: list[tuple[Scope, Work]] = []
    shared = names_in(root / "pyproject.toml")
    for scope in scopes:
        rules = shared | scope.rules()
        for twin in scope.twins():
            source = twin.source.read_text(encoding="utf-8")
            work = Work(twin, source, rules, pairs_for(source, twin.source, root))
            if cached := _recall(root / CACHE / work.key(tool)):
                outcome.texts[twin.target] = cached[0]
                outcome.used[scope.name] |= set(cached[1])
            else:
                missing.append((scope, work))
    _convert_missing(missing, outcome, root, tool)
    return outcome


def _convert_missing(
    missing: list[tuple[Scope, Work]], outcome: Outcome, root: Path, tool: str
) -> None:
    results = _converted([work for _, work in missing])
    raw: dict[Path, str] = {}
    done: dict[Path, tuple[Work, list[str]]] = {}
    for (scope, work), (text, used, reasons) in zip(missing, results, strict=True):
        outcome.refused += [f"{scope.name}: {reason}" for reason in reasons]
        if not reasons:
            relative = work.twin.target.relative_to(root)
            raw[relative] = text
            done[relative] = work, used
            outcome.used[scope.name] |= set(used)
    for relative, text in formatted(raw, root).items():
        work, used = done[relative]
        outcome.texts[root / relative] = text
        _remember(root / CACHE / work.key(tool), text, used)


def _converted(works: list[Work]) -> list[tuple[str, list[str], list[str]]]:
    if len(works) < PARALLEL_FROM:
        return [_convert_one(work) for work in works]
    with ProcessPoolExecutor() as pool:
        return list(pool.map(_convert_one, works, chunksize=4))


def _convert_one(work: Work) -> tuple[str, list[str], list[str]]:
    """The text, the rules used, the reasons for refusing."""
    # Loading the syntax tree library takes longer than everything a warm cache needs.
    from tools.async_to_sync.convert import convert

    names = Names(work.rules, work.pairs)
    try:
        return convert(work.source, work.twin.shown, names), sorted(names.used), []
    except Refused as refused:
        return "", [], refused.reasons


def _fingerprint() -> str:
    """What a twin depends on besides its source: this tool, ruff, and ruff's settings."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    for library in ("libcst", "ruff"):
        digest.update(importlib.metadata.version(library).encode())
    return digest.hexdigest()


def _recall(path: Path) -> tuple[str, list[str]] | None:
    try:
        remembered = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return remembered["text"], remembered["used"]


def _remember(path: Path, text: str, used: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps({"text": text, "used": used}), encoding="utf-8")
    scratch.replace(path)
