"""What may be kept: which URLs and events, and how a refusal reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from quintet_server.engines.hooks.subscriptions import (
    ALL,
    InvalidSubscription,
    SubscriptionNotFound,
    TooManySubscriptions,
)
from quintet_server.engines.hooks.target import TargetRefused
from quintet_server.services.amdahl.context import Amdahl
from quintet_server.services.amdahl.errors import invalid_argument, not_found, quota_exceeded
from quintet_server.services.amdahl.webhooks.format import EVENT_TYPES

NOUN = "Webhook"
_ALLOWED = (*EVENT_TYPES, ALL)


def checked_url(parts: Amdahl, url: str) -> str:
    """The URL, if its scheme will do; the rest is the engine's to check. Raises 400."""
    scheme = url.partition(":")[0].lower()
    if scheme != "https" and not _takes_http(parts):
        message = (
            "url: must begin with https://; QUINTET_AMDAHL_ALLOW_INSECURE_WEBHOOKS=true, or "
            "`quintet serve --allow-private-targets`, lets http through"
        )
        raise invalid_argument(message, "url")
    return url


def _takes_http(parts: Amdahl) -> bool:
    said = parts.settings.allow_insecure_webhooks
    return parts.allow_private_targets if said is None else said


def checked_events(events: Sequence[str]) -> list[str]:
    """The names, each once. Raises 400 with those that are allowed."""
    for name in events:
        if name not in _ALLOWED:
            message = f"events: {name[:100]!r} is not one of {', '.join(_ALLOWED)}"
            raise invalid_argument(message, "events", allowed=_ALLOWED)
    return list(dict.fromkeys(events))


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the engine refuses into Amdahl's errors."""
    try:
        yield
    except SubscriptionNotFound as error:
        raise not_found(NOUN, error.subscription_id) from error
    except TargetRefused as error:
        raise invalid_argument(f"url: {error}", "url") from error
    except InvalidSubscription as error:
        raise invalid_argument(f"{error.field}: {error}", error.field) from error
    except TooManySubscriptions as error:
        raise quota_exceeded(f"Another webhook cannot be made: {error}.") from error
