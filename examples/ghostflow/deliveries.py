"""What the receivers of webhooks have in common: the secret, the check, and a queue for the work.

A receiver answers fast and works later: the service waits 10 seconds and then delivers again. The
same event may come twice, so the queue takes each id once.
"""

from __future__ import annotations

import os
import queue
from collections import OrderedDict
from threading import Lock
from typing import Any

from ghostflow import WebhookEvent, WebhookVerifier

_REMEMBERED = 10_000

work: queue.Queue[WebhookEvent] = queue.Queue()
"""Events to be worked on, by a thread or a process of yours."""

_seen: OrderedDict[str, None] = OrderedDict()
_lock = Lock()


def accept(raw: bytes, headers: Any) -> bool:
    """Check a delivery and queue its event; tell whether it is new.

    Raises:
        WebhookVerificationError: It is not genuine, or too old.
    """
    event = WebhookVerifier(os.environ["WEBHOOK_SECRET"]).verify(raw, headers)
    with _lock:
        if event.id in _seen:
            return False
        _seen[event.id] = None
        if len(_seen) > _REMEMBERED:
            _seen.popitem(last=False)
    work.put(event)
    return True
