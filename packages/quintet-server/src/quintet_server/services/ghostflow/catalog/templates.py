"""Templates of sources: the parameters that well-known ad sources really send.

Two kinds are here. Some sources add a click id to every link by themselves (`gclid`, `fbclid`,
`msclkid`, `ttclid`, `tblci`, `ob_click_id`); the others fill in macros, and each parameter is named
like the macro that goes into it. A postback URL is given only where one address serves every
account; what depends on an account (goals, advertiser numbers, uploads) is for its owner to enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.services.ghostflow.catalog.fields import CostModel

__all__ = ["TEMPLATES", "Template"]


@dataclass(frozen=True, slots=True)
class Template:
    """What a source of this kind begins with."""

    key: str
    name: str
    params: Mapping[str, str]
    postback_url: str | None = None
    cost_model: CostModel = "none"
    """`param`: it says with each click what that costs."""

    def shown(self) -> dict[str, Any]:
        """As callers see it."""
        return {
            "key": self.key,
            "name": self.name,
            "params": dict(self.params),
            "postbackUrl": self.postback_url,
            "cost": {"model": self.cost_model},
        }


TEMPLATES = (
    Template(
        "google-ads",
        "Google Ads",
        {
            "gclid": "externalId",
            "campaignid": "sub1",
            "adgroupid": "sub2",
            "creative": "sub3",
            "keyword": "sub4",
            "matchtype": "sub5",
            "network": "sub6",
            "placement": "sub7",
            "device": "sub8",
        },
    ),
    Template(
        "meta-ads",
        "Meta Ads (Facebook, Instagram)",
        {
            "fbclid": "externalId",
            "campaign_id": "sub1",
            "adset_id": "sub2",
            "ad_id": "sub3",
            "placement": "sub4",
            "site_source_name": "sub5",
        },
    ),
    Template(
        "microsoft-ads",
        "Microsoft Advertising",
        {
            "msclkid": "externalId",
            "CampaignId": "sub1",
            "AdGroupId": "sub2",
            "AdId": "sub3",
            "keyword": "sub4",
            "MatchType": "sub5",
            "Network": "sub6",
            "Device": "sub7",
        },
    ),
    Template(
        "tiktok-ads",
        "TikTok Ads",
        {
            "ttclid": "externalId",
            "CAMPAIGN_ID": "sub1",
            "AID": "sub2",
            "CID": "sub3",
            "PLACEMENT": "sub4",
        },
    ),
    Template(
        "taboola",
        "Taboola",
        {
            "tblci": "externalId",
            "campaign_id": "sub1",
            "campaign_item_id": "sub2",
            "site": "sub3",
            "site_id": "sub4",
            "platform": "sub5",
        },
        "https://trc.taboola.com/actions-handler/log/3/s2s-action"
        "?click-id={external_id}&name={event}&revenue={payout}&currency={currency}&orderid={tx_id}",
    ),
    Template(
        "outbrain",
        "Outbrain",
        {
            "ob_click_id": "externalId",
            "campaign_id": "sub1",
            "ad_id": "sub2",
            "publisher_id": "sub3",
            "section_id": "sub4",
        },
        "https://tr.outbrain.com/unifiedPixel"
        "?ob_click_id={external_id}&name={event}&orderValue={payout}&currency={currency}"
        "&orderId={tx_id}",
    ),
    Template(
        "mgid",
        "MGID",
        {
            "click_id": "externalId",
            "click_price": "cost",
            "campaign_id": "sub1",
            "teaser_id": "sub2",
            "widget_id": "sub3",
            "category_id": "sub4",
            "geo": "sub5",
        },
        "https://a.mgid.com/postback?c={external_id}&e={event}&r={payout}",
        cost_model="param",
    ),
    Template(
        "exoclick",
        "ExoClick",
        {
            "conversions_tracking": "externalId",
            "cost": "cost",
            "campaign_id": "sub1",
            "variation_id": "sub2",
            "zone_id": "sub3",
            "site_id": "sub4",
        },
        cost_model="param",
    ),
)
