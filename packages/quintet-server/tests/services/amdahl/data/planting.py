"""Rows for tests: a few companies that talk of three subjects."""

from __future__ import annotations

from typing import Any

from quintet_server.services.amdahl.context import Amdahl

from ..conftest import Api

PRICING = (
    "The price per seat is too high for our budget",
    "We need a discount, your pricing exceeds our budget",
    "Can you lower the annual price of the subscription?",
    "The cost of the licence is above what finance approved",
)
SECURITY = (
    "Our security team wants the penetration test report",
    "Do you support single sign-on and encryption at rest?",
    "The security review must finish before we sign",
    "Is customer data encrypted and audited for compliance?",
)
HIRING = (
    "We are hiring engineers in Berlin next quarter",
    "The new recruits start their onboarding on Monday",
    "Our recruiter looks for senior engineers",
    "Candidates were interviewed by the whole team",
)


def utterances() -> list[dict[str, Any]]:
    """Twelve utterances with ids u0…u11, one a day, of three companies."""
    texts = [text for group in zip(PRICING, SECURITY, HIRING, strict=True) for text in group]
    return [
        {
            "id": f"u{number}",
            "timestamp": f"2026-04-{number + 1:02}T09:00:00Z",
            "channel": ("call", "email", "chat")[number % 3],
            "company_name": ("Acme", "Globex", "Initech")[number % 3],
            "speaker_type": "external",
            "speaker_name": "Ann",
            "content": text,
            "amount": number * 10,
            "sentiment": -0.5 if number % 3 == 0 else 0.5,
        }
        for number, text in enumerate(texts)
    ]


def kept(amount: int, table: str = "interactions") -> str:
    """Nothing waits for a vector, and so many rows are there."""
    return (
        "SELECT p.id FROM projects p WHERE p.id = %s AND NOT EXISTS "
        "(SELECT FROM amdahl_unembedded u WHERE u.project_id = p.id) "
        f"AND (SELECT count(*) FROM amdahl_{table} t WHERE t.project_id = p.id) = {amount}"
    )


def parts_of(api: Api) -> Amdahl:
    """What a handler has, for what is called without a request."""
    [service] = api.runtime.services
    parts: Amdahl = service.start.__self__._parts
    return parts
