"""Who somebody is: passwords that are kept as slow hashes, and signed tokens that say so."""

from __future__ import annotations

from quintet_server.engines.identity.passwords import Passwords, PasswordsBusy
from quintet_server.engines.identity.tokens import TokenExpired, TokenInvalid, Tokens

__all__ = ["Passwords", "PasswordsBusy", "TokenExpired", "TokenInvalid", "Tokens"]
