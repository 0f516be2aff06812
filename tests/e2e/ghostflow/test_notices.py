"""What goes out over the wire: webhooks that are verified, and postbacks to the source."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest

from ghostflow import (
    GhostFlowClient,
    PostbackError,
    PostbackTemplate,
    WebhookVerificationError,
    WebhookVerifier,
    postback_url,
    verify_webhook,
)
from tests.e2e.ghostflow.things import BROWSER
from tests.support.ghostflow import GhostFlowServer, TrafficSource
from tests.support.receiver import Receiver
from tests.support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("ghostflow")]


def test_webhooks_are_signed_repeated_and_verified(
    server: GhostFlowServer, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    with GhostFlowClient() as gf:
        events = ["conversion.created", "conversion.updated", "campaign.updated"]
        hook = gf.webhooks.create(receiver.url, events)
        campaign = gf.campaigns.create("S", "https://example.com/")
        gf.campaigns.pause(campaign["id"])
        until(lambda: len(receiver.deliveries) == 2)
        gf.campaigns.resume(campaign["id"])
        click = gf.clicks.create(campaign["id"], user_agent=BROWSER, ip="198.51.100.1")
        conversion = gf.conversions.create(click["id"], status="pending", payout=Decimal("2.50"))
        gf.conversions.update(conversion["id"], status="approved")
        until(lambda: len(receiver.deliveries) == 5)
        log = until(
            lambda: (found := gf.webhooks.deliveries(hook["id"], status="delivered"))[3:] and found
        )
    verifier = WebhookVerifier(["whsec_of_somebody_else", hook["secret"]])
    told = [verifier.verify(body, headers) for headers, body in receiver.deliveries]
    assert told[0] == told[1]
    types = sorted(event.type for event in told)
    assert types == [
        "campaign.updated",
        "campaign.updated",
        "campaign.updated",
        "conversion.created",
        "conversion.updated",
    ]
    about = {event.object["id"] for event in told}
    assert about == {campaign["id"], conversion["id"]}
    [updated] = [event for event in told if event.type == "conversion.updated"]
    assert (updated.object["status"], updated.object["payout"]) == ("approved", 2.5)
    assert {one["eventId"] for one in log} == {event.id for event in told}

    headers, body = receiver.deliveries[0]
    assert verify_webhook(body, headers, hook["secret"])
    assert not verify_webhook(body, headers, "whsec_of_somebody_else")
    with pytest.raises(WebhookVerificationError):
        verifier.verify(body.replace(b"S", b"T", 1), headers)
    assert json.loads(body)["id"] == told[0].id


def test_source_is_told_of_the_conversion_of_a_real_click(
    server: GhostFlowServer, source: TrafficSource
) -> None:
    template = f"{source.url}/told?cid={{external_id}}&ours={{click_id}}&sum={{payout}}&token=t0k"
    with GhostFlowClient() as gf:
        network = gf.networks.create("Network", param_map={"clickId": "aff"})
        offer = gf.offers.create("O", "https://o.example/?c={click_id}", network_id=network["id"])
        listening = gf.sources.create("S", postback_url=template, params={"gclid": "externalId"})
        campaign = gf.campaigns.create(
            "S",
            "https://example.com/",
            source_id=listening["id"],
            offers=[{"offerId": offer["id"], "weight": 1}],
        )
        answer = httpx.get(
            campaign["trackingUrl"],
            params={"gclid": "G 1&2", "sub1": "x"},
            headers={"User-Agent": BROWSER},
            trust_env=False,
            timeout=60,
        )
        click_id = answer.headers["location"].removeprefix("https://o.example/?c=")
        click = gf.clicks.get(click_id)
        assert (click["externalId"], click["sub1"], click["offerId"]) == ("G 1&2", "x", offer["id"])
        for _ in range(2):
            reported = httpx.get(
                postback_url(network, click_id=click_id, payout="12.50"),
                trust_env=False,
                timeout=60,
            )
            assert reported.status_code == 200, reported.text
        [path] = until(lambda: list(source.asked))
        [line] = until(
            lambda: [
                one for one in gf.postbacks.list(direction="out") if one["outcome"] == "delivered"
            ]
        )
    received = PostbackTemplate(template).read(source.url + path)
    assert (received["external_id"], received.click_id) == ("G 1&2", click_id)
    assert received.payout == Decimal("12.5")
    assert "t0k" not in str(line)
    assert [one["status"] for one in line["attempts"]] == [204]
    with pytest.raises(PostbackError):
        PostbackTemplate(template.replace("t0k", "other")).read(source.url + path)
