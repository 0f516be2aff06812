"""Idempotency keys: who makes one, and what one may look like."""

from __future__ import annotations

from collections.abc import Callable

from quintet.core.retry import RetryClass
from quintet.errors import MisuseError

__all__ = ["check_key", "choose_key"]


def check_key(key: str, max_length: int = 255) -> str:
    """Return the key if it can be sent as it is, else raise.

    Keys are compared byte for byte by the server, so nothing is stripped or encoded: what is not
    visible ASCII is refused.

    Raises:
        MisuseError: No ``str``, empty, longer than ``max_length`` characters, or with a space, a
            control character or a character outside ASCII.
    """
    if not isinstance(key, str):
        raise MisuseError(f"idempotency_key must be a str, not {type(key).__name__}")
    if not 1 <= len(key) <= max_length:
        raise MisuseError(f"idempotency_key must have 1 to {max_length} characters")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise MisuseError("idempotency_key must consist of visible ASCII characters")
    return key


def choose_key(
    given: str | None,
    retry_class: RetryClass,
    enabled: bool,
    new_id: Callable[[], str],
) -> str | None:
    """Return the key of one logical call, to be used by all its attempts; None for no key.

    A key the caller gave always wins and is never replaced.  Otherwise one is made if the
    service honours keys on this operation (``KEYED``) and the client has it enabled.

    Raises:
        MisuseError: The given key cannot be sent, see :func:`check_key`.
    """
    if given is not None:
        return check_key(given)
    if enabled and retry_class is RetryClass.KEYED:
        return new_id()
    return None
