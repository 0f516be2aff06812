"""Which services this version serves, in words."""

from __future__ import annotations

from quintet_server.services import NAMES
from quintet_server.store.key_formats import KEY_FORMATS

__all__ = ["SERVED"]


def _served() -> str:
    later = [name for name in KEY_FORMATS if name not in NAMES]
    sentence = f"This version serves {', '.join(NAMES)}."
    if later:
        sentence += f" Keys for {', '.join(later)} are minted already, for later versions."
    return sentence


SERVED = _served()
"""One or two sentences, for help texts; the documentation has the same."""
