"""Which fields hold a secret, told by their names: for reprs and for the debug log."""

from __future__ import annotations

from typing import Any

__all__ = ["is_secret_field"]

# "key" names cache keys and storage paths here; only these are credentials.
_WORDS = ("password", "token", "secret", "authorization", "credential", "apikey")


def is_secret_field(name: str, value: Any) -> bool:
    """Tell whether the value of a field must not be shown, in whatever style it is spelled."""
    plain = name.lower().replace("_", "").replace("-", "")
    if "tokens" in plain and isinstance(value, (int, float, dict)):
        return False  # counted, as in "prompt_tokens"
    return any(word in plain for word in _WORDS)
