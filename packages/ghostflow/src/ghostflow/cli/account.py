"""``ghostflow me``: whose key it is."""

from __future__ import annotations

import argparse
from typing import Any

from ghostflow.cli import screen
from ghostflow.cli.connecting import open_client


def me(options: argparse.Namespace) -> int:
    """Show who is asking."""
    with open_client(options) as client:
        raw = client.with_raw_response.me()
    found: dict[str, Any] = dict(raw.model)
    if options.json:
        screen.print_json(found)
        return 0
    rest = {n: v for n, v in found.items() if n not in {"user", "apiKey", "teamId", "teams"}}
    user, key = found.get("user") or {}, found.get("apiKey") or {}
    teams = [
        f"{each.get('name')} ({', '.join(str(each[k]) for k in ('role', 'id') if each.get(k))})"
        for each in found.get("teams") or ()
    ]
    left, most = raw.rate_limit.remaining, raw.rate_limit.limit
    limit = None if left is None else f"{left} of {most} requests left"
    screen.print_fields(
        {
            "user": user.get("name"),
            "email": user.get("email"),
            "key": " ".join(str(key[k]) for k in ("prefix", "name") if key.get(k)),
            "teams": teams,
            "team": found.get("teamId") if len(teams) > 1 else None,
            **rest,
            "limit": limit,
        }
    )
    return 0
