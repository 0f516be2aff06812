"""Parameters of queries: what they are called, and what the OpenAPI document says of them.

Each is said beside what reads it, from the same tables; endpoints put them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Param", "choice_of", "id_of", "some_of", "text"]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a query."""

    name: str
    schema: Mapping[str, Any]
    description: str = ""
    is_required: bool = False

    def described(self) -> dict[str, Any]:
        """It as OpenAPI has it. Lists are written with commas."""
        found: dict[str, Any] = {"name": self.name, "in": "query", "schema": dict(self.schema)}
        if self.is_required:
            found["required"] = True
        if self.schema.get("type") == "array":
            found |= {"style": "form", "explode": False}
        if self.description:
            found["description"] = self.description
        return found


def text(name: str, description: str = "", **schema: Any) -> Param:
    """Any text, or what the schema says of it."""
    return Param(name, {"type": "string", **schema}, description)


def id_of(name: str) -> Param:
    """One id."""
    return text(name, format="uuid")


def choice_of(name: str, choices: Sequence[str], default: str | None = None) -> Param:
    """One of a few words."""
    schema: dict[str, Any] = {"type": "string", "enum": list(choices)}
    return Param(name, schema if default is None else schema | {"default": default})


def some_of(name: str, choices: Sequence[str] = (), description: str = "") -> Param:
    """Any number of words, of which one has to fit."""
    item: dict[str, Any] = {"type": "string"}
    return Param(
        name,
        {"type": "array", "items": item | {"enum": list(choices)} if choices else item},
        description or "Any of these, repeated or with commas.",
    )
