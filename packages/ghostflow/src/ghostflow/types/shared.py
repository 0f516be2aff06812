"""What several of the resources have in common."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict

Amount: TypeAlias = "Decimal | int | float"
"""Money as it is given to a call; what comes back is a ``Decimal``."""

Lifecycle = Literal["active", "paused", "archived"]
"""Campaigns and offers: ``active`` and ``paused`` go either way, both to ``archived``, and from
there back to ``paused``."""

CostModel = Literal["none", "cpc", "cpa", "revshare", "param"]
"""What a click or a conversion costs: nothing, an amount per click, an amount per approved
conversion, a percentage of approved revenue, or what the click's ``cost`` parameter says."""


class _CostModel(TypedDict):
    model: str


class CostRule(_CostModel, total=False):
    """How the traffic of a campaign or a source is paid for; ``model`` is a :data:`CostModel`.

    A source's rule without a ``currency`` means that of each campaign.
    """

    amount: Amount
    currency: str | None


class Deletion(TypedDict):
    """The answer to a deletion.

    ``already_deleted`` is this package's word: the call was repeated, and the repeat found nothing
    left, so an earlier attempt did the work.
    """

    id: str
    deleted: bool
    already_deleted: bool


class Stored(TypedDict):
    """What the service says of every object. ``version`` is for ``if_match``."""

    id: str
    teamId: str
    name: str
    createdAt: str
    updatedAt: str
    version: int
