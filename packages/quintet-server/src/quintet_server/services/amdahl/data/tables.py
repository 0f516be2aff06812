"""The tables of a tenant: their columns, types and meanings.

The one catalogue for everybody: what may be queried, ingested, imported and filtered, and what the
schema says to whoever asks. A table here is kept in `amdahl_<name>`, with the same columns after
`project_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["TABLES", "ColumnInfo", "Table"]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column.

    Attributes:
        type: STRING, FLOAT, BOOLEAN, TIMESTAMP or JSON.
        choices: the only values it takes; empty means any.
        low: the least number it takes, `high` the greatest.
    """

    name: str
    type: str
    nullable: bool
    description: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `key` is its primary key, one column."""

    name: str
    key: str
    columns: tuple[ColumnInfo, ...]

    @property
    def kept_in(self) -> str:
        """The table in the database."""
        return f"amdahl_{self.name}"

    def column(self, name: str) -> ColumnInfo | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


def _text(name: str, description: str, *choices: str) -> ColumnInfo:
    return ColumnInfo(name, "STRING", True, description, choices)


def _number(
    name: str, description: str, low: float | None = None, high: float | None = None
) -> ColumnInfo:
    return ColumnInfo(name, "FLOAT", True, description, (), low, high)


def _time(name: str, description: str) -> ColumnInfo:
    return ColumnInfo(name, "TIMESTAMP", True, description)


_STATUSES = ("open", "won", "lost")

_INTERACTIONS = (
    ColumnInfo("id", "STRING", False, "Identifier of the interaction."),
    ColumnInfo("timestamp", "TIMESTAMP", False, "When it took place."),
    _text("channel", "Where it took place.", "email", "call", "meeting", "chat", "web", "crm"),
    _text("interaction_type", "What it is.", "utterance", "email", "meeting", "deal", "note"),
    _text("company_id", "Identifier of the customer's company."),
    _text("company_name", "Name of the customer's company."),
    _text("contact_name", "The person at the company."),
    _text("contact_email", "Mail address of that person."),
    _text(
        "speaker_type",
        "Who speaks: external is the customer, internal the own side.",
        "internal",
        "external",
    ),
    _text("speaker_name", "Name of whoever speaks."),
    _text("content", "What was said or written."),
    _number("sentiment", "Mood of the content, from -1 (bad) to 1 (good).", -1, 1),
    _text("deal_id", "Identifier of the deal it belongs to."),
    _text("deal_name", "Name of that deal."),
    _text("stage", "Stage of the sale at that moment."),
    _text("deal_stage", "Stage of the deal, for example closed_won or closed_lost."),
    _text("deal_stage_status", "Whether the deal is open, won or lost.", *_STATUSES),
    _number("amount", "Amount of money the interaction is about."),
    _number("deal_amount", "Amount of the deal."),
    _text("owner", "Who is responsible for the deal or the company."),
    _time("closed_at", "When the deal was closed."),
    _time("last_touch_at", "When the customer was last in touch."),
    _text("source_system", "The system the row comes from."),
    ColumnInfo("metadata", "JSON", True, "Everything else that is known, as an object."),
)
_DEALS = (
    ColumnInfo("deal_id", "STRING", False, "Identifier of the deal."),
    _text("deal_name", "Name of the deal."),
    _number("deal_amount", "Amount of the deal."),
    _text("deal_stage", "Stage of the deal, as the CRM identifies it."),
    _text("deal_stage_label", "Stage of the deal, as people read it."),
    _text("deal_stage_status", "Whether the deal is open, won or lost.", *_STATUSES),
    ColumnInfo("deal_stage_is_won", "BOOLEAN", True, "Whether the deal is won."),
    _text("company_id", "Identifier of the company."),
)
_QUALIFICATION = (
    ColumnInfo("company_id", "STRING", False, "Identifier of the company: one row for each."),
    _number("outcome_score", "How likely its deals come to a good end; higher is better."),
    _text("outcome_band", "The score in words, for example high, medium or low."),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("interactions", "id", _INTERACTIONS),
        Table("deals", "deal_id", _DEALS),
        Table("deal_qualification", "company_id", _QUALIFICATION),
    )
}
"""Every table, by name."""
