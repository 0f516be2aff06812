"""Telling a source of a conversion: decided with the change of status, and queued with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from quintet_server.engines.work.backoff import RetryPolicy
from quintet_server.engines.work.model import JobSpec
from quintet_server.services.ghostflow.clicks.macros import Template, compile_template
from quintet_server.services.ghostflow.clicks.record import SUBS, Click
from quintet_server.services.ghostflow.conversions.facts import Facts
from quintet_server.services.ghostflow.conversions.model import Conversion
from quintet_server.services.ghostflow.postbacks.log import Row
from quintet_server.services.ghostflow.postbacks.secrets import shown_url
from quintet_server.services.ghostflow.teams import Team
from quintet_server.services.ghostflow.wire import MICROS

__all__ = ["JOB_PREFIX", "LANE", "Telling", "macro_values", "telling"]

LANE = "ghostflow.postbacks"
JOB_PREFIX = "gfpb_"
"""The id of a job is this and the id of its row in the log."""

_WAITS_SECONDS = (10, 60, 600, 3600)
_ATTEMPTS = 1 + len(_WAITS_SECONDS)
_POLICY = RetryPolicy(
    delays_ms=tuple(seconds * 1000.0 for seconds in _WAITS_SECONDS), jitter_ms=0.0
).as_json()
_TEMPLATES_REMEMBERED = 1_000
# An attempt ends by itself long before; a process that is gone is noticed sooner.
_JOB_SECONDS = 60


@lru_cache(maxsize=_TEMPLATES_REMEMBERED)
def _template(url: str) -> Template:
    return compile_template(url)


@dataclass(frozen=True, slots=True)
class Telling:
    """A postback to a source, not yet written."""

    row: Row
    target: str | None
    """Where it goes, secrets included; None: its URL cannot be made, so it has failed."""
    job: JobSpec
    """Sends it, unless it has failed."""


def telling(team: Team, facts: Facts, conversion: Conversion) -> Telling | None:
    """The postback about the status just entered, if the source wants to hear of it.

    It is to be written in the transaction of the change, once per conversion and status. The URL
    is made now, of what is known now: what is reported later has postbacks of its own.
    """
    if facts.postback_url is None or conversion.status not in facts.postback_on:
        return None
    row = Row(
        team_id=team.id,
        direction="out",
        outcome="pending",
        campaign_id=conversion.campaign_id,
        offer_id=conversion.offer_id,
        source_id=conversion.source_id,
        network_id=conversion.network_id,
        click_id=str(conversion.click_id),
        conversion_id=conversion.id,
        event=conversion.event,
        tx_id=conversion.tx_id,
        status=conversion.status,
        attempts=[],
    )
    url: str | None = None
    try:
        url = _template(facts.postback_url).expand(macro_values(facts.click, conversion))
        row.url = shown_url(url)
    except ValueError as error:  # no reason to lose the conversion
        row.outcome, row.reason = "failed", f"The postback URL {error}."
        row.completed_at = facts.now
    job = JobSpec(
        lane=LANE,
        project_id=team.project_id,
        job_type="postback",
        payload=str(row.id),
        max_attempts=_ATTEMPTS,
        timeout_seconds=_JOB_SECONDS,
        retry_policy=_POLICY,
        logged=False,
        id=f"{JOB_PREFIX}{row.id}",
    )
    return Telling(row, url, job)


def macro_values(click: Click, conversion: Conversion) -> Mapping[str, str]:
    """What the macros of a source's postback stand for; `currency` is that of the payout."""
    return {
        "click_id": str(click.id),
        "payout": _amount(conversion.payout),
        "external_id": click.external_id or "",
        "campaign_id": str(click.campaign_id),
        "offer_id": str(click.offer_id or ""),
        "source_id": str(click.source_id or ""),
        "network_id": str(conversion.network_id or ""),
        "country": click.country or "",
        "device": click.device,
        "os": click.os or "",
        "browser": click.browser or "",
        **{name: getattr(click, name) or "" for name in SUBS},
        "cost": _amount(click.cost),
        "currency": conversion.payout_currency,
        "status": conversion.status,
        "event": conversion.event,
        "tx_id": conversion.tx_id,
        "timestamp": str(int(conversion.at.timestamp())),
    }


def _amount(micros: int) -> str:
    """Units, as short as can be: `12.5`."""
    text = f"{Decimal(micros) / MICROS:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
