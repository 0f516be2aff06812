"""Sales: the network reports some by postback, the shop one by the API; the source is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from rich.table import Table

from examples.demo.ghostflow.listening import Listener
from examples.demo.ghostflow.visits import Visit
from examples.demo.receiver import Receiver
from examples.demo.report import Report, console
from ghostflow import GhostFlowClient, PostbackTemplate, postback_url

__all__ = ["SOURCE_QUERY", "Sale", "bring_in", "check_deliveries"]

SOURCE_QUERY = "/sale?id={external_id}&sum={payout}&in={currency}&order={tx_id}&token=7c4f"
_EACH = 20  # one visit in so many leads to something
_SECONDS = 30.0
_WORDS = ("sale", "sale", "sale", "sale", "hold", "trash")
_STATUS = {"sale": "approved", "hold": "pending", "trash": "rejected"}


@dataclass(slots=True)
class Sale:
    """What came of a visit, as it should stand in the end.

    Attributes:
        payout: What the network named; the offer's own if it named nothing.
    """

    visit: Visit
    tx_id: str
    status: str
    payout: Decimal | None = None


def bring_in(
    client: GhostFlowClient, network: Mapping[str, Any], visits: Sequence[Visit], report: Report
) -> list[Sale]:
    """Have the sales reported; return what should be in the books."""

    def tell(visit: Visit, tx_id: str, word: str, payout: Decimal | None = None) -> str:
        return _call(
            postback_url(network, click_id=visit.click_id, status=word, tx_id=tx_id, payout=payout)
        )

    people = [visit for visit in visits if not visit.visitor.is_robot]
    sales, said = [], Counter[str]()
    for index, visit in enumerate(people[::_EACH]):
        word = _WORDS[index % len(_WORDS)]
        payout = Decimal("9.99") if index % 7 == 3 else None
        sales.append(Sale(visit, f"T-{index:03}", _STATUS[word], payout))
        said[tell(visit, sales[-1].tx_id, word, payout)] += 1
    bought, held, refused = (
        next(sale for sale in sales if sale.status == status)
        for status in ("approved", "pending", "rejected")
    )
    again = tell(bought.visit, bought.tx_id, "sale", bought.payout)
    sales.append(Sale(bought.visit, "T-900", "approved", Decimal("5.25")))
    second = tell(bought.visit, "T-900", "sale", Decimal("5.25"))
    held.status = "approved"
    later = tell(held.visit, held.tx_id, "sale", held.payout)
    never = tell(refused.visit, refused.tx_id, "sale", refused.payout)
    unknown = _call(postback_url(network, click_id="01890000-0000-7000-8000-000000000000"))
    by_api = client.conversions.create(people[1].click_id, tx_id="S-1", payout=Decimal("20.00"))
    sales.append(Sale(people[1], "S-1", "approved", Decimal("20.00")))

    console.print("\n[bold]Sales,[/] as the network's calls were answered:")
    table = Table("what", "answer")
    for what, answer in (
        (f"{said['created']} new ones", "created"),
        ("one of them again", again),
        ("a second order of the same click", second),
        ("one on hold, now paid", later),
        ("one that was refused, now paid", never),
        ("a click that nobody knows", unknown),
    ):
        table.add_row(what, answer)
    console.print(table)
    count = len(people[::_EACH])
    report.line("postbacks of the network", "stored", f"{count} new", fine=said["created"] == count)
    answers = (again, second, later, never, unknown)
    fine = answers == ("duplicate", "created", "updated", "ignored", "CLICK_NOT_FOUND")
    report.line("  what else it sends", ", ".join(answers), f"{len(answers)} calls", fine=fine)
    fine = by_api["payout"] == Decimal("20.00") and by_api["status"] == "approved"
    report.line("a conversion by the API", by_api["status"], "1 call", fine=fine)
    return sales


def _call(url: str) -> str:
    """Call it as a network would; return the status or the code of the answer."""
    try:
        with urlopen(url, timeout=_SECONDS) as answer:
            return str(json.load(answer)["status"])
    except HTTPError as error:
        with error:
            return str(json.load(error)["code"])


def check_deliveries(
    sales: Iterable[Sale],
    source: Listener,
    receiver: Receiver,
    payout_of: Callable[[Sale], Decimal],
    report: Report,
) -> None:
    """See what reached the source, and what the subscriber of the webhook."""
    approved = [sale for sale in sales if sale.status == "approved"]
    source.wait_for(len(approved), _SECONDS)
    template = PostbackTemplate(source.url + SOURCE_QUERY)
    told = [template.read(source.url + target) for target in list(source.targets)]
    expected = Counter((sale.visit.gclid, sale.tx_id, payout_of(sale)) for sale in approved)
    fine = Counter((one.external_id, one["tx_id"], one.payout) for one in told) == expected
    console.print(f"\n[bold]The source[/] was told of {len(told)} sales, by its own click ids:")
    console.print(f"  {source.targets[0]}", style="dim", markup=False, soft_wrap=True)
    report.line("postbacks to the source", "each once", f"{len(told)} arrived", fine=fine)
    console.print("\n[bold]Webhooks[/] of the same, each with its signature checked:")
    counts = {"conversion.created": len(list(sales)), "conversion.updated": 1}
    for name, count in counts.items():
        arrived = receiver.wait_for(name, count, _SECONDS) and receiver.counts[name] == count
        console.print(f"  {name:<20} {receiver.counts[name]}", style="dim")
        times = f"{receiver.counts[name]} arrived"
        report.line(f"webhook {name}", "signature verified", times, fine=arrived)
    report.line("  with another signature", "none", receiver.forged, fine=not receiver.forged)
