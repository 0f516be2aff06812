"""What must hold between a client and a server when the network between them fails."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from ghostflow import (
    APIConnectionError,
    AsyncGhostFlowClient,
    AuthenticationError,
    GhostFlowClient,
    NotFoundError,
    ValidationError,
)
from tests.e2e.ghostflow.things import BROWSER
from tests.support.cutting import Cutter, cutting
from tests.support.ghostflow import GhostFlowServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("ghostflow")]

MOUNT = "/ghostflow/api/v1"
URL = "https://example.com/"


@pytest.fixture
def cutter(server: GhostFlowServer) -> Iterator[Cutter]:
    with cutting(server.url) as found:
        yield found


def test_campaign_whose_answer_was_cut_off_is_made_once(cutter: Cutter) -> None:
    with GhostFlowClient(base_url=cutter.url + MOUNT) as gf:
        cutter.cuts = 2
        made = gf.campaigns.create("S", URL)
        assert [one["id"] for one in gf.campaigns.list()] == [made["id"]]
    keys = cutter.keys[:3]
    assert keys[0] is not None
    assert keys == [keys[0]] * 3
    replayed = [answer.headers.get("idempotency-replayed") for answer in cutter.answers[:3]]
    assert replayed == [None, "true", "true"]


async def test_campaign_whose_answer_was_cut_off_is_made_once_asynchronously(
    cutter: Cutter,
) -> None:
    async with AsyncGhostFlowClient(base_url=cutter.url + MOUNT) as gf:
        cutter.cuts = 1
        made, _ = await gf.post("/campaigns", json={"name": "S", "url": URL})
        assert [one["id"] for one in await gf.campaigns.list()] == [made["id"]]


def test_clicks_and_conversions_whose_answers_were_cut_off_count_once(cutter: Cutter) -> None:
    with GhostFlowClient(base_url=cutter.url + MOUNT) as gf:
        campaign = gf.campaigns.create("S", URL)["id"]
        cutter.cuts = 1
        click = gf.clicks.create(campaign, ip="198.51.100.1", user_agent=BROWSER)["id"]
        cutter.cuts = 1
        many = gf.clicks.create_many(
            [{"campaign_id": campaign, "ip": f"198.51.100.{n}"} for n in (2, 3)]
        )
        assert [one["status"] for one in many] == ["created", "created"]
        cutter.cuts = 1
        gf.conversions.create(click, payout=Decimal("2.50"))
        totals = gf.reports.dashboard()["totals"]
    counted = (totals["clicks"], totals["conversions"], totals["revenue"])
    assert counted == (3, 1, Decimal("2.5"))


def test_deletion_whose_answer_was_cut_off_has_happened(cutter: Cutter) -> None:
    with GhostFlowClient(base_url=cutter.url + MOUNT) as gf:
        made = gf.campaigns.create("S", URL)["id"]
        cutter.cuts = 1
        assert gf.campaigns.delete(made) == {
            "id": made,
            "deleted": True,
            "already_deleted": True,
        }
        with pytest.raises(NotFoundError):
            gf.campaigns.delete(made)


def test_regeneration_is_not_repeated_and_says_that_it_may_have_happened(
    cutter: Cutter, server: GhostFlowServer
) -> None:
    with GhostFlowClient(base_url=cutter.url + MOUNT) as gf:
        made = gf.api_keys.create("CI", ["read"])
        before = len(cutter.answers)
        cutter.cuts = 1
        with pytest.raises(APIConnectionError) as caught:
            gf.api_keys.regenerate(made["id"])
        assert len(cutter.answers) == before + 1
    assert caught.value.outcome_unknown
    with GhostFlowClient(made["key"]) as old, pytest.raises(AuthenticationError):
        old.campaigns.list()


def test_two_teams_do_not_see_each_others_objects(server: GhostFlowServer) -> None:
    with GhostFlowClient() as mine, GhostFlowClient(server.team()) as other:
        campaign = other.campaigns.create("Theirs", URL)["id"]
        click = other.clicks.create(campaign, ip="198.51.100.1", user_agent=BROWSER)["id"]
        conversion = other.conversions.create(click)["id"]
        offer = other.offers.create("Theirs", URL)["id"]
        for look in (
            lambda: mine.campaigns.get(campaign),
            lambda: mine.campaigns.pause(campaign),
            lambda: mine.campaigns.delete(campaign),
            lambda: mine.campaigns.clone(campaign),
            lambda: mine.clicks.get(click),
            lambda: mine.conversions.create(click),
            lambda: mine.conversions.get(conversion),
            lambda: mine.conversions.update(conversion, status="reversed"),
            lambda: mine.offers.get(offer),
        ):
            with pytest.raises(NotFoundError):
                look()
        with pytest.raises(ValidationError, match="there is no campaign"):
            mine.clicks.create(campaign)
        assert mine.campaigns.list(status="all") == mine.clicks.list() == []
        assert mine.reports.dashboard(campaign_id=campaign)["totals"]["clicks"] == 0
        assert other.campaigns.get(campaign)["status"] == "active"
        assert other.conversions.get(conversion)["status"] == "approved"
