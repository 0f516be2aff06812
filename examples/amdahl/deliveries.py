"""What the receivers have in common: the secret, the check, and a queue for the work.

A receiver answers fast and works later: the service waits 10 seconds and then delivers again. The
same event may come twice, so the queue takes each ``dedupe_key`` once.
"""

from __future__ import annotations

import os
import queue
from collections import OrderedDict
from threading import Lock
from typing import Any

from amdahl import WebhookEvent
from amdahl.webhooks import verify

TOLERANCE = 300
_REMEMBERED = 10_000

work: queue.Queue[WebhookEvent] = queue.Queue()
"""Events to be worked on, by a thread or a process of yours."""

_seen: OrderedDict[str, None] = OrderedDict()
_lock = Lock()


def accept(raw: bytes, headers: Any) -> bool:
    """Check a delivery and queue its event; tell whether it is new.

    Raises:
        SignatureError: It is not genuine, or too old.
    """
    event = verify(raw, headers, os.environ["WEBHOOK_SECRET"], tolerance=TOLERANCE)
    with _lock:
        if event.dedupe_key in _seen:
            return False
        _seen[event.dedupe_key] = None
        if len(_seen) > _REMEMBERED:
            _seen.popitem(last=False)
    work.put(event)
    return True
