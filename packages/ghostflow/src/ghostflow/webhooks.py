"""Webhooks: is this delivery genuine, and what does it say?

The service signs the time and the raw body with HMAC-SHA256, keyed with the whole secret, and sends
``t=<epoch seconds>,v1=<hex of "<t>.<body>">`` in ``X-GhostFlow-Signature``, with a ``v1`` for each
secret while one is replaced. Known only of the self-hosted server.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

from ghostflow._error_map import adopt
from ghostflow._money import parse
from ghostflow.errors import ConfigurationError, MisuseError, WebhookVerificationError
from quintet.core.webhooks.schemes import Timestamped
from quintet.core.webhooks.sign import sign
from quintet.core.webhooks.verify import verify
from quintet.errors import QuintetError
from quintet.secrets import WebhookSecrets

__all__ = ["WebhookEvent", "WebhookVerifier", "sign_webhook", "verify_webhook"]

HEADER = "X-GhostFlow-Signature"
TOLERANCE = 300.0
"""Seconds by which a delivery's time may be off, either way."""

_SCHEME = Timestamped(HEADER)
_MAX_HEADERS = 1000
_NOT_TEXT = "what is not UTF-8 must be given as bytes, the secret and the body"


class WebhookEvent(dict[str, Any]):
    """A delivery that is genuine: what the body says, with amounts of money as ``Decimal``.

    The types that are known: ``conversion.created`` and ``conversion.updated``, whose ``object`` is
    a :class:`~ghostflow.types.Conversion`; ``campaign.updated``, a
    :class:`~ghostflow.types.Campaign`; ``domain.verified``, a :class:`~ghostflow.types.Domain`.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The event's id, the same over all attempts: remember it to handle each event once."""
        return self._text("id")

    @property
    def type(self) -> str:
        """What happened, such as ``"conversion.created"``."""
        return self._text("type") or self._text("event")

    @property
    def team_id(self) -> str:
        """Whose event it is."""
        return self._text("teamId")

    @property
    def object(self) -> dict[str, Any]:
        """The conversion, campaign or domain as it was then; empty if the event has none."""
        found = self.get("data")
        return found if isinstance(found, dict) else {}

    def _text(self, name: str) -> str:
        found = self.get(name)
        return found if isinstance(found, str) else ""


def verify_webhook(
    payload: bytes | str,
    headers: Any,
    secret: str | bytes | Iterable[str | bytes],
    *,
    tolerance: float | None = TOLERANCE,
    now: float | None = None,
) -> bool:
    """Return whether a webhook is genuine and of now. Never raises for what a sender sent.

    Args:
        payload: The body exactly as received. Text is taken as UTF-8; parsed JSON written out
            again is not the same bytes.
        headers: Those of the request: a mapping in any case, pairs, an ASGI scope's list or a WSGI
            environment; or the value of the signature header alone.
        secret: The webhook's secret as it was shown once, or several while one is replaced.
        tolerance: Seconds by which the delivery's time may be off, either way; ``None`` looks at no
            time, and then a recorded delivery stays genuine.
        now: Epoch seconds, for tests.

    Raises:
        TypeError: ``payload`` is parsed already.
        ConfigurationError: There is no secret, or an empty one; anyone could sign with that.
        MisuseError: ``tolerance`` is no number of seconds.
    """
    secret = WebhookSecrets(secret or ())
    if not isinstance(payload, (bytes, bytearray, memoryview, str)):
        raise TypeError(f"payload must be the raw body, not {type(payload).__name__}")
    _check_tolerance(tolerance)
    if not secret:
        raise ConfigurationError(message="a webhook is verified with its secret, and there is none")
    moment = time.time() if now is None else now
    try:
        return verify(
            _SCHEME, payload, _plain_headers(headers), secret, tolerance=tolerance, now=moment
        )
    except QuintetError as error:
        raise adopt(error) from None
    except UnicodeEncodeError:
        raise ConfigurationError(message=_NOT_TEXT) from None


class WebhookVerifier:
    """Checks deliveries and turns them into events.

    Example::

        verifier = WebhookVerifier(os.environ["GHOSTFLOW_WEBHOOK_SECRET"])
        event = verifier.verify(request_body, request.headers)
        if event.type == "conversion.created":
            print(event.object["payout"])

    Args:
        secrets: The webhook's secret, or several while one is replaced.
        tolerance: Seconds by which a delivery's time may be off, either way.

    Raises:
        ConfigurationError: There is no secret, or an empty one.
    """

    def __init__(
        self, secrets: str | bytes | Iterable[str | bytes], *, tolerance: float | None = TOLERANCE
    ) -> None:
        self._secrets = secrets = WebhookSecrets(secrets or ())
        self._tolerance = tolerance
        # Fails here, not at the first delivery, if a secret cannot be used.
        verify_webhook(b"", "", self._secrets, tolerance=tolerance)

    def is_genuine(self, payload: bytes | str, headers: Any, *, now: float | None = None) -> bool:
        """Return whether the delivery is genuine."""
        return verify_webhook(payload, headers, self._secrets, tolerance=self._tolerance, now=now)

    def verify(
        self, payload: bytes | str, headers: Any, *, now: float | None = None
    ) -> WebhookEvent:
        """Return the event of a genuine delivery.

        Args:
            payload: The body exactly as received.
            headers: All headers of the request, or the value of the signature header.
            now: Epoch seconds, for tests.

        Raises:
            WebhookVerificationError: It is not genuine, too old, or no JSON object.
        """
        if not self.is_genuine(payload, headers, now=now):
            raise WebhookVerificationError(
                message="the webhook's signature is missing, wrong or too old"
            )
        return WebhookEvent(_decode(payload))

    def __repr__(self) -> str:
        return f"WebhookVerifier(<{self._secrets.count()}>)"


def sign_webhook(
    payload: bytes | str,
    secret: str | bytes | Iterable[str | bytes],
    *,
    timestamp: float | None = None,
) -> dict[str, str]:
    """Return the header that the service would send with this body, for tests of a receiver.

    Args:
        payload: The body.
        secret: One secret, or several as while one is replaced.
        timestamp: Epoch seconds, now by default.

    Raises:
        ConfigurationError: There is no secret.
    """
    secret = WebhookSecrets(secret)
    moment = time.time() if timestamp is None else timestamp
    try:
        return sign(_SCHEME, payload, secret, timestamp=moment)
    except QuintetError as error:
        raise adopt(error) from None
    except UnicodeEncodeError:
        raise ConfigurationError(message=_NOT_TEXT) from None


def _check_tolerance(tolerance: float | None) -> None:
    # No time compares as too old with NaN, so everything would count as fresh.
    is_number = isinstance(tolerance, (int, float)) and not isinstance(tolerance, bool)
    if tolerance is not None and not (is_number and 0 <= tolerance < math.inf):
        raise MisuseError(message="tolerance must be a number of seconds, 0 or more, or None")


def _plain_headers(headers: Any) -> str | dict[str, str]:
    """Return headers by lower-case name, whatever framework they come from; never raises."""
    if isinstance(headers, (str, bytes)):
        return _text(headers)
    try:
        items = getattr(headers, "items", None)
        pairs: Any = items() if callable(items) else headers or ()
        listed = [pair for pair, _ in zip(pairs, range(_MAX_HEADERS), strict=False)]
    except TypeError:
        return {}
    found: dict[str, str] = {}
    for pair in listed:
        if isinstance(pair, (tuple, list)) and len(pair) == 2:
            name, value = (_text(part) for part in pair)
            # A WSGI environment has it as HTTP_X_GHOSTFLOW_SIGNATURE.
            found.setdefault(name.lower().replace("_", "-").removeprefix("http-"), value)
    return found


def _text(part: Any) -> str:
    if isinstance(part, bytes):
        return part.decode("latin-1")
    return part if isinstance(part, str) else ""


def _decode(payload: bytes | str) -> dict[str, Any]:
    raw = bytes(payload) if isinstance(payload, memoryview) else payload
    try:
        event = parse(raw)
    except (ValueError, RecursionError) as error:
        raise WebhookVerificationError(message="the webhook is genuine but no JSON") from error
    if not isinstance(event, dict):
        raise WebhookVerificationError(message="the webhook is genuine but no JSON object")
    return event
