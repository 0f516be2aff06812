"""Clicks that were recorded elsewhere: one, or up to a thousand at once.

Every click of an array stands for itself: what is wrong with one keeps none of the others out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from quintet_server.http.errors import ApiError
from quintet_server.services.ghostflow.clicks.addresses import Addresses
from quintet_server.services.ghostflow.clicks.agents import Agent, read_agent
from quintet_server.services.ghostflow.clicks.bots import BotRules, ClickRates
from quintet_server.services.ghostflow.clicks.headers import language, referrer_host
from quintet_server.services.ghostflow.clicks.incoming import cut
from quintet_server.services.ghostflow.clicks.record import Click, wire
from quintet_server.services.ghostflow.clicks.shapes import MOST_CLICKS, NewClick, incoming_of
from quintet_server.services.ghostflow.clicks.store import (
    Target,
    click_by_id,
    ids_of_team,
    offers_of,
    targets_of,
)
from quintet_server.services.ghostflow.clicks.values import fill_in
from quintet_server.services.ghostflow.clicks.visitors import pseudonym
from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.endpoints import read_model
from quintet_server.services.ghostflow.errors import conflict, invalid
from quintet_server.services.ghostflow.redirects.writing import insert_clicks
from quintet_server.services.ghostflow.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_uuid7

__all__ = ["Items", "ingest", "read_items"]

_AHEAD = timedelta(minutes=5)
_BACK = timedelta(days=90)
_LIVE = timedelta(minutes=1)
_MOST_DESTINATION_CHARS = 2048
# So many are made before links get their turn.
_AT_ONCE = 100
_NO_AGENT = Agent("other", None, None, is_crawler=False)

Item = NewClick | ApiError
"""What was asked for, or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Items:
    """The clicks of a request."""

    items: Sequence[Item]
    is_array: bool


async def read_items(raw: bytes) -> Items:
    """The clicks of a body, each read for itself; on a thread, as there may be megabytes of them.

    Their User-Agents are known afterwards.

    Raises 400: no JSON, neither an object nor an array, too many.
    """
    return await asyncio.to_thread(_read_items, raw)


def _read_items(raw: bytes) -> Items:
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from None
    if isinstance(given, dict):
        return Items([_with_agent(read_model(NewClick, raw))], is_array=False)
    if not isinstance(given, list):
        raise invalid("The request body must be a JSON object or an array of them")
    if len(given) > MOST_CLICKS:
        raise invalid(f"The request body must have at most {MOST_CLICKS} clicks, not {len(given)}")
    return Items([_read_item(one) for one in given], is_array=True)


def _read_item(given: Any) -> Item:
    if not isinstance(given, dict):
        return invalid("A click must be a JSON object")
    try:
        return _with_agent(read_model(NewClick, orjson.dumps(given)))
    except orjson.JSONEncodeError:  # more levels can be read than written
        return invalid("A click must not be nested this deep")
    except ApiError as error:
        return error


def _with_agent(item: NewClick) -> NewClick:
    if item.user_agent:
        read_agent(item.user_agent)
    return item


async def ingest(call: Call, conn: Connection, given: Items) -> Reply:
    """Store the clicks in this transaction, and answer for each of them.

    Raises the error of a single click.
    """
    batch = _Batch(call, await _known(call, conn, given.items))
    made = []
    for item in given.items:
        made.append(batch.make(item))
        if len(made) % _AT_ONCE == 0:
            await asyncio.sleep(0)
    await batch.judge(made)
    outcomes = await _store(conn, call.team.id, made)
    if given.is_array:
        return ok_reply([_result(index, one) for index, one in enumerate(outcomes)])
    [only] = outcomes
    if isinstance(only, ApiError):
        raise only
    click, outcome = only
    if outcome == "duplicate":
        click = await click_by_id(conn, call.team.id, click.id) or click
    return ok_reply(wire(click), 201 if outcome == "created" else 200)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the clicks refer to."""

    campaigns: dict[UUID, Target]
    offers: dict[UUID, UUID | None]


async def _known(call: Call, conn: Connection, items: Iterable[Item]) -> _Known:
    good = [item for item in items if isinstance(item, NewClick)]
    campaigns = await targets_of(conn, call.team, {item.campaign_id for item in good})
    offers = {item.offer_id for item in good if item.offer_id is not None}
    return _Known(campaigns, await offers_of(conn, call.team.id, offers))


@dataclass(slots=True)
class _Made:
    """A click to store."""

    click: Click
    item: NewClick
    agent: Agent
    target: Target


class _Batch:
    """Makes clicks of what was asked for."""

    def __init__(self, call: Call, known: _Known) -> None:
        self._team = call.team
        self._known = known
        self._addresses = call.parts.room(Addresses)
        self._rules = call.parts.room(BotRules)
        self._live_rates = call.parts.room(ClickRates)
        # Of what happened earlier nobody can tell any more how fast it came; within one request
        # one can.
        self._past_rates = ClickRates()
        self._now = datetime.fromtimestamp(call.parts.clock.now(), UTC)

    def make(self, item: Item) -> _Made | ApiError:
        """The click, or why there can be none."""
        if isinstance(item, ApiError):
            return item
        try:
            target = self._target(item)
            network_id = self._network_id(item)
            at = self._moment(item)
        except ApiError as error:
            return error
        agent = read_agent(item.user_agent) if item.user_agent else _NO_AGENT
        click = Click(
            id=item.click_id or new_uuid7(),
            team_id=self._team.id,
            campaign_id=target.id,
            offer_id=item.offer_id,
            source_id=target.source_id,
            network_id=network_id,
            at=at,
            visitor_id=UUID(int=0),
            country=item.country or self._country(item.ip),
            device=agent.device,
            os=agent.os,
            browser=agent.browser,
            referrer_host=referrer_host((item.referrer or "").encode()),
            language=language((item.language or "").encode()),
            cost_currency=target.currency,
            destination=cut(item.destination or "", _MOST_DESTINATION_CHARS),
            ip_range=None if item.ip is None else self._addresses.kept_range(item.ip),
        )
        click.visitor_id = self._visitor_id(item, click.id)
        return _Made(click, item, agent, target)

    async def judge(self, made: Iterable[_Made | ApiError]) -> None:
        """Flag robots, and then count the costs: in the order of time, which is not always that of
        the request.
        """
        clicks = [one for one in made if isinstance(one, _Made)]
        for number, one in enumerate(sorted(clicks, key=lambda one: one.click.at), 1):
            click = one.click
            click.bot_reason = self._bot_reason(one)
            click.is_bot = click.bot_reason is not None
            fill_in(click, incoming_of(one.item), one.target.rule, one.target.currency)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)

    def _target(self, item: NewClick) -> Target:
        target = self._known.campaigns.get(item.campaign_id)
        if target is None:
            raise invalid(f"campaignId: there is no campaign {item.campaign_id}", "campaignId")
        if target.status != "active":
            message = f"campaignId: the campaign is {target.status}; only active ones record clicks"
            raise conflict(message, [("campaignId", f"is {target.status}")])
        return target

    def _network_id(self, item: NewClick) -> UUID | None:
        if item.offer_id is None:
            return None
        if item.offer_id not in self._known.offers:
            raise invalid(f"offerId: there is no offer {item.offer_id}", "offerId")
        return self._known.offers[item.offer_id]

    def _moment(self, item: NewClick) -> datetime:
        if item.at is None:
            return self._now
        if item.at > self._now + _AHEAD:
            raise invalid("at: must not be more than 5 minutes in the future", "at")
        if item.at < self._now - _BACK:
            raise invalid("at: must not be more than 90 days in the past", "at")
        return item.at

    def _country(self, ip: str | None) -> str | None:
        return None if ip is None else self._addresses.country_of_ip(ip)

    def _visitor_id(self, item: NewClick, click_id: UUID) -> UUID:
        if item.visitor_id is not None:
            return item.visitor_id
        if item.ip is None and item.user_agent is None:  # nobody known: somebody new
            return pseudonym(self._team.secret, str(click_id), "")
        return pseudonym(self._team.secret, item.ip or "", item.user_agent or "")

    def _bot_reason(self, one: _Made) -> str | None:
        item, click = one.item, one.click
        # A User-Agent that was not passed on says nothing; one that is empty does.
        text = "-" if item.user_agent is None else item.user_agent
        reason = self._rules.reason(one.agent, text, {}, item.ip or "")
        is_live = self._now - click.at < _LIVE
        rates = self._live_rates if is_live else self._past_rates
        moment = self._now if is_live else click.at
        is_fast = rates.is_too_fast(click.campaign_id, click.visitor_id, moment.timestamp())
        return reason or ("rate" if is_fast else None)


Outcome = tuple[Click, str] | ApiError
"""A click and `created` or `duplicate`."""


async def _store(
    conn: Connection, team_id: UUID, made: Sequence[_Made | ApiError]
) -> list[Outcome]:
    """Write what can be written; for each, what became of it."""
    good = [one for one in made if isinstance(one, _Made)]
    words = await insert_clicks(
        conn, [one.click for one in good], [one.target.window_hours for one in good]
    )
    stored = dict(zip(map(id, good), words, strict=True))
    known = {one.click.id for one in good if stored[id(one)] == "duplicate"}
    ours = await ids_of_team(conn, team_id, known)

    def outcome(one: _Made | ApiError) -> Outcome:
        if isinstance(one, ApiError):
            return one
        word = stored[id(one)]
        if word == "duplicate" and one.click.id not in ours:
            return conflict(f"clickId: {one.click.id} is taken", [("clickId", "is taken")])
        return one.click, word

    return [outcome(one) for one in made]


def _result(index: int, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, ApiError):
        error = {"code": outcome.code, "message": outcome.message}
        if outcome.details:
            error["details"] = outcome.details
        return {"index": index, "status": "error", "id": None, "error": error}
    click, word = outcome
    return {"index": index, "status": word, "id": str(click.id), "error": None}
