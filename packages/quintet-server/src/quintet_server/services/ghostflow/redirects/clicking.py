"""From a request on a link to a click and its destination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from quintet_server.services.ghostflow.clicks.addresses import Addresses
from quintet_server.services.ghostflow.clicks.agents import read_agent
from quintet_server.services.ghostflow.clicks.bots import BotRules, ClickRates
from quintet_server.services.ghostflow.clicks.costing import click_cost
from quintet_server.services.ghostflow.clicks.headers import language, referrer_host
from quintet_server.services.ghostflow.clicks.incoming import Incoming, read_incoming
from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.clicks.values import amount_text, click_values, fill_in
from quintet_server.services.ghostflow.clicks.visitors import visitor_of
from quintet_server.services.ghostflow.redirects.caps import FullOffers
from quintet_server.services.ghostflow.redirects.choosing import (
    Draw,
    any_draw,
    choose,
    visitor_draw,
)
from quintet_server.services.ghostflow.redirects.links import Domain, Link, Offer
from quintet_server.store.clock import Clock
from quintet_server.store.ids import new_uuid7

__all__ = ["ClickMaker", "Made", "Visit"]


class Visit(NamedTuple):
    """A request on a link."""

    peer: str
    """Of the socket."""
    scheme: str
    query: bytes
    headers: Mapping[bytes, bytes]
    """Names in lower case."""
    counts: bool
    """Whether it is a click, and not just a look at where the link leads."""


@dataclass(slots=True)
class Made:
    """A click that has no destination yet, and what is needed to find one."""

    link: Link
    click: Click
    incoming: Incoming
    draw: Draw | None
    """None: as the visitor's number says."""
    set_cookie: bytes | None
    refused: tuple[Offer, ...] = ()
    """Offers that turned out to be full."""


class ClickMaker:
    """Makes clicks.

    Args:
        clock: When they happen.
        addresses: Where they come from.
        bots: What flags them.
        rates: How fast their visitors click.
        uses_cookies: Whether visitors are told who they are.
    """

    def __init__(
        self,
        clock: Clock,
        addresses: Addresses,
        bots: BotRules,
        rates: ClickRates,
        *,
        uses_cookies: bool,
    ) -> None:
        self.full = FullOffers()
        self._clock = clock
        self._addresses = addresses
        self._bots = bots
        self._rates = rates
        self._uses_cookies = uses_cookies
        self._any = any_draw(Random())

    def make(self, link: Link, domain: Domain | None, visit: Visit) -> Made:
        """What is known of a click before it has a destination."""
        headers, addresses, peer = visit.headers, self._addresses, visit.peer
        now = self._clock.now()
        user_agent = headers.get(b"user-agent", b"").decode("latin-1")
        agent = read_agent(user_agent)
        ip = addresses.client_ip(peer, headers)
        visitor = visitor_of(
            link.team_secret,
            ip,
            user_agent,
            headers.get(b"cookie", b""),
            uses_cookie=self._uses_cookies,
            is_https=addresses.is_https(visit.scheme, peer, headers),
        )
        is_too_fast = visit.counts and self._rates.is_too_fast(link.campaign_id, visitor.id, now)
        reason = self._bots.reason(agent, user_agent, headers, ip)
        if reason is None and is_too_fast:
            reason = "rate"
        incoming = read_incoming(visit.query, link.params)
        click = Click(
            id=new_uuid7(),
            team_id=link.team_id,
            campaign_id=link.campaign_id,
            source_id=link.source_id,
            domain_id=None if domain is None else domain.id,
            at=datetime.fromtimestamp(now, UTC),
            visitor_id=visitor.id,
            is_bot=reason is not None,
            bot_reason=reason,
            country=addresses.country_of(headers, peer, ip),
            device=agent.device,
            os=agent.os,
            browser=agent.browser,
            referrer_host=referrer_host(headers.get(b"referer")),
            language=language(headers.get(b"accept-language")),
            cost_currency=link.currency,
            destination="",
            ip_range=addresses.kept_range(ip),
        )
        fill_in(click, incoming, link.cost, link.currency)
        draw = None if link.is_sticky else self._any
        return Made(link, click, incoming, draw, visitor.set_cookie)

    def send_on(self, made: Made) -> Offer | None:
        """Give the click a destination, and return the offer that it is; None: the campaign's."""
        link, click = made.link, made.click
        offer = None
        if link.offers:
            draw = made.draw or visitor_draw(link.team_secret, link.campaign_id, click.visitor_id)

            def can_be_had(offer: Offer) -> bool:
                if not offer.is_active or offer in made.refused:
                    return False
                return offer.cap is None or not self.full.is_full(offer.cap, click.at)

            offer = choose(link.pool(click.country), can_be_had, draw)
        click.offer_id = None if offer is None else offer.id
        click.network_id = None if offer is None else offer.network_id
        click.destination = _destination(made, offer)
        return offer

    def was_full(self, made: Made, offer: Offer) -> None:
        """The offer takes no more: it is not to be chosen again."""
        made.refused = (*made.refused, offer)
        if offer.cap is not None:
            self.full.note(offer.cap, made.click.at)


def _destination(made: Made, offer: Offer | None) -> str:
    link, click = made.link, made.click
    target = link.target if offer is None else offer.target
    macros = target.template.macros
    values = click_values(click, macros)
    if "payout" in macros and offer is not None:
        values["payout"] = offer.payout
    if "cost" in macros and click.is_bot:
        values["cost"] = _cost_of_anybody(made)
    return target.template.expand(values, _appended(made, target.own_names, macros))


def _appended(
    made: Made, own_names: frozenset[str], macros: frozenset[str]
) -> Sequence[tuple[str, str]]:
    link = made.link
    name = link.append_click_id
    added = [(name, str(made.click.id))] if name and "click_id" not in macros else []
    if link.passes_through:
        added += [
            pair for pair in made.incoming.unknown if pair[0] not in own_names and pair[0] != name
        ]
    return added


def _cost_of_anybody(made: Made) -> str:
    """A destination must not tell a robot from a person, so it names the same cost for both."""
    link, incoming = made.link, made.incoming
    given: tuple[Any, ...] = (incoming.cost, incoming.currency, link.currency)
    micros = click_cost(link.cost, False, *given).micros
    return amount_text(micros)
