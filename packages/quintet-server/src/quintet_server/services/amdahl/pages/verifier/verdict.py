"""What the verifier found: a verdict with every error, each at its JSON pointer (RFC 6901).

Pointers begin at the spec in its canonical form (`/root/children/0/props/data`), or at the list of
queries (`/declared_queries/0/sql`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["STAGES", "Findings", "Kind", "Problem", "Stage", "pointer", "shown"]

Stage = Literal["spec", "bindings", "custom", "queries"]
Kind = Literal[
    "bad_shape",
    "unknown_component",
    "bad_prop",
    "missing_prop",
    "bad_child",
    "bad_binding",
    "unbound_query",
    "custom_forbidden",
    "invalid_sql",
]
STAGES: tuple[Stage, ...] = ("spec", "bindings", "custom", "queries")

# A spec full of nonsense has tens of thousands of errors; nobody reads more than these.
_ERRORS_MAX_COUNT = 200
_SHOWN_MAX_CHARS = 80


def pointer(base: str, *steps: str | int) -> str:
    """The pointer to something below `base`."""
    told = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return "/".join((base, *told))


def shown(value: Any) -> str:
    """A value as a message may repeat it: what it is, or a short text as it stands."""
    if isinstance(value, str):
        text = repr(value[:_SHOWN_MAX_CHARS])
        return text if len(value) <= _SHOWN_MAX_CHARS else f"{text}…"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return f"the number {value:g}" if abs(value) < 1e300 else "a huge number"
    return "a list" if isinstance(value, list) else "an object"


@dataclass(frozen=True, slots=True)
class Problem:
    """One error; `allowed` is what may stand there, if that is a list."""

    stage: Stage
    kind: Kind
    path: str
    message: str
    allowed: tuple[str, ...] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def shape(self) -> dict[str, Any]:
        """As the wire has it."""
        found: dict[str, Any] = {
            "stage": self.stage,
            "kind": self.kind,
            "path": self.path,
            "message": self.message,
        }
        if self.allowed is not None:
            found["allowed"] = list(self.allowed)
        return {**self.more, **found}


@dataclass(slots=True)
class Findings:
    """Errors and warnings as they are found, stage by stage."""

    uses_custom: bool = False
    problems: list[Problem] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    failed: set[Stage] = field(default_factory=set)

    def add(
        self,
        stage: Stage,
        kind: Kind,
        path: str,
        message: str,
        *,
        allowed: Iterable[str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Note an error."""
        self.count += 1
        self.failed.add(stage)
        if len(self.problems) < _ERRORS_MAX_COUNT:
            told = None if allowed is None else tuple(allowed)
            self.problems.append(Problem(stage, kind, path, message, told, more or {}))

    def warn(self, kind: str, **told: Any) -> None:
        """Note what is odd, but does no harm."""
        if len(self.warnings) < _ERRORS_MAX_COUNT:
            self.warnings.append({"kind": kind, **told})

    @property
    def is_valid(self) -> bool:
        """Whether there is no error."""
        return not self.failed

    def has_kind(self, kind: Kind) -> bool:
        """Whether there is an error of this kind."""
        return any(problem.kind == kind for problem in self.problems)

    def without_custom(self) -> Findings:
        """The same, except that Custom may stand there."""
        kept = [problem for problem in self.problems if problem.stage != "custom"]
        count = self.count - (len(self.problems) - len(kept))
        return Findings(self.uses_custom, kept, self.warnings, count, self.failed - {"custom"})

    def sentence(self) -> str:
        """The first error and how many more there are, for the message of a refusal."""
        first = self.problems[0]
        told = f"The page does not pass the verifier: {first.path or '/'}: {first.message}"
        return told if self.count == 1 else f"{told} ({self.count - 1} more in the verdict)"

    def shape(self) -> dict[str, Any]:
        """The verdict as the wire has it."""
        warnings: Sequence[Mapping[str, Any]] = self.warnings
        if self.count > len(self.problems):
            cut = {"kind": "errors_cut", "count": self.count - len(self.problems)}
            warnings = [*warnings, cut]
        return {
            "valid": self.is_valid,
            "uses_custom": self.uses_custom,
            "stages": [{"stage": stage, "ok": stage not in self.failed} for stage in STAGES],
            "errors": [problem.shape() for problem in self.problems],
            "warnings": list(warnings),
        }
