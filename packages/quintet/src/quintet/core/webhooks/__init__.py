"""Webhook signatures: what the headers mean, verifying, signing."""

from __future__ import annotations

from quintet.core.webhooks.schemes import PlainHex, Scheme, Signed, StandardWebhooks, Timestamped
from quintet.core.webhooks.sign import sign
from quintet.core.webhooks.verify import verify

__all__ = ["PlainHex", "Scheme", "Signed", "StandardWebhooks", "Timestamped", "sign", "verify"]
