"""Which column of a table a column of a file is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from quintet_server.services.amdahl.data.tables import Table

__all__ = ["METADATA", "HeaderRefused", "Headers"]

METADATA = "metadata"
_GUESSES_MAX_COUNT = 200
_CURRENCIES = re.compile(r"[$€£¥₹]")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_OF_MONEY = ("amount", "value", "revenue")

# What exports of CRMs, call recorders and mailboxes call our columns.
_SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "interactions": {
        **dict.fromkeys(("interaction_id", "uuid", "row_id", "message_id"), "id"),
        **dict.fromkeys(
            ("occurred_at", "date", "time", "datetime", "when", "ts", "sent_at", "event_time"),
            "timestamp",
        ),
        **dict.fromkeys(("created_at", "created", "start_time", "started_at"), "timestamp"),
        **dict.fromkeys(("account_id", "customer_id", "organization_id"), "company_id"),
        **dict.fromkeys(
            ("company", "account", "account_name", "customer", "customer_name", "organization"),
            "company_name",
        ),
        **dict.fromkeys(("contact", "contact_full_name", "person"), "contact_name"),
        **dict.fromkeys(("email", "email_address", "contact_email_address"), "contact_email"),
        **dict.fromkeys(("speaker", "author", "sender", "from"), "speaker_name"),
        **dict.fromkeys(("speaker_role", "direction_of_speaker"), "speaker_type"),
        **dict.fromkeys(
            ("text", "body", "message", "utterance", "transcript", "comment", "snippet"),
            "content",
        ),
        **dict.fromkeys(("type", "kind", "activity_type"), "interaction_type"),
        **dict.fromkeys(("sentiment_score", "mood"), "sentiment"),
        **dict.fromkeys(("opportunity_id",), "deal_id"),
        **dict.fromkeys(("deal", "opportunity", "opportunity_name"), "deal_name"),
        **dict.fromkeys(("opportunity_stage",), "deal_stage"),
        **dict.fromkeys(("opportunity_amount", "deal_value"), "deal_amount"),
        **dict.fromkeys(("value", "revenue"), "amount"),
        **dict.fromkeys(("rep", "account_owner", "deal_owner", "owner_name"), "owner"),
        **dict.fromkeys(("close_date", "closed"), "closed_at"),
        **dict.fromkeys(("last_activity_at", "last_contacted_at"), "last_touch_at"),
        **dict.fromkeys(("source", "system"), "source_system"),
    },
    "deals": {
        **dict.fromkeys(("id", "opportunity_id"), "deal_id"),
        **dict.fromkeys(("name", "deal", "opportunity_name"), "deal_name"),
        **dict.fromkeys(("amount", "value", "deal_value"), "deal_amount"),
        **dict.fromkeys(("stage", "stage_id"), "deal_stage"),
        **dict.fromkeys(("stage_label", "stage_name"), "deal_stage_label"),
        **dict.fromkeys(("status", "deal_status"), "deal_stage_status"),
        **dict.fromkeys(("is_won", "won"), "deal_stage_is_won"),
        **dict.fromkeys(("account_id", "customer_id"), "company_id"),
    },
    "deal_qualification": {
        **dict.fromkeys(("id", "account_id", "customer_id"), "company_id"),
        **dict.fromkeys(("score",), "outcome_score"),
        **dict.fromkeys(("band", "outcome"), "outcome_band"),
    },
}


class HeaderRefused(ValueError):
    """A column of the file that has no place in the table, or a place that two want."""


class Headers:
    """Finds the column for each header of a file.

    The caller's word comes first, then equal names, then other names for the same thing. What is
    none of these goes into `metadata`, if the table has that.

    Args:
        table: What the file is for.
        given: Column by header; an empty column leaves the header out.
        is_each_there: Whether a file must have every header that is given.

    Attributes:
        guessed: Column by header where neither the caller nor the name said it, None for
            `metadata`; the first of them, of everything that was asked so far.

    Raises:
        HeaderRefused: `given` names a column that is not there.
    """

    def __init__(
        self, table: Table, given: Mapping[str, str], *, is_each_there: bool = True
    ) -> None:
        self._table = table
        self._is_each_there = is_each_there
        self._names = [column.name for column in table.columns]
        self._given = given
        self._synonyms = _SYNONYMS[table.name]
        self.guessed: dict[str, str | None] = {}
        for header, name in given.items():
            if name and name not in self._names:
                raise HeaderRefused(f"--map {header}={name}: {self._advice(name)}")

    def columns(self, headers: list[str]) -> list[str | None]:
        """The column of each header: its name, empty to leave it out, None for `metadata`.

        Raises:
            HeaderRefused: see above.
        """
        missing = [header for header in self._given if header not in headers]
        if missing and self._is_each_there:
            raise HeaderRefused(
                f"--map {missing[0]}=…: the file has no such column, it has {', '.join(headers)}"
            )
        return self.known(headers)

    def known(self, headers: list[str]) -> list[str | None]:
        """The same for a record, which need not have all columns."""
        exact = {header: self._exact(header) for header in headers}
        taken = {name for name in exact.values() if name}
        found: list[str | None] = []
        for header in headers:
            name = exact[header]
            if name is None:
                plain = _plain(header)
                guess = plain if plain in self._names else self._synonyms.get(plain)
                name = guess if guess not in taken else None
                taken.add(name or "")
                if len(self.guessed) < _GUESSES_MAX_COUNT:
                    self.guessed[header] = name
            if name is None and METADATA not in self._names:
                raise HeaderRefused(f"column {header!r}: {self._advice(_plain(header))}")
            found.append(name)
        self._refuse_doubles(headers, found)
        return found

    def _exact(self, header: str) -> str | None:
        if header in self._given:
            return self._given[header]
        plain = _plain(header)
        # What a sign of a currency means is a guess, if a good one.
        return plain if plain in self._names and not _CURRENCIES.search(header) else None

    def _refuse_doubles(self, headers: list[str], found: list[str | None]) -> None:
        first: dict[str, str] = {}
        for header, name in zip(headers, found, strict=True):
            if name and name in first:
                raise HeaderRefused(
                    f"columns {first[name]!r} and {header!r} are both for {name}: "
                    f"leave one out with --map {header}="
                )
            if name:
                first[name] = header

    def _advice(self, name: str) -> str:
        near = get_close_matches(name, self._names, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        return (
            f"{self._table.name} has no column {name}: {hint}"
            f"(columns: {', '.join(self._names)}; --map header= leaves one out)"
        )


def _plain(header: str) -> str:
    """`Company Name` and `companyName` as `company_name`; `Deal $` and `$` as amounts.

    Without the sign `Deal $` would be the name of a deal.
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _CURRENCIES.sub(" ", header).strip())
    plain = _NO_WORD.sub("_", parted.lower()).strip("_")
    if _CURRENCIES.search(header) and not plain.endswith(_OF_MONEY):
        return f"{plain}_amount".strip("_")
    return plain
