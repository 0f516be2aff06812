"""Webhooks: is this delivery genuine, and what does it say?

The service signs the raw body with HMAC-SHA256, keyed with the whole secret (``whsec_`` included).
The digest stands in ``X-Webhook-Signature`` as plain hex and in ``X-Amdahl-Signature`` with
``sha256=`` before it; generations of the service send one or the other. Neither covers a time, so
``X-Webhook-Signature-V2`` (``t=<epoch>,v1=<hex of "<t>.<body>">``) is preferred where it is there,
and one that is wrong is not made good by the others.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from amdahl._error_map import adopt
from amdahl.errors import ConfigurationError, MisuseError, SignatureError
from quintet.core.instant import parse_rfc3339
from quintet.core.webhooks.schemes import PlainHex, Timestamped
from quintet.core.webhooks.sign import sign
from quintet.core.webhooks.verify import verify as verify_scheme
from quintet.errors import QuintetError
from quintet.secrets import WebhookSecrets

if TYPE_CHECKING:
    from quintet.core.webhooks.schemes import Scheme

__all__ = ["WebhookEvent", "sign_webhook", "verify", "verify_webhook_signature"]

V2 = "X-Webhook-Signature-V2"
BARE = "X-Webhook-Signature"
PREFIXED = "X-Amdahl-Signature"

_TIMESTAMPED = Timestamped(V2)
_PLAIN = (PlainHex(BARE, prefix="sha256="), PlainHex(PREFIXED, prefix="sha256="))
_MAX_HEADERS = 1000
_EVENT_ID_PREFIX = "evt_"


class WebhookEvent(dict[str, Any]):
    """A delivery that is genuine: its flat payload, with what every event has at hand.

    Attributes:
        dedupe_key: The same over all attempts at one event: the event's id, or the hash of the
            body if the service gave none. Remember it to handle each event once.
        delivery_id: Of this delivery, over all its attempts; ``""`` if the service gave none.
        attempt: Counts from 1; 0 if the service did not say.
    """

    __slots__ = ("attempt", "dedupe_key", "delivery_id")

    def __init__(
        self, fields: Mapping[str, Any], dedupe_key: str, delivery_id: str = "", attempt: int = 0
    ) -> None:
        super().__init__(fields)
        self.dedupe_key = dedupe_key
        self.delivery_id = delivery_id
        self.attempt = attempt

    @property
    def event(self) -> str:
        """What happened, such as ``"session.completed"``."""
        return str(self.get("event", ""))

    @property
    def id(self) -> str:
        """The event's id, ``""`` if it has none."""
        found = self.get("id")
        return found if isinstance(found, str) else ""

    @property
    def business_id(self) -> str:
        """Whose event it is."""
        return str(self.get("business_id", ""))

    @property
    def timestamp(self) -> str:
        """When it happened, as the service writes it."""
        return str(self.get("timestamp", ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return (WebhookEvent, (dict(self), self.dedupe_key, self.delivery_id, self.attempt))


def verify_webhook_signature(
    raw_body: bytes, signature_header: str | None, secret: str | bytes
) -> bool:
    """Return whether a body was signed with the secret. Never raises for what a sender sent.

    :func:`verify` looks at all headers, knows about time, and takes several secrets.

    Args:
        raw_body: The body exactly as received.
        signature_header: ``X-Webhook-Signature`` or ``X-Amdahl-Signature``, with ``sha256=`` before
            the digest or not; ``None`` if there is none.
        secret: The webhook's secret as it was shown once.

    Raises:
        TypeError: ``raw_body`` is not bytes: parsed JSON written out again is not the same bytes.
        ConfigurationError: The secret is empty; anyone could sign with that.
    """
    secrets = WebhookSecrets(secret or ())
    del secret  # a traceback that shows local names would show it
    if not isinstance(signature_header, str):
        signature_header = ""
    return _signed(_PLAIN[0], _raw(raw_body), signature_header, secrets, None, 0.0)


def verify(
    raw: bytes,
    headers: Any,
    secret: str | bytes | Iterable[str | bytes],
    *,
    tolerance: float | None = None,
    now: float | None = None,
) -> WebhookEvent:
    """Return the event of a delivery that is genuine.

    Args:
        raw: The body exactly as received.
        headers: Those of the request: a mapping in any case, pairs, an ASGI scope's list or a WSGI
            environment; or the value of a signature header alone.
        secret: The webhook's secret, or several while one is replaced.
        tolerance: Seconds by which the delivery's time may be off, either way; 300 is usual.
            ``None`` looks at no time: then a recorded delivery stays genuine, so remember
            ``dedupe_key``. Without a V2 signature the time is the ``timestamp`` in the signed body.
        now: Epoch seconds, for tests.

    Raises:
        SignatureError: Not genuine, too old, or no JSON object.
        TypeError: ``raw`` is not bytes.
        ConfigurationError: There is no secret, or an empty one.
        MisuseError: ``tolerance`` is no number of seconds.
    """
    secret = WebhookSecrets(secret or ())
    body = _raw(raw)
    _check_tolerance(tolerance)
    found = _plain_headers(headers)
    moment = time.time() if now is None else now
    with_time = V2.lower() in found
    if with_time:
        good = _signed(_TIMESTAMPED, body, found, secret, tolerance, moment)
    else:
        good = any(_signed(scheme, body, found, secret, None, 0.0) for scheme in _PLAIN)
    if not good:
        raise SignatureError(message="the webhook's signature is missing, wrong or too old")
    event = _decode(body)
    if tolerance is not None and not with_time:
        _check_age(event, tolerance, moment)
    return WebhookEvent(
        event,
        _dedupe_key(event, found, body),
        found.get("x-webhook-delivery", ""),
        _count(found.get("x-webhook-attempt", "")),
    )


def sign_webhook(
    raw: bytes, secret: str | bytes | Iterable[str | bytes], *, timestamp: float | None = None
) -> dict[str, str]:
    """Return the headers that the service would send with this body, for tests of a receiver.

    Args:
        raw: The body.
        secret: One secret, or several as while one is replaced.
        timestamp: Epoch seconds, now by default.

    Raises:
        ConfigurationError: There is no secret.
    """
    secret = WebhookSecrets(secret)
    moment = time.time() if timestamp is None else timestamp
    # The old headers have room for one signature: that of the secret that came first.
    first = WebhookSecrets(list(secret)[:1])
    bare = PlainHex(BARE)
    prefixed = PlainHex(PREFIXED, prefix="sha256=")
    try:
        return {
            **sign(bare, raw, first, timestamp=moment),
            **sign(prefixed, raw, first, timestamp=moment),
            **sign(_TIMESTAMPED, raw, secret, timestamp=moment),
        }
    except QuintetError as error:
        raise adopt(error) from None


def _check_tolerance(tolerance: float | None) -> None:
    # No time compares as too old with NaN, so everything would count as fresh.
    is_number = isinstance(tolerance, (int, float)) and not isinstance(tolerance, bool)
    if tolerance is not None and not (is_number and 0 <= tolerance < math.inf):
        raise MisuseError(message="tolerance must be a number of seconds, 0 or more, or None")


def _raw(body: Any) -> bytes:
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError(f"the body must be the raw bytes, not {type(body).__name__}")
    return bytes(body)


def _signed(
    scheme: Scheme,
    body: bytes,
    headers: str | Mapping[str, str],
    secrets: WebhookSecrets,
    tolerance: float | None,
    now: float,
) -> bool:
    if not secrets:
        raise ConfigurationError(message="a webhook is verified with its secret, and there is none")
    try:
        return verify_scheme(scheme, body, headers, secrets, tolerance=tolerance, now=now)
    except QuintetError as error:
        raise adopt(error) from None


def _plain_headers(headers: Any) -> dict[str, str]:
    """Return headers by lower-case name, whatever framework they come from; never raises."""
    if isinstance(headers, str):
        return {BARE.lower(): headers}
    try:
        items = getattr(headers, "items", None)
        pairs: Any = items() if callable(items) else headers or ()
        listed = [pair for pair, _ in zip(pairs, range(_MAX_HEADERS), strict=False)]
    except TypeError:
        return {}
    found: dict[str, str] = {}
    for pair in listed:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            continue
        name, value = (_text(part) for part in pair)
        # A WSGI environment has them as HTTP_X_WEBHOOK_SIGNATURE.
        name = name.lower().replace("_", "-").removeprefix("http-")
        found.setdefault(name, value)
    return found


def _text(part: Any) -> str:
    if isinstance(part, bytes):
        return part.decode("latin-1")
    return part if isinstance(part, str) else ""


def _decode(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SignatureError(message="the webhook is genuine but no JSON") from error
    if not isinstance(event, dict):
        raise SignatureError(message="the webhook is genuine but no JSON object")
    return event


def _check_age(event: Mapping[str, Any], tolerance: float, now: float) -> None:
    text = event.get("timestamp")
    moment = parse_rfc3339(text) if isinstance(text, str) else None
    if moment is None or abs(now - moment) > tolerance:
        raise SignatureError(message="the webhook is genuine but too old, or does not say how old")


def _dedupe_key(event: Mapping[str, Any], headers: Mapping[str, str], body: bytes) -> str:
    # The id in the body is signed and the header is not: whoever replays can change the header.
    own = event.get("id")
    if isinstance(own, str) and own.startswith(_EVENT_ID_PREFIX):
        return own
    return headers.get("x-webhook-id") or hashlib.sha256(body).hexdigest()


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
