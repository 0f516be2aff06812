"""What a small business holds, for tests that need no database."""

from __future__ import annotations

from datetime import UTC, datetime

from quintet_server.services.amdahl.agent_work.asking.holdings import Holdings

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HELD = Holdings(
    now=NOW,
    interactions=120,
    scored=100,
    companies=4,
    deals=9,
    told_deals=9,
    documents=2,
    first_at="2026-01-02T00:00:00Z",
    last_at="2026-06-14T00:00:00Z",
    values={
        "channel": [("email", 70), ("call", 40), ("crm", 10)],
        "company_name": [("Northwind", 50), ("Acme Labs", 30), ("Acme Foods", 20), ("Initech", 20)],
        "owner": [("Amber Field", 60), ("Birch Hill", 60)],
        "contact_name": [("Dune Shore", 5)],
        "deal_name": [("Northwind renewal", 3)],
        "stage": [("Negotiation", 8)],
        "interaction_type": [("email", 70), ("meeting", 50)],
        "speaker_type": [("external", 80)],
        "source_system": [("hubspot", 120)],
    },
)
