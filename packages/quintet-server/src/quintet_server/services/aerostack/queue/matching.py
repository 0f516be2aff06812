"""Which consumer gets a job: the one whose type says it most exactly.

A consumer names types (`email.send`), beginnings of types (`email.*`), or everything (`*`). For a
job, an exact name comes before any beginning, a longer beginning before a shorter one, and among
equals the consumer whose name comes first in the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Patterns = Mapping[str, tuple[str, ...]]


def is_pattern(text: str) -> bool:
    """Whether it stands for more than one type."""
    return text.endswith("*")


def consumer_for(job_type: str, consumers: Patterns) -> str | None:
    """The name of the consumer that gets jobs of this type; `consumers`: name → its types."""
    best: tuple[int, str] | None = None
    for name, patterns in consumers.items():
        rank = max((_rank(pattern, job_type) for pattern in patterns), default=-1)
        if rank >= 0 and (best is None or (-rank, name) < best):
            best = (-rank, name)
    return None if best is None else best[1]


def _rank(pattern: str, job_type: str) -> int:
    """How exactly a pattern means a type; -1: not at all."""
    if pattern == job_type:
        return 1_000_000
    if is_pattern(pattern) and job_type.startswith(pattern[:-1]):
        return len(pattern) - 1
    return -1


def shares(types: Iterable[str], consumers: Patterns) -> dict[str, list[str]]:
    """Who gets which of these types, and of those that are named exactly; all consumers are in."""
    named = {each for patterns in consumers.values() for each in patterns if not is_pattern(each)}
    shared: dict[str, list[str]] = {name: [] for name in consumers}
    for job_type in sorted({*types, *named}):
        if (name := consumer_for(job_type, consumers)) is not None:
            shared[name].append(job_type)
    return shared
