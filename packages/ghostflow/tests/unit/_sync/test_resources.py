# Generated from tests/unit/_async/test_resources.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Every method of every resource: what is sent, and what comes back."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from ghostflow import GhostFlowClient, GhostFlowError, MisuseError, Page, _wire
from quintet.core.operation import Operation
from quintet.core.retry import RetryClass

from .rig import ID, client, header, hosted, ok, refused, reply, sent, written

Call = Callable[[GhostFlowClient], Any]

CALLS: dict[str, tuple[Call, str, str, Any]] = {
    "campaigns.create": (
        lambda gf: gf.campaigns.create(
            "S", "https://a.example", domain_id=None, unique_window_hours=12, append_click_id="c"
        ),
        "POST",
        "/campaigns",
        {
            "name": "S",
            "url": "https://a.example",
            "domainId": None,
            "uniqueWindowHours": 12,
            "appendClickId": "c",
        },
    ),
    "campaigns.get": (lambda gf: gf.campaigns.get(ID), "GET", f"/campaigns/{ID}", None),
    "campaigns.update": (
        lambda gf: gf.campaigns.update(ID, name="T", source_id=None),
        "PATCH",
        f"/campaigns/{ID}",
        {"name": "T", "sourceId": None},
    ),
    "campaigns.pause": (
        lambda gf: gf.campaigns.pause(ID),
        "PATCH",
        f"/campaigns/{ID}",
        {"status": "paused"},
    ),
    "campaigns.resume": (
        lambda gf: gf.campaigns.resume(ID),
        "PATCH",
        f"/campaigns/{ID}",
        {"status": "active"},
    ),
    "campaigns.archive": (
        lambda gf: gf.campaigns.archive(ID),
        "PATCH",
        f"/campaigns/{ID}",
        {"status": "archived"},
    ),
    "campaigns.restore": (
        lambda gf: gf.campaigns.restore(ID),
        "PATCH",
        f"/campaigns/{ID}",
        {"status": "paused"},
    ),
    "campaigns.delete": (lambda gf: gf.campaigns.delete(ID), "DELETE", f"/campaigns/{ID}", None),
    "campaigns.clone": (
        lambda gf: gf.campaigns.clone(ID),
        "POST",
        f"/campaigns/{ID}/clone",
        None,
    ),
    "campaigns.add_cost": (
        lambda gf: gf.campaigns.add_cost(
            ID, from_=date(2025, 1, 1), to="2025-01-31", amount=Decimal("99.10"), currency="EUR"
        ),
        "POST",
        f"/campaigns/{ID}/costs",
        {"from": "2025-01-01", "to": "2025-01-31", "amount": 99.1, "currency": "EUR"},
    ),
    "offers.create": (
        lambda gf: gf.offers.create(
            "O",
            "https://o.example/?c={click_id}",
            network_id=ID,
            payout=Decimal("12.50"),
            payout_currency="USD",
            countries=["US"],
            cap={"limit": 5, "period": "day", "counts": "clicks"},
        ),
        "POST",
        "/offers",
        {
            "name": "O",
            "url": "https://o.example/?c={click_id}",
            "networkId": ID,
            "payout": 12.5,
            "payoutCurrency": "USD",
            "countries": ["US"],
            "cap": {"limit": 5, "period": "day", "counts": "clicks"},
        },
    ),
    "offers.get": (lambda gf: gf.offers.get(ID), "GET", f"/offers/{ID}", None),
    "offers.update": (
        lambda gf: gf.offers.update(ID, cap=None),
        "PATCH",
        f"/offers/{ID}",
        {"cap": None},
    ),
    "offers.delete": (lambda gf: gf.offers.delete(ID), "DELETE", f"/offers/{ID}", None),
    "sources.create": (
        lambda gf: gf.sources.create("S", postback_url="https://s.example/?c={click_id}"),
        "POST",
        "/sources",
        {"name": "S", "postbackUrl": "https://s.example/?c={click_id}"},
    ),
    "sources.get": (lambda gf: gf.sources.get(ID), "GET", f"/sources/{ID}", None),
    "sources.update": (
        lambda gf: gf.sources.update(ID, postback_on=["approved", "pending"]),
        "PATCH",
        f"/sources/{ID}",
        {"postbackOn": ["approved", "pending"]},
    ),
    "sources.delete": (lambda gf: gf.sources.delete(ID), "DELETE", f"/sources/{ID}", None),
    "networks.create": (
        lambda gf: gf.networks.create("N", param_map={"clickId": "aff"}, require_ip=["10.0.0.0/8"]),
        "POST",
        "/networks",
        {"name": "N", "paramMap": {"clickId": "aff"}, "requireIp": ["10.0.0.0/8"]},
    ),
    "networks.get": (lambda gf: gf.networks.get(ID), "GET", f"/networks/{ID}", None),
    "networks.update": (
        lambda gf: gf.networks.update(ID, currency="EUR"),
        "PATCH",
        f"/networks/{ID}",
        {"currency": "EUR"},
    ),
    "networks.delete": (lambda gf: gf.networks.delete(ID), "DELETE", f"/networks/{ID}", None),
    "networks.rotate_key": (
        lambda gf: gf.networks.rotate_key(ID),
        "POST",
        f"/networks/{ID}/rotate-key",
        None,
    ),
    "domains.create": (
        lambda gf: gf.domains.create("track.example.com", is_default=True),
        "POST",
        "/domains",
        {"host": "track.example.com", "isDefault": True},
    ),
    "domains.get": (lambda gf: gf.domains.get(ID), "GET", f"/domains/{ID}", None),
    "domains.update": (
        lambda gf: gf.domains.update(ID, fallback_url=None),
        "PATCH",
        f"/domains/{ID}",
        {"fallbackUrl": None},
    ),
    "domains.delete": (lambda gf: gf.domains.delete(ID), "DELETE", f"/domains/{ID}", None),
    "domains.verify": (lambda gf: gf.domains.verify(ID), "POST", f"/domains/{ID}/verify", None),
    "clicks.get": (lambda gf: gf.clicks.get(ID), "GET", f"/clicks/{ID}", None),
    "clicks.create": (
        lambda gf: gf.clicks.create(
            ID,
            click_id="c1",
            at=datetime(2025, 1, 1, tzinfo=timezone.utc),
            user_agent="UA",
            cost=Decimal("0.05"),
        ),
        "POST",
        "/clicks",
        {
            "campaignId": ID,
            "clickId": "c1",
            "at": "2025-01-01T00:00:00Z",
            "userAgent": "UA",
            "cost": 0.05,
        },
    ),
    "conversions.get": (lambda gf: gf.conversions.get(ID), "GET", f"/conversions/{ID}", None),
    "conversions.create": (
        lambda gf: gf.conversions.create("c1", tx_id="T1", payout=Decimal("12.50"), currency="USD"),
        "POST",
        "/conversions",
        {"clickId": "c1", "txId": "T1", "payout": 12.5, "currency": "USD"},
    ),
    "conversions.update": (
        lambda gf: gf.conversions.update(ID, status="reversed"),
        "PATCH",
        f"/conversions/{ID}",
        {"status": "reversed"},
    ),
    "reports.dashboard": (
        lambda gf: gf.reports.dashboard(
            date(2025, 1, 1), date(2025, 1, 31), compare="previous", country=["US", "!DE"]
        ),
        "GET",
        "/reports/dashboard?from=2025-01-01&to=2025-01-31&compare=previous"
        "&country=US&country=%21DE",
        None,
    ),
    "reports.breakdown": (
        lambda gf: gf.reports.breakdown(
            ["campaign", "country"], "2025-01-01", "2025-01-31", sort="-clicks", limit=5, sub1="x"
        ),
        "GET",
        "/reports/breakdown?from=2025-01-01&to=2025-01-31&groupBy=campaign%2Ccountry"
        "&sort=-clicks&limit=5&sub1=x",
        None,
    ),
    "reports.timeseries": (
        lambda gf: gf.reports.timeseries("hour", timezone="Europe/Berlin", referrer_host="a.b"),
        "GET",
        "/reports/timeseries?interval=hour&timezone=Europe%2FBerlin&referrerHost=a.b",
        None,
    ),
    "api_keys.create": (
        lambda gf: gf.api_keys.create(
            "ci", ["read:stats"], expires_at=datetime(2027, 1, 1, tzinfo=timezone.utc)
        ),
        "POST",
        "/auth/api-keys",
        {"name": "ci", "permissions": ["read:stats"], "expiresAt": "2027-01-01T00:00:00Z"},
    ),
    "api_keys.delete": (lambda gf: gf.api_keys.delete(ID), "DELETE", f"/auth/api-keys/{ID}", None),
    "api_keys.revoke": (
        lambda gf: gf.api_keys.revoke(ID),
        "PUT",
        f"/auth/api-keys/{ID}/revoke",
        None,
    ),
    "api_keys.regenerate": (
        lambda gf: gf.api_keys.regenerate(ID),
        "POST",
        f"/auth/api-keys/{ID}/regenerate",
        None,
    ),
    "teams.get": (lambda gf: gf.teams.get(ID), "GET", f"/teams/{ID}", None),
    "teams.update": (
        lambda gf: gf.teams.update(ID, timezone="Asia/Kolkata"),
        "PATCH",
        f"/teams/{ID}",
        {"timezone": "Asia/Kolkata"},
    ),
    "billing.subscription": (
        lambda gf: gf.billing.subscription(),
        "GET",
        "/billing/subscription",
        None,
    ),
    "webhooks.create": (
        lambda gf: gf.webhooks.create("https://me.example/hook", ["conversion.created"]),
        "POST",
        "/webhooks",
        {"url": "https://me.example/hook", "events": ["conversion.created"]},
    ),
    "webhooks.get": (lambda gf: gf.webhooks.get(ID), "GET", f"/webhooks/{ID}", None),
    "webhooks.update": (
        lambda gf: gf.webhooks.update(ID, events=["campaign.updated"]),
        "PATCH",
        f"/webhooks/{ID}",
        {"events": ["campaign.updated"]},
    ),
    "webhooks.delete": (lambda gf: gf.webhooks.delete(ID), "DELETE", f"/webhooks/{ID}", None),
    "webhooks.rotate_secret": (
        lambda gf: gf.webhooks.rotate_secret(ID),
        "POST",
        f"/webhooks/{ID}/rotate-secret",
        None,
    ),
    "webhooks.test": (lambda gf: gf.webhooks.test(ID), "POST", f"/webhooks/{ID}/test", None),
    "webhooks.redeliver": (
        lambda gf: gf.webhooks.redeliver(ID, "d1"),
        "POST",
        f"/webhooks/{ID}/deliveries/d1/redeliver",
        None,
    ),
    "me": (lambda gf: gf.me(), "GET", "/auth/me", None),
    "login": (
        lambda gf: gf.login("a@b.example", "pw"),
        "POST",
        "/auth/login",
        {"email": "a@b.example", "password": "pw"},
    ),
}
LISTS: dict[str, tuple[Call, str]] = {
    "campaigns.list": (
        lambda gf: gf.campaigns.list(limit=2, search="su", status="all", sort="name", cursor="c"),
        "/campaigns?limit=2&cursor=c&search=su&status=all&sort=name",
    ),
    "offers.list": (lambda gf: gf.offers.list(network_id=ID), f"/offers?networkId={ID}"),
    "sources.list": (lambda gf: gf.sources.list(), "/sources"),
    "sources.templates": (lambda gf: gf.sources.templates(), "/sources/templates"),
    "networks.list": (lambda gf: gf.networks.list(), "/networks"),
    "domains.list": (lambda gf: gf.domains.list(), "/domains"),
    "clicks.list": (
        lambda gf: gf.clicks.list("2025-01-01", "2025-01-02", bots="only", campaign_id=ID, limit=9),
        f"/clicks?from=2025-01-01&to=2025-01-02&bots=only&limit=9&campaignId={ID}",
    ),
    "conversions.list": (
        lambda gf: gf.conversions.list(
            datetime(2025, 1, 1, tzinfo=timezone.utc), status="pending", click_id="c1", event="x"
        ),
        "/conversions?from=2025-01-01T00%3A00%3A00Z&status=pending&clickId=c1&event=x",
    ),
    "conversions.list of days": (
        lambda gf: gf.conversions.list(date(2025, 1, 1), "2025-01-31", timezone="Asia/Tokyo"),
        "/conversions?from=2025-01-01&to=2025-01-31&timezone=Asia%2FTokyo",
    ),
    "postbacks.list until a day": (
        lambda gf: gf.postbacks.list(to=date(2025, 1, 31), timezone="UTC", direction="in"),
        "/postbacks?to=2025-01-31&timezone=UTC&direction=in",
    ),
    "postbacks.list": (
        lambda gf: gf.postbacks.list(direction="out", outcome="duplicate"),
        "/postbacks?direction=out&outcome=duplicate",
    ),
    "api_keys.list": (
        lambda gf: gf.api_keys.list(search="c", status="active", sort="name"),
        "/auth/api-keys?search=c&status=active&sort=name",
    ),
    "api_keys.audit_log": (
        lambda gf: gf.api_keys.audit_log(ID, limit=3, action="denied"),
        f"/auth/api-keys/{ID}/audit-log?limit=3&action=denied",
    ),
    "teams.list": (lambda gf: gf.teams.list(search="x"), "/teams?search=x"),
    "webhooks.list": (lambda gf: gf.webhooks.list(status="all"), "/webhooks?status=all"),
    "webhooks.deliveries": (
        lambda gf: gf.webhooks.deliveries(ID, status="failed", event="webhook.test"),
        f"/webhooks/{ID}/deliveries?status=failed&event=webhook.test",
    ),
}
OPERATIONS = {one.name: one for one in vars(_wire).values() if isinstance(one, Operation)}


@pytest.mark.parametrize("name", CALLS)
def test_call_sends_what_is_documented(name: str) -> None:
    call, method, path, body = CALLS[name]
    gf, transport = client(ok({"id": ID, "unknown": [1]}))
    found = call(gf)
    assert sent(transport) == (method, path, body)
    assert (found["id"], found["unknown"]) == (ID, [1])


@pytest.mark.parametrize("name", LISTS)
def test_list_sends_what_is_documented(name: str) -> None:
    call, path = LISTS[name]
    gf, transport = client(ok([{"id": ID}], X_Total_Count="7", X_Next_Cursor="n"))
    page = call(gf)
    assert sent(transport) == ("GET", path, None)
    assert isinstance(page, list)
    assert (len(page), page.total, page.next_cursor) == (1, 7, "n")


def test_every_line_of_the_wire_table_is_called_here() -> None:
    others = {"clicks.create", "campaigns.update"}
    called = {*CALLS, *LISTS} | others
    assert set(OPERATIONS) <= called


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_retry_class_fits_the_method(name: str) -> None:
    operation = OPERATIONS[name]
    kinds = {
        "GET": {RetryClass.SAFE},
        "POST": {RetryClass.KEYED},
        "PUT": {RetryClass.IDEMPOTENT},
        "PATCH": {RetryClass.IDEMPOTENT},
        "DELETE": {RetryClass.IDEMPOTENT},
    }
    odd = {"api_keys.regenerate": {RetryClass.NEVER}, "login": {RetryClass.IDEMPOTENT}}
    assert operation.retry in odd.get(name, kinds[operation.method])
    assert (operation.success is None) is (operation.method != "DELETE")


@pytest.mark.parametrize("name", sorted(_wire.SELF_HOSTED))
def test_endpoint_the_hosted_service_lacks_is_explained(name: str) -> None:
    call = (CALLS | {each: (one[0], "", "", None) for each, one in LISTS.items()})[name][0]
    gf, _ = hosted(reply(404, body=b"<html>nothing here</html>"))
    with pytest.raises(GhostFlowError, match="known only of the self-hosted server") as caught:
        call(gf)
    assert caught.value.status == 404
    gf, _ = client(refused(404, "NOT_FOUND", "gone"))
    with pytest.raises(GhostFlowError) as plain:
        call(gf)
    assert str(plain.value) == "gone"


def test_object_the_hosted_service_lacks_leaves_both_open() -> None:
    gf, _ = hosted(refused(404, "NOT_FOUND", "gone"), refused(404, "NOT_FOUND", "gone"))
    with pytest.raises(GhostFlowError, match=r"gone \(there is no such object, or"):
        gf.clicks.get("c1")
    with pytest.raises(GhostFlowError) as known:
        gf.campaigns.get("c1")
    assert str(known.value) == "gone"


def test_amounts_are_decimals_to_the_last_digit() -> None:
    text = (
        '{"id": "o", "payout": 12.10, "revenue": 3, "cost": {"model": "cpc", "amount": 0.1},'
        ' "epc": 0.3333, "roi": 66.6667, "clicks": 3, "profit": null,'
        ' "weird": {"cost": 1e-6, "x": 0.5}}'
    )
    gf, _ = client(written(text))
    offer: Any = gf.offers.get("o")
    assert offer["payout"] == Decimal("12.10")
    assert str(offer["payout"]) == "12.10"
    assert offer["revenue"] == Decimal(3)
    assert type(offer["revenue"]) is Decimal
    assert offer["cost"] == {"model": "cpc", "amount": Decimal("0.1")}
    assert offer["epc"] == Decimal("0.3333")
    assert type(offer["roi"]) is float
    assert type(offer["clicks"]) is int
    assert offer["profit"] is None
    assert offer["weird"] == {"cost": Decimal("0.000001"), "x": 0.5}


def test_number_that_no_decimal_holds_loses_no_result() -> None:
    huge = "1e99999999999999999999"
    gf, _ = client(written(f'{{"id": "o", "payout": {huge}, "roi": {huge}, "cost": NaN}}'))
    offer: Any = gf.offers.get("o")
    assert (offer["id"], offer["payout"], offer["roi"]) == ("o", Decimal("Infinity"), math.inf)
    assert [type(offer[name]) for name in ("payout", "roi", "cost")] == [Decimal, float, Decimal]


def test_views_with_raw_answers_can_be_copied() -> None:
    gf, _ = client(ok({"id": "o"}))
    view = copy.copy(gf.with_raw_response.offers)
    assert view.get("o").model == {"id": "o"}
    assert not hasattr(view, "_nothing")
    assert not hasattr(view, "nothing")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("12.50"), b"12.5"),
        (Decimal("0.000001"), b"1e-06"),
        (Decimal("999999999.999999"), b"999999999.999999"),
        (Decimal(7), b"7"),
        (Decimal("1E+3"), b"1000"),
        (3, b"3"),
        (0.1, b"0.1"),
    ],
)
def test_amount_is_sent_as_a_plain_number(amount: Any, text: bytes) -> None:
    gf, transport = client(ok({"id": ID}))
    gf.offers.update(ID, payout=amount)
    assert transport.bodies[0] == b'{"payout":' + text + b"}"


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "0.1234567890123456789", "1E-400"])
def test_amount_that_no_number_holds_is_refused(amount: str) -> None:
    gf, transport = client()
    with pytest.raises(MisuseError):
        gf.offers.update(ID, payout=Decimal(amount))
    assert transport.requests == []


def test_many_clicks_have_a_result_each() -> None:
    gf, transport = client(ok([{"status": "created", "id": "a"}, {"status": "duplicate"}]))
    found = gf.clicks.create_many(
        [{"campaign_id": ID, "click_id": "a"}, {"campaignId": ID, "cost": Decimal("0.1")}]
    )
    assert isinstance(found, Page)
    assert [each["status"] for each in found] == ["created", "duplicate"]
    assert sent(transport)[2] == [
        {"campaignId": ID, "clickId": "a"},
        {"campaignId": ID, "cost": 0.1},
    ]


def test_many_clicks_may_come_one_by_one() -> None:
    gf, transport = client(ok([]))
    clicks: Any = ({"campaign_id": each} for each in ("a", "b"))
    gf.clicks.create_many(clicks)
    assert sent(transport)[2] == [{"campaignId": "a"}, {"campaignId": "b"}]


def test_clone_is_renamed_if_wanted() -> None:
    gf, transport = client(ok({"id": "new"}, 201), ok({"id": "new", "name": "U"}))
    assert gf.campaigns.clone(ID, name="U")["name"] == "U"
    assert sent(transport) == ("PATCH", "/campaigns/new", {"name": "U"})


def test_csv_is_text() -> None:
    gf, transport = client(*[reply(200, body=b"bucket,clicks\n1,2\n")] * 2)
    assert gf.reports.timeseries_csv("week") == "bucket,clicks\n1,2\n"
    assert sent(transport)[1] == "/reports/timeseries?interval=week&format=csv"
    assert header(transport, "Accept") == "text/csv"
    assert gf.reports.breakdown_csv("campaign").startswith("bucket")
    assert sent(transport)[1] == "/reports/breakdown?groupBy=campaign&format=csv"


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        ("2025-01-01", None),
        (None, date(2025, 1, 1)),
        (date(2025, 1, 2), date(2025, 1, 1)),
        (date(2025, 1, 1), datetime(2025, 1, 2, tzinfo=timezone.utc)),
        (20250101, 20250102),
    ],
)
def test_impossible_period_is_refused(from_: Any, to: Any) -> None:
    gf, transport = client()
    with pytest.raises(MisuseError):
        gf.reports.dashboard(from_, to)
    assert transport.requests == []


def test_misspelt_arguments_are_refused() -> None:
    gf, transport = client()
    wrong: Any = {"campain_id": "x"}
    day: Any = date(2025, 1, 1)
    words: Any = "read:stats"
    for call in (
        lambda: gf.reports.dashboard(**wrong),
        lambda: gf.reports.breakdown([]),
        lambda: gf.conversions.list(day, datetime(2025, 1, 2, tzinfo=timezone.utc)),
        lambda: gf.postbacks.list(day, date(2024, 12, 31)),
        lambda: gf.postbacks.list(to=wrong),
        lambda: gf.api_keys.create("k", words),
        lambda: gf.webhooks.create("https://a.example", words),
        lambda: gf.campaigns.get(wrong),
        lambda: gf.clicks.create_many(wrong),
        lambda: gf.clicks.create_many([day]),
        lambda: gf.offers.update(ID, if_match=wrong, name="x"),
        lambda: gf.offers.update(ID, if_match=True, name="x"),
        lambda: gf.offers.update(ID, if_match='1", "2', name="x"),
    ):
        with pytest.raises(MisuseError):
            call()
    assert transport.requests == []


def test_ids_may_be_uuids_and_versions_texts() -> None:
    gf, transport = client(*[ok({"id": ID})] * 3)
    gf.campaigns.update(UUID(ID), if_match="7", name="x")  # type: ignore[arg-type]
    assert sent(transport)[1] == f"/campaigns/{ID}"
    assert header(transport, "If-Match") == '"7"'
    gf.campaigns.delete(ID, if_match="*")
    assert header(transport, "If-Match") == "*"


def test_login_makes_a_client_that_uses_the_token() -> None:
    from quintet.testing import FakeClock, ScriptedTransport

    from .rig import BASE

    answers = [ok({"accessToken": "ey.J.x", "expiresIn": 3600}), ok({"user": None})]
    transport = ScriptedTransport(answers)
    gf = GhostFlowClient.log_in(
        "a@b.example", "pw", BASE, transport=transport, clock=FakeClock(), team_id="t"
    )
    assert header(transport, "Authorization") is None
    gf.me()
    assert header(transport, "Authorization") == "Bearer ey.J.x"
    assert gf.api_key == "ey.J.x"
    assert "ey.J" not in repr(gf)


def test_docstrings_of_unknown_endpoints_say_so() -> None:
    gf, _ = client()
    whole = ("clicks", "conversions", "postbacks", "teams", "billing", "webhooks")
    for name in sorted(_wire.SELF_HOSTED):
        noun, _, verb = name.rpartition(".")
        owner = getattr(gf, noun) if noun else gf
        said = inspect.getdoc(type(owner) if noun in whole else getattr(owner, verb)) or ""
        assert "self-hosted server" in said, name
