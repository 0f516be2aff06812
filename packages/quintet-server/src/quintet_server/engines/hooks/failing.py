"""Subscriptions whose deliveries do not arrive: count what is given up, and switch them off.

Only for services whose policy says after how many. The subscription's row is locked before that of
the delivery: whoever deletes a subscription locks them in this order too.
"""

from __future__ import annotations

import structlog

from quintet_server.engines.hooks.formats import DeliveryPolicy, Subscription, Verdict
from quintet_server.store.database import Connection

_log = structlog.get_logger(__name__)

GONE = "the receiver answered 410 Gone"

# Without a lock, and nothing written, as long as all is well.
_ARRIVED = "UPDATE hook_subscriptions SET failure_count = 0 WHERE id = %s AND failure_count > 0"
_GIVEN_UP = """
UPDATE hook_subscriptions SET failure_count = failure_count + 1,
    enabled = enabled AND failure_count + 1 < %(most)s,
    disabled_reason = CASE WHEN enabled AND failure_count + 1 >= %(most)s THEN %(reason)s
        ELSE disabled_reason END,
    updated_at = CASE WHEN enabled AND failure_count + 1 >= %(most)s THEN quintet_now()
        ELSE updated_at END,
    version = version + (enabled AND failure_count + 1 >= %(most)s)::int
WHERE id = %(id)s RETURNING enabled
"""


async def note_end(
    conn: Connection, policy: DeliveryPolicy, subscription: Subscription, verdict: Verdict
) -> None:
    """Note how a delivery ended, in the transaction that ends it."""
    most = policy.disable_after
    if most is None:
        return
    if verdict is Verdict.DELIVERED:
        await conn.execute(_ARRIVED, (subscription.id,))
        return
    reason = f"{most} deliveries in a row were given up"
    if verdict is Verdict.GONE:
        most, reason = 0, GONE
    values = {"id": subscription.id, "most": most, "reason": reason}
    row = await (await conn.execute(_GIVEN_UP, values)).fetchone()
    if row is not None and subscription.enabled and not row[0]:
        _log.warning("webhook_disabled", webhook=subscription.id, reason=reason)
