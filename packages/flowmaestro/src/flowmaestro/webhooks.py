"""Webhooks: is this delivery genuine, and what does it say?

The service signs the body alone with HMAC-SHA256, keyed with the whole secret (``whsec_``
included), and sends ``v1=<hex>`` in ``X-FlowMaestro-Signature``. There is no time in the signature,
so a recorded delivery stays genuine: remember ``event["id"]``, the same over all attempts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from flowmaestro.errors import ConfigurationError, WebhookVerificationError, adopt
from quintet.core.webhooks.schemes import PlainHex
from quintet.core.webhooks.sign import sign
from quintet.core.webhooks.verify import verify
from quintet.errors import QuintetError
from quintet.secrets import WebhookSecrets

if TYPE_CHECKING:
    from flowmaestro.types import WebhookEvent

__all__ = ["WebhookVerifier", "sign_webhook", "verify_webhook"]

HEADER = "X-FlowMaestro-Signature"

_SCHEME = PlainHex(HEADER, prefix="v1=")


def verify_webhook(
    payload: bytes | str,
    header: str | Mapping[str, str] | None,
    secret: str | bytes | Iterable[str | bytes],
) -> bool:
    """Return whether a webhook was signed with the secret. Never raises for what a sender sent.

    Args:
        payload: The body exactly as received. Text is taken as UTF-8; parsed JSON written out
            again is not the same bytes.
        header: Value of the signature header, or all headers of the request.
        secret: The webhook's secret as it was shown once, or several while one is replaced.

    Raises:
        TypeError: ``payload`` is parsed already.
        ConfigurationError: There is no secret.
    """
    if secret is None:
        raise ConfigurationError("a webhook is verified with its secret, and there is none")
    secret = WebhookSecrets(secret)
    if not isinstance(payload, (bytes, bytearray, memoryview, str)):
        raise TypeError(f"payload must be the raw body, not {type(payload).__name__}")
    try:
        return verify(
            _SCHEME, payload, "" if header is None else header, secret, tolerance=None, now=0.0
        )
    except QuintetError as error:
        raise adopt(error) from None


class WebhookVerifier:
    """Checks deliveries and turns them into events.

    Example::

        verifier = WebhookVerifier(os.environ["FLOWMAESTRO_WEBHOOK_SECRET"])
        event = verifier.verify(request_body, request.headers)
        if event["event"] == "execution.completed":
            print(event["data"]["outputs"])

    Args:
        secrets: The webhook's secret, or several while one is replaced.

    Raises:
        ConfigurationError: There is no secret, or an empty one.
    """

    def __init__(self, secrets: str | bytes | Iterable[str | bytes]) -> None:
        self._secrets = secrets = WebhookSecrets(secrets)
        # Fails here, not at the first delivery, if a secret cannot be used.
        verify_webhook(b"", "", self._secrets)

    def is_genuine(self, payload: bytes | str, headers: str | Mapping[str, str] | None) -> bool:
        """Return whether the delivery is genuine."""
        return verify_webhook(payload, headers, self._secrets)

    def verify(self, payload: bytes | str, headers: str | Mapping[str, str] | None) -> WebhookEvent:
        """Return the event of a genuine delivery.

        Args:
            payload: The body exactly as received.
            headers: All headers of the request, or the value of the signature header.

        Raises:
            WebhookVerificationError: It is not genuine, or no JSON object.
        """
        if not self.is_genuine(payload, headers):
            raise WebhookVerificationError("the webhook's signature is missing or wrong")
        return cast("WebhookEvent", _decode(payload))

    def __repr__(self) -> str:
        return f"WebhookVerifier(<{self._secrets.count()}>)"


def sign_webhook(
    payload: bytes | str, secret: str | bytes | Iterable[str | bytes]
) -> dict[str, str]:
    """Return the header that the service would send with this body, for tests of a receiver.

    Args:
        payload: The body.
        secret: One secret, or several as while one is replaced.

    Raises:
        ConfigurationError: There is no secret.
    """
    secret = WebhookSecrets(secret)
    try:
        return sign(_SCHEME, payload, secret, timestamp=0.0)
    except QuintetError as error:
        raise adopt(error) from None


def _decode(payload: bytes | str) -> dict[str, Any]:
    try:
        event = json.loads(bytes(payload) if isinstance(payload, memoryview) else payload)
    except (ValueError, RecursionError) as error:
        raise WebhookVerificationError("the webhook is genuine but no JSON") from error
    if not isinstance(event, dict):
        raise WebhookVerificationError("the webhook is genuine but no JSON object")
    return event
