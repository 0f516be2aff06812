"""One of each in a team of its own, for calls that need something to be about."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from ghostflow import GhostFlowClient
from tests.support.ghostflow import GhostFlowServer
from tests.support.waiting import until

__all__ = ["BROWSER", "EMAIL", "PASSWORD", "Things"]

EMAIL = "somebody@example.com"
PASSWORD = "correct horse battery staple"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_NOBODY = "http://127.0.0.1:9"


class Things:
    """Ids of what there is; methods make more of it, for calls that change or delete theirs."""

    def __init__(self, server: GhostFlowServer) -> None:
        project = f"team-{uuid.uuid4().hex}"
        self.server = server
        self.key = server.key_of(project)
        server.member(EMAIL, PASSWORD, project)
        self._gf = GhostFlowClient(self.key, server.api)
        self.team = self._gf.teams.list()[0]["id"]
        self.hook, self.delivery = self._told()
        self.network = self.new("networks", name="Network")
        offer = {"name": "Offer", "url": "https://offer.example/?c={click_id}", "payout": 3}
        self.offer = self.new("offers", **offer, networkId=self.network)
        # In one campaign only: who is refused to delete it is told of each.
        self.used = self.new("offers", **offer)
        self.source = self.new("sources", name="Source", postbackUrl=f"{_NOBODY}/?c={{click_id}}")
        self.domain = self.new("domains", host=f"{uuid.uuid4().hex}.localhost")
        self.campaign = self.new_campaign(
            sourceId=self.source, cost={"model": "cpc", "amount": 0.2, "currency": "USD"}
        )
        offers = [{"offerId": self.used, "weight": 1}]
        self.new("campaigns", name="Other", url="https://example.com/other", offers=offers)
        self.click = self.new_click()
        self.conversion = self.new_conversion()
        self._postback()
        self.api_key = self.new_key()

    def close(self) -> None:
        """Close the connection."""
        self._gf.close()

    def new(self, plural: str, **fields: Any) -> str:
        """The id of a new object."""
        return str(self._gf.post(f"/{plural}", json=fields)[0]["id"])

    def new_campaign(self, **fields: Any) -> str:
        """The id of a new campaign with one offer."""
        offers = [{"offerId": self.offer, "weight": 1}]
        url = "https://example.com/promo"
        return self.new("campaigns", name="Campaign", url=url, offers=offers, **fields)

    def new_click(self) -> str:
        """The id of a new click on the campaign."""
        fields = {"campaignId": self.campaign, "ip": "198.51.100.7", "userAgent": BROWSER}
        return self.new("clicks", **fields, offerId=self.offer, sub1="one")

    def new_conversion(self, **fields: Any) -> str:
        """The id of a new conversion of a new click."""
        return self.new("conversions", clickId=self.new_click(), **fields)

    def new_key(self) -> str:
        """The id of a new API key that may read reports, with a line in its log."""
        return self.new("auth/api-keys", name="CI", permissions=["read:stats"])

    def new_hook(self) -> str:
        """The id of a new webhook, which nobody answers."""
        return self.new("webhooks", url=f"{_NOBODY}/hook", events=["campaign.updated"])

    def _told(self) -> tuple[str, str]:
        """A webhook, and a delivery of it that was tried."""
        hook = self.new_hook()
        self._gf.post(f"/webhooks/{hook}/test")

        def tried() -> Any:
            [one] = self._gf.get(f"/webhooks/{hook}/deliveries")[0]
            return one if one["attemptLog"] else None

        return hook, until(tried)["id"]

    def _postback(self) -> None:
        """A line in the log of what came in, beside that of what went out."""
        url = self._gf.networks.get(self.network)["postbackUrl"].partition("?")[0]
        answer = httpx.get(url, params={"click_id": self.click}, trust_env=False, timeout=60)
        assert answer.json()["status"] == "created"
