"""A campaign from its first click to its balance, through the SDK and plain HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from examples.demo.ghostflow import reports, sales
from examples.demo.ghostflow.books import CLICK_COST, OFFERS, Books, payout_of
from examples.demo.ghostflow.clicking import make_visits
from examples.demo.ghostflow.listening import Listener
from examples.demo.ghostflow.visits import COUNT, UNIQUE_HOURS, WAVES, Visit, plan
from examples.demo.processes import Server
from examples.demo.receiver import Receiver
from examples.demo.report import Report, console, how_many
from ghostflow import GhostFlowClient, verify_webhook

_HOUR = timedelta(hours=1)
_KILLED_IN = 2
_WEIGHTS = {"/green": 70, "/black": 30}


@dataclass
class Time:
    """The server's time, which the demo moves on."""

    server: Server
    ahead: timedelta = timedelta()

    def advance(self) -> None:
        """An hour later."""
        self.server.clock("advance", "1h")
        self.ahead += _HOUR

    def is_genuine(self, body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        """Whether a delivery is signed with the secret, just now by the server's time."""
        now = time.time() + self.ahead.total_seconds()
        return verify_webhook(body, headers, secret, now=now)


def play(server: Server, folder: Path, report: Report) -> None:
    """Set a campaign up, send it a thousand clicks, sell something, and count."""
    console.rule("[bold]GhostFlow: campaigns, clicks, conversions, reports")
    report.part("GhostFlow")
    environment = server.environment()
    clock = Time(server)
    with (
        GhostFlowClient(environment["GF_API_KEY"], environment["GF_BASE_URL"]) as client,
        Listener() as page,
        Listener() as source,
        Receiver(clock.is_genuine, "type") as receiver,
        _put_back(clock),
    ):
        hook = client.webhooks.create(receiver.url, ["conversion.created", "conversion.updated"])
        receiver.secret = hook["secret"]
        network, campaign = set_up(client, page.url, source.url)
        began = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        waves = plan()
        send(campaign["trackingUrl"], waves, clock, report)
        visits = [visit for wave in waves for visit in wave]
        books = count(client, campaign, visits, page, report)
        books.sales = sales.bring_in(client, network, visits, report)
        sales.check_deliveries(books.sales, source, receiver, payout_of, report)
        reports.show(client, campaign, books, report)
        period = (began - _HOUR, began + (len(WAVES) + 1) * _HOUR)
        reports.draw(environment, period, folder, report)


@contextmanager
def _put_back(clock: Time) -> Iterator[None]:
    try:
        yield
    finally:
        clock.server.clock("reset")


def set_up(
    client: GhostFlowClient, page: str, source_url: str
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Make a source from a template, a network, an offer for each kind of tea, and the campaign."""
    template = next(one for one in client.sources.templates() if one["key"] == "google-ads")
    source = client.sources.create(
        template["name"],
        template_key=template["key"],
        params=template["params"],
        postback_url=source_url + sales.SOURCE_QUERY,
    )
    network = client.networks.create("Teas of the world", param_map={"payout": "amount"})
    offers = [
        client.offers.create(
            path.removeprefix("/"),
            f"{page}{path}?click={{click_id}}",
            network_id=network["id"],
            payout=payout,
            payout_currency=currency,
        )
        for path, (payout, currency) in OFFERS.items()
    ]
    campaign = client.campaigns.create(
        "Spring",
        f"{page}/elsewhere?click={{click_id}}",
        source_id=source["id"],
        offers=[
            {"offerId": offer["id"], "weight": _WEIGHTS[f"/{offer['name']}"]} for offer in offers
        ],
        cost={"model": "cpc", "amount": CLICK_COST, "currency": "USD"},
        unique_window_hours=UNIQUE_HOURS,
    )
    names = " and ".join(f"{path[1:]} tea ({weight} %)" for path, weight in _WEIGHTS.items())
    console.print(f"\n[bold]A campaign[/] for {names}, {CLICK_COST} USD a click; its link:")
    console.print(f"  {campaign['trackingUrl']}", style="dim", soft_wrap=True)
    return network, campaign


def send(link: str, waves: Sequence[Sequence[Visit]], clock: Time, report: Report) -> None:
    """Send the visits, an hour of the server's time apart; kill it in the middle of one."""
    console.print(
        f"\n[bold]{COUNT:,} clicks[/] over HTTP, from telephones, computers and crawlers. Each is "
        "redirected and follows; between the hours the server's clock is moved on."
    )

    def kill() -> None:
        pid = clock.server.pid
        console.print(f"  [red]kill -9 {pid}[/], the server; half of this hour is answered")
        clock.server.kill()
        clock.server.start()
        console.print(f"  started again: process {clock.server.pid}", style="dim")

    began, seconds = time.monotonic(), 0.0
    for number, visits in enumerate(waves):
        if number:
            clock.advance()
        started = time.monotonic()
        make_visits(link, visits, kill if number == _KILLED_IN else None)
        seconds += time.monotonic() - started
        back = sum(bool(visit.visitor.cookie and _returns(visit, waves)) for visit in visits)
        console.print(
            f"{time.monotonic() - began:6.2f} s  hour {number}: {len(visits)} clicks, "
            f"{back} of them by people who were here before"
        )
    made = [visit for wave in waves for visit in wave]
    fine = all(visit.offer in OFFERS for visit in made)
    report.line(
        "clicks on the link", "all redirected", f"{len(made):,} in {seconds:.1f} s", fine=fine
    )


def _returns(visit: Visit, waves: Sequence[Sequence[Visit]]) -> bool:
    return any(earlier.visitor is visit.visitor for wave in waves[: visit.wave] for earlier in wave)


def count(
    client: GhostFlowClient,
    campaign: Mapping[str, Any],
    visits: Sequence[Visit],
    page: Listener,
    report: Report,
) -> Books:
    """Compare what was answered, what arrived at the page, and what the server has."""
    answered = sorted(visit.click_id for visit in visits)
    arrived = sorted(parse_qs(urlsplit(target).query)["click"][0] for target in page.targets)
    fine = arrived == answered
    report.line("  at the page", "each arrived once", f"{len(arrived):,} requests", fine=fine)

    stored = list(client.clicks.iter(bots="include", page_size=1000, campaign_id=campaign["id"]))
    ours = {visit.gclid: visit for visit in visits}
    known = {click["id"] for click in stored}
    unanswered = [click for click in stored if click["id"] not in set(answered)]
    cut = sum(visit.cut for visit in visits)
    fine = (
        known.issuperset(answered)
        and len(known) == len(stored)
        and len(unanswered) <= cut
        and all(ours[str(click["externalId"])].cut for click in unanswered)
    )
    how_so = (
        f"{len(unanswered)} of them had been stored already, and count: the visitor clicked, "
        "though nobody told them where to go"
        if unanswered
        else "none of them had been stored"
    )
    console.print(f"\nThe kill cut {how_many(cut, 'request')} off; {how_so}.")
    outcome = "each answered click counted once"
    report.line("  the server killed meanwhile", outcome, f"{cut} cut off", fine=fine)

    of_server = [(click, ours[str(click["externalId"])]) for click in stored]
    fine = all(
        click["isBot"] == visit.visitor.is_robot
        and click["device"] == visit.visitor.agent.device
        and click["country"] == visit.visitor.country
        and click["sub4"] == visit.keyword
        for click, visit in of_server
    )
    robots = sum(click["isBot"] for click in stored)
    report.line("  what is known of each", "device, country, words", "as sent", fine=fine)
    report.line("  robots", "flagged, led to the same page", robots, fine=robots > 0)
    _check_return(visits, [(click["visitorId"], visit) for click, visit in of_server], report)
    return Books([visit for _, visit in of_server])


def _check_return(
    visits: Sequence[Visit], seen: Sequence[tuple[str, Visit]], report: Report
) -> None:
    """Whoever comes back is the same visitor, and is led to the same offer."""
    names: dict[int, set[str]] = {}
    offers: dict[int, set[str]] = {}
    for name, visit in seen:
        if not visit.visitor.is_robot:
            names.setdefault(visit.visitor.number, set()).add(name)
            offers.setdefault(visit.visitor.number, set()).add(visit.offer)
    moved = sum(visit.moves for visit in visits)
    fine = all(len(one) == 1 for one in (*names.values(), *offers.values()))
    fine = fine and len({next(iter(one)) for one in names.values()}) == len(names)
    report.line(
        "  who comes back", "known, and led to the same offer", f"{moved} by the cookie", fine=fine
    )
