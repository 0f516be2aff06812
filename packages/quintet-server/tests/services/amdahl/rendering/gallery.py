"""A page with every component of the catalog, in a layout that people might choose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from quintet_server.services.amdahl.rendering.outcome import Outcome

from .drawn import node, outcome

MONTHS = [f"2026-{month:02}-01T00:00:00Z" for month in range(1, 13)]
CHANNELS = {"email": 1284, "call": 861, "meeting": 540, "chat": 312, "web": 205, "crm": 77}
COMPANIES = (
    *("Northwind", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Acme", "Soylent"),
    *("Wonka", "Tyrell", "Cyberdyne", "Aperture", "Massive Dynamic", "שלום", "東京商事株式会社"),
)
DEALS = [
    ("Northwind renewal", "Ada", "48000", 0.82, "2026-04-14T18:22:11Z", True),
    ("Globex expansion", "Lee", "125500.50", 0.4, "2026-05-02T09:00:00Z", None),
    ("Umbrella platform, three years with a very long name", "Mo", "310000", 0.6, None, False),
]
TOPICS = ("Pricing pressure", "Security review", "SSO", "Slow onboarding", "Reporting gaps", "API")


def _wave(index: int, size: float) -> float:
    return round(size * (1.2 + math.sin(index / 2.3) + index / 20), 1)


def outcomes() -> dict[str, Outcome]:
    """What the queries of the page have given."""
    rows: dict[str, list[dict[str, Any]]] = {
        "totals": [{"events": 3279, "pipeline": "18450233.50", "rate": 0.274, "change": -412}],
        "by_channel": [{"channel": name, "events": count} for name, count in CHANNELS.items()],
        "monthly": [
            {"month": month, "revenue": str(_wave(i, 40000)), "deals": round(_wave(i, 9))}
            for i, month in enumerate(MONTHS)
        ],
        "by_month": [
            {"month": month, "channel": name, "events": round(_wave(i + k, 20))}
            for i, month in enumerate(MONTHS)
            for k, name in enumerate(list(CHANNELS)[:4])
        ],
        "daily": [
            {"day": f"2026-0{3 + i // 28}-{i % 28 + 1:02}", "events": _wave(i, 9), "replies": reply}
            for i in range(84)
            for reply in [None if 30 < i < 36 else _wave(i, 4)]
        ],
        "accounts": [
            {
                "company": name,
                "amount": 9000 * (i * 7 % 16 + 1),
                "touches": i * 5 % 60 + 2,
                "mood": m,
            }
            for i, name in enumerate(COMPANIES)
            for m in [round(math.sin(i * 1.7), 2)]
        ],
        "deals": [
            dict(
                zip(("deal_name", "owner", "amount", "chance", "closed_at", "won"), d, strict=True)
            )
            for d in DEALS
        ],
        "stages": [
            {"stage": stage, "deals": count}
            for stage, count in (("Lead", 1840), ("Qualified", 920), ("Proposal", 410), ("Won", 97))
        ],
        "change": [{"team": t, "change": c} for t, c in (("North", 12.4), ("South", -7.1))],
        "skills": [
            {"skill": skill, "us": 60 + i * 5, "them": 85 - i * 6}
            for i, skill in enumerate(("Price", "Support", "Security", "Reporting", "Onboarding"))
        ],
        "topics": [{"topic": topic, "hits": 90 // (i + 1)} for i, topic in enumerate(TOPICS)],
        "nodes": [{"id": "q", "name": "Qualified"}, {"id": "won", "name": "Won"}],
        "links": [
            {"source": source, "target": target, "value": value}
            for source, target, value in (
                ("Email", "q", 320),
                ("Call", "q", 240),
                ("Email", "Lost", 180),
                ("q", "won", 280),
                ("q", "Lost", 280),
            )
        ],
        "none": [],
    }
    found = {name: outcome(each) for name, each in rows.items()}
    failed = Outcome(error={"code": "timeout", "message": "not for readers"})
    return {**found, "broken": failed}


def _query(name: str) -> dict[str, Any]:
    return {"$query": name}


def _value(field: str) -> dict[str, Any]:
    return {"$value": {"query": "totals", "field": field}}


def root() -> dict[str, Any]:
    """The spec's root."""
    return node(
        "Section",
        *_figures(),
        *_charts(),
        *_prose(),
        title="Pipeline",
        description="Everything that moved in the workspace this year.",
    )


def _figures() -> Sequence[dict[str, Any]]:
    spark = {"sparkline": _query("monthly"), "sparkline_field": "revenue"}
    stats = (
        node("Stat", label="Interactions", value=_value("events"), trend=_value("change")),
        node("Stat", label="Pipeline", value=_value("pipeline"), format="currency", **spark),
        node("Stat", label="Win rate", value=_value("rate"), format="percent", trend="+3 points"),
        node("Stat", label="Gone", value={"$value": {"query": "broken", "field": "n"}}),
    )
    columns = [
        *("deal_name", "owner", {"key": "amount", "label": "Value", "format": "currency"}),
        *({"key": "chance", "format": "percent"}, "closed_at", "won"),
    ]
    return node("StatRow", *stats), node("Table", data=_query("deals"), columns=columns)


def _charts() -> Sequence[dict[str, Any]]:
    daily, monthly, by_month = _query("daily"), _query("monthly"), _query("by_month")
    accounts, channels = _query("accounts"), _query("by_channel")
    stacked = {"x": "month", "y": "events", "series": "channel", "stacked": True}
    bars = node("BarChart", data=channels, x="channel", y="events")
    flat = node("BarChart", data=_query("change"), x="team", y="change", horizontal=True)
    both = node("ComposedChart", data=monthly, x="month", bars=["revenue"], lines=["deals"])
    points = {"x": "mood", "y": "amount", "label": "company", "size": "touches"}
    return (
        node("AreaChart", data=by_month, **stacked),
        node(
            "Grid",
            node("Card", bars, title="Channels", subtitle="All time"),
            node("LineChart", data=daily, x="day", y=["events", "replies"]),
            node("BarChart", data=by_month, **stacked),
            both,
            node("PieChart", data=channels, label="channel", value="events"),
            node("FunnelChart", data=_query("stages"), label="stage", value="deals"),
            node("Treemap", data=accounts, label="company", value="amount"),
            node("Sankey", nodes=_query("nodes"), links=_query("links")),
            node("ScatterChart", data=accounts, **points),
            node("SignalMap", data=_query("topics"), label="topic", size="hits"),
        ),
        node("SignalMap", data=accounts, **points),
        node(
            "Grid",
            node("GaugeChart", value=73, target=85, label="Quota reached"),
            node("RadarChart", data=_query("skills"), label="skill", value=["us", "them"]),
            flat,
            columns=3,
        ),
        node(
            "Grid",
            node("BarChart", data=_query("none"), x="a", y="b"),
            node("LineChart", data=_query("broken"), x="a", y="b"),
            node("Table", data=_query("none"), empty_text="Nothing sold yet."),
            node("Custom", code="alert(1)"),
            columns=4,
        ),
    )


def _prose() -> Sequence[dict[str, Any]]:
    body = "## Notes\n\n**More** email, see [report](https://example.com).\n\n> quoted\n\n`code`"
    tones = ("neutral", "positive", "warning", "negative")
    return (
        node(
            "Row",
            node(
                "Callout", node("Text", text="No touch for 14 days."), title="Late", tone="warning"
            ),
            node("Insight", title="Good quarter", body="Win rate rose.", tone="positive"),
            node("Insight", body="Two accounts left.", tone="negative"),
        ),
        node("Divider"),
        node("Spacer", size="sm"),
        node("Heading", text="Background", level=1),
        node("Row", *(node("Badge", text=tone, tone=tone) for tone in tones), gap="sm"),
        node("Markdown", body=body),
        node("List", items=["First", "Second"], ordered=True),
        node("List", items=_query("topics"), field="topic"),
        node("Text", text="Muted text", tone="muted"),
    )
