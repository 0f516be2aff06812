"""Sources: where clicks come from, what their parameters mean, and who wants a postback."""

# ruff: noqa: N815 - the names are the wire's

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ghostflow.types.shared import CostRule, Stored


class Source(Stored):
    """A traffic source."""

    postbackUrl: str | None
    postbackOn: list[str]
    params: dict[str, str]
    cost: CostRule
    templateKey: str | None


class SourceFields(TypedDict, total=False):
    """What can be said of a source besides its name.

    Attributes:
        postback_url: Called when a conversion enters one of the statuses of ``postback_on``; with
            macros such as ``{click_id}``, ``{external_id}`` and ``{payout}``.
        postback_on: ``["approved"]`` by default.
        params: The source's names of parameters, and the field each fills: ``externalId``,
            ``cost``, ``currency``, ``sub1`` to ``sub10``.
        cost: Counts for campaigns whose own model is ``none``.
        template_key: The template that it is made from: what is not said comes from there.
    """

    postback_url: str | None
    postback_on: Sequence[str]
    params: Mapping[str, str]
    cost: CostRule
    template_key: str | None


class SourceChanges(SourceFields, total=False):
    """What can be changed of a source; ``None`` clears what can be empty."""

    name: str


class SourceTemplate(TypedDict):
    """A beginning for a source of a known kind."""

    key: str
    name: str
    params: dict[str, str]
    postbackUrl: str | None
    cost: CostRule
