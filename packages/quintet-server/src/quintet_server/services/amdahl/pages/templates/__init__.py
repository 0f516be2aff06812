"""Templates: pages to begin with, the same for every tenant, over the tables everybody has.

Each is a file beside this module, named for its slug. Whoever wants one posts its spec and queries
as a page of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

__all__ = ["SLUGS", "Template", "templates"]

SLUGS = (
    "pipeline-health",
    "voice-of-customer",
    "competitive-battlecard",
    "win-rate-gauge",
    "pipeline-funnel",
    "deal-size-distribution",
)
"""The vendor's names for them, in their order."""


@dataclass(frozen=True, slots=True)
class Template:
    """A page that waits to be made."""

    slug: str
    name: str
    description: str
    tags: tuple[str, ...]
    spec: dict[str, Any]
    declared_queries: tuple[dict[str, Any], ...]

    def summary(self) -> dict[str, Any]:
        """It in a list."""
        return {
            "slug": self.slug,
            "name": self.name,
            "description": self.description,
            "tags": list(self.tags),
            "layout": self.spec["layout"],
            "query_count": len(self.declared_queries),
        }

    def shape(self) -> dict[str, Any]:
        """All of it."""
        queries = list(self.declared_queries)
        return {**self.summary(), "spec": self.spec, "declared_queries": queries}


@cache
def templates() -> Mapping[str, Template]:
    """Every template by its slug."""
    return {slug: _read(slug) for slug in SLUGS}


def _read(slug: str) -> Template:
    text = (resources.files(__name__) / f"{slug}.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    return Template(
        slug=slug,
        name=found["name"],
        description=found["description"],
        tags=tuple(found["tags"]),
        spec=found["spec"],
        declared_queries=tuple(found["declared_queries"]),
    )
