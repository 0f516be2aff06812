"""Queries that say what is not understood are refused: a filter passed over gives wrong numbers."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from starlette.requests import Request

from quintet_server.services.ghostflow.errors import invalid_fields
from quintet_server.services.ghostflow.parameters import Param

__all__ = ["check_query"]

_SHOWN_CHARS = 100


def check_query(request: Request, parameters: Sequence[Param]) -> None:
    """Raise 400 that names every parameter of the query that is none of these."""
    known = [each.name for each in parameters]
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise invalid_fields([(name[:_SHOWN_CHARS], _reason(name, known)) for name in unknown])


def _reason(name: str, known: Sequence[str]) -> str:
    by_letters = {_letters(one): one for one in known}
    near = get_close_matches(_letters(name[:_SHOWN_CHARS]), by_letters, 1)
    advice = f"did you mean {by_letters[near[0]]}?" if near else f"there are {', '.join(known)}"
    return f"is no parameter of this query; {advice}"


def _letters(name: str) -> str:
    """The same for `campaignId`, `campaign_id` and `CampaignID`."""
    return name.replace("_", "").lower()
