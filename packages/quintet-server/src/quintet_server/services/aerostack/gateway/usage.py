"""What was used, by UTC day."""

from __future__ import annotations

from typing import Any

from quintet_server.store.database import Connection

__all__ = ["DAYS_MAX", "read_usage"]

DAYS_MAX = 366

_READ = """
SELECT day, sum(requests)::bigint, sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint,
       sum(units)::bigint
  FROM aerostack_gateway_usage
 WHERE wallet_id = %s AND api = %s
   AND day > (quintet_now() AT TIME ZONE 'UTC')::date - %s
 GROUP BY day ORDER BY day
"""


async def read_usage(conn: Connection, wallet: int, api: str, days: int) -> dict[str, Any]:
    """Totals of the last `days` days, today included, and each day on which there was something."""
    rows = await (await conn.execute(_READ, (wallet, api, days))).fetchall()
    by_day = [
        {
            "date": day.isoformat(),
            "requests": requests,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "tokens": prompt + completion,
            "units": units,
        }
        for day, requests, prompt, completion, units in rows
    ]
    return {
        "total_tokens": sum(one["tokens"] for one in by_day),
        "total_requests": sum(one["requests"] for one in by_day),
        "total_units": sum(one["units"] for one in by_day),
        "days": days,
        "by_day": by_day,
    }
