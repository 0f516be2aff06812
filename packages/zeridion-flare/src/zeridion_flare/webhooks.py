"""Webhooks: is this delivery genuine, and what does it say?

The service signs ``<timestamp>.<body>`` with HMAC-SHA256 and sends ``t=<timestamp>,v1=<hex>`` under
two names, ``zeridion-signature`` and ``X-Zeridion-Signature``; either is read, in any case. While
a secret is being rotated there are several ``v1``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from quintet.core.webhooks.schemes import Timestamped
from quintet.core.webhooks.sign import sign
from quintet.core.webhooks.verify import verify
from quintet.errors import QuintetError
from quintet.secrets import WebhookSecrets
from zeridion_flare.errors import FlareConfigurationError, WebhookVerificationError, adopt

if TYPE_CHECKING:
    from zeridion_flare.types import WebhookEvent

__all__ = ["WebhookVerifier", "sign_webhook", "verify_webhook"]

HEADER = "X-Zeridion-Signature"
HEADER_ALIAS = "zeridion-signature"
DEFAULT_TOLERANCE_SECONDS = 300.0
"""Five minutes: clocks differ and deliveries are retried, but each retry is signed afresh."""

_SCHEME = Timestamped(HEADER, also=(HEADER_ALIAS,))


def verify_webhook(
    payload: bytes | str,
    header: str | Mapping[str, str] | None = None,
    secret: str | bytes | Iterable[str | bytes] | None = None,
    *,
    signature_header: str | None = None,
    tolerance_seconds: float | None = None,
    now: float | None = None,
) -> bool:
    """Return whether a webhook was signed with the secret. Never raises for what a sender sent.

    Without ``tolerance_seconds`` a genuine delivery stays genuine for ever, so that stored ones
    can be verified; a receiver on the network should pass 300, or use :class:`WebhookVerifier`.

    Args:
        payload: The body exactly as received. Text is taken as UTF-8; parsed JSON written out
            again is not the same bytes.
        header: Value of the signature header, or all headers of the request.
        secret: The subscription's secret, or several while it is being rotated.
        signature_header: The same as ``header``, its older name.
        tolerance_seconds: How far the timestamp may be from now, either way.
        now: Epoch seconds, for tests.

    Raises:
        TypeError: ``header`` was given under both names, or ``payload`` is parsed already.
        FlareConfigurationError: There is no secret.
    """
    if secret is not None:
        secret = WebhookSecrets(secret)
    if header is not None and signature_header is not None:
        raise TypeError("give header or signature_header, not both")
    claimed = header if header is not None else signature_header
    if secret is None:
        raise FlareConfigurationError("a webhook is verified with its secret, and there is none")
    if not isinstance(payload, (bytes, bytearray, memoryview, str)):
        raise TypeError(f"payload must be the raw body, not {type(payload).__name__}")
    try:
        return verify(
            _SCHEME,
            payload,
            claimed if claimed is not None else "",
            secret,
            tolerance=tolerance_seconds,
            now=time.time() if now is None else now,
        )
    except QuintetError as error:
        raise adopt(error) from None


class WebhookVerifier:
    """Checks deliveries with a time window and turns them into events.

    Example::

        verifier = WebhookVerifier([os.environ["FLARE_WEBHOOK_SECRET"]])
        event = verifier.verify(request_body, request.headers)

    Deliveries may repeat: remember ``event["id"]`` where that matters.

    Args:
        secrets: The subscription's secret, or old and new while it is being rotated.
        tolerance_seconds: How far the timestamp may be from now, either way; ``None`` for no
            limit, which lets a recorded delivery be replayed for ever.
        clock: Returns epoch seconds.

    Raises:
        FlareConfigurationError: There is no secret, or an empty one.
    """

    def __init__(
        self,
        secrets: str | bytes | Iterable[str | bytes],
        *,
        tolerance_seconds: float | None = DEFAULT_TOLERANCE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = secrets = WebhookSecrets(secrets)
        self._tolerance = tolerance_seconds
        self._clock = clock
        # Fails here, not at the first delivery, if a secret cannot be used.
        verify_webhook(b"", "", self._secrets)

    def is_genuine(self, payload: bytes | str, headers: str | Mapping[str, str] | None) -> bool:
        """Return whether the delivery is genuine and recent."""
        return verify_webhook(
            payload,
            headers,
            self._secrets,
            tolerance_seconds=self._tolerance,
            now=self._clock(),
        )

    def verify(self, payload: bytes | str, headers: str | Mapping[str, str] | None) -> WebhookEvent:
        """Return the event of a genuine delivery.

        Args:
            payload: The body exactly as received.
            headers: All headers of the request, or the value of the signature header.

        Raises:
            WebhookVerificationError: It is not genuine, too old, or no JSON object.
        """
        if not self.is_genuine(payload, headers):
            raise WebhookVerificationError(
                "the webhook's signature is missing, wrong, or outside the time window"
            )
        return cast("WebhookEvent", _decode(payload))

    def __repr__(self) -> str:
        return f"WebhookVerifier(<{self._secrets.count()}>)"


def sign_webhook(
    payload: bytes | str,
    secret: str | bytes | Iterable[str | bytes],
    *,
    timestamp: float | None = None,
) -> dict[str, str]:
    """Return the headers that the service would send with this body, for tests of a receiver.

    Args:
        payload: The body.
        secret: One secret, or several as during a rotation.
        timestamp: Epoch seconds; now without it.
    """
    secret = WebhookSecrets(secret)
    moment = time.time() if timestamp is None else timestamp
    try:
        headers = sign(_SCHEME, payload, secret, timestamp=moment)
    except QuintetError as error:
        raise adopt(error) from None
    return {**headers, HEADER_ALIAS: headers[HEADER]}


def _decode(payload: bytes | str) -> dict[str, Any]:
    try:
        event = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise WebhookVerificationError("the webhook is genuine but no JSON") from error
    if not isinstance(event, dict):
        raise WebhookVerificationError("the webhook is genuine but no JSON object")
    return event
