"""Webhook signatures, for receivers and for tests of receivers.

An SDK has its own ``verify_webhook`` with its service's scheme filled in; this is what they are
made of.  Verifying takes the raw body, compares in constant time, accepts several secrets (while
one is being rotated), and never raises for anything a sender sent.

    >>> from quintet.webhooks import PlainHex, sign, verify
    >>> scheme = PlainHex("X-Signature", prefix="sha256=")
    >>> headers = sign(scheme, b'{"id": 1}', "whsec", timestamp=0)
    >>> verify(scheme, b'{"id": 1}', headers, "whsec", tolerance=None, now=0)
    True
    >>> verify(scheme, b'{"id": 2}', headers, "whsec", tolerance=None, now=0)
    False
"""

from __future__ import annotations

from quintet.core.webhooks.schemes import PlainHex, Scheme, Signed, StandardWebhooks, Timestamped
from quintet.core.webhooks.sign import sign
from quintet.core.webhooks.verify import verify
from quintet.errors import WebhookError

__all__ = [
    "PlainHex",
    "Scheme",
    "Signed",
    "StandardWebhooks",
    "Timestamped",
    "WebhookError",
    "sign",
    "verify",
]
