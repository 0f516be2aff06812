"""What a tenant's data hold: how much, over which time, and which values a task can speak of.

Looked up once per session, through the same guarded SQL as everything else, and recorded; the rest
of the work is decided from it. Of fields with very many values only the most frequent ones and the
ones that the task mentions are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quintet_server.services.amdahl.agent_work.answers.figures import count, day, whole

if TYPE_CHECKING:
    from quintet_server.services.amdahl.context import Amdahl

__all__ = ["Holdings", "look"]

_FIELDS = (
    "channel",
    "interaction_type",
    "company_name",
    "contact_name",
    "owner",
    "stage",
    "speaker_type",
    "speaker_name",
    "source_system",
    "deal_name",
)
_VALUES_MAX_COUNT = 10_000
_KEPT_COUNT = 40

_OVERVIEW = """
SELECT COUNT(*) AS interactions, MIN(`timestamp`) AS first_at, MAX(`timestamp`) AS last_at,
  COUNT(sentiment) AS scored,
  COUNT(*) FILTER (WHERE TRIM(content) <> '') AS texts, COUNT(DISTINCT company_name) AS companies,
  COUNT(DISTINCT COALESCE(deal_id, deal_name)) AS told_deals,
  (SELECT COUNT(*) FROM deals) AS deals,
  (SELECT COUNT(*) FROM deal_qualification) AS qualified
FROM interactions
"""
_DOCUMENTS = "SELECT count(*) FROM amdahl_documents WHERE project_id = %s"
_FIELD = (
    "SELECT '{0}' AS field, {0} AS value, COUNT(*) AS n FROM {1} WHERE {0} IS NOT NULL GROUP BY {0}"
)
_SOURCES = (*((name, "interactions") for name in _FIELDS), ("deal_name", "deals"))
_VALUES = f"{' UNION ALL '.join(_FIELD.format(*one) for one in _SOURCES)} ORDER BY n DESC, value"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What was found.

    Attributes:
        now: the database's time at that moment.
        interactions: how many rows; `scored` of them carry a sentiment, `texts` what was said
            (None where that was not counted).
        documents: knowledge documents that can be searched.
        deals: rows of the table of deals; `told_deals` are those that interactions speak of.
        values: for each field, its values with their counts, the most frequent first.
    """

    now: datetime
    interactions: int = 0
    scored: int = 0
    texts: int | None = None
    companies: int = 0
    deals: int = 0
    told_deals: int = 0
    qualified: int = 0
    documents: int = 0
    first_at: str | None = None
    last_at: str | None = None
    values: Mapping[str, Sequence[tuple[str, int]]] | None = None

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Holdings:
        """Of what :func:`look` returned."""
        values = {
            field: [(str(value), whole(n)) for value, n in pairs]
            for field, pairs in found["values"].items()
        }
        known = {name: found[name] for name in cls.__dataclass_fields__ if name in found}
        now = datetime.fromtimestamp(found["now"], UTC)
        return cls(**{**known, "now": now, "values": values})

    def of(self, field: str) -> list[str]:
        """The values of a field."""
        return [value for value, _ in (self.values or {}).get(field, ())]

    @property
    def has_deals(self) -> bool:
        """Whether anything is known of deals."""
        return bool(self.deals or self.told_deals)

    @property
    def span_days(self) -> float | None:
        """How long the interactions reach, from the first to the last."""
        if self.first_at is None or self.last_at is None:
            return None
        first, last = (datetime.fromisoformat(at) for at in (self.first_at, self.last_at))
        return (last - first).total_seconds() / 86_400

    def in_words(self) -> str:
        """One sentence that says what there is to work with."""
        if not self.interactions and not self.has_deals:
            return "The workspace holds no interactions and no deals yet."
        if not self.interactions:
            return f"The workspace holds {count(self.deals, 'deal')} and no interactions."
        span = f"from {day(self.first_at)} to {day(self.last_at)}"
        companies = f" with {count(self.companies, 'company', 'companies')}"
        deals = f" and {count(self.deals or self.told_deals, 'deal')}" if self.has_deals else ""
        held = count(self.interactions, "interaction")
        return f"The workspace holds {held}{companies if self.companies else ''}{deals}, {span}."


async def look(parts: Amdahl, project_id: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return what the data hold, as JSON. `texts`: what is asked; values they mention are kept."""
    [overview] = (await parts.sql.query(project_id, _OVERVIEW)).rows
    listed = await parts.sql.query(project_id, _VALUES, limit=_VALUES_MAX_COUNT)
    values: dict[str, dict[str, int]] = {field: {} for field in _FIELDS}
    for row in listed.rows:
        values[row["field"]].setdefault(row["value"], whole(row["n"]))
    times = ("first_at", "last_at")
    found = {
        **{name: whole(value) for name, value in overview.items() if name not in times},
        **{name: overview[name] for name in times},
        "now": parts.clock.now(),
        "documents": await _document_count(parts, project_id),
        "values": {field: _kept([*pairs.items()], texts) for field, pairs in values.items()},
    }
    return {**found, "summary": Holdings.from_json(found).in_words()}


async def _document_count(parts: Amdahl, project_id: str) -> int:
    """Not one of the tables that SQL of tenants sees."""
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_DOCUMENTS, (project_id,))).fetchone()
    return int(row[0]) if row else 0


def _kept(pairs: Sequence[tuple[str, int]], texts: Sequence[str]) -> list[list[Any]]:
    """The most frequent values, and every one whose first or last word is in a text."""
    words = {word.strip(".,;:!?()\"'").casefold() for text in texts for word in text.split()}
    words |= {word.removesuffix("'s").removesuffix("’s") for word in words}
    return [
        [value, n]
        for place, (value, n) in enumerate(pairs)
        if place < _KEPT_COUNT or not words.isdisjoint(value.casefold().split())
    ]
