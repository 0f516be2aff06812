"""Who clicked: a pseudonym that stays the same without the address being stored.

It is made from address and User-Agent with the team's secret, and also given to the browser as a
cookie, so that it outlives a change of address. The cookie carries what the first click was counted
under, not something new: otherwise everybody's second click would come from a second visitor.
"""

from __future__ import annotations

import hmac
import re
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

__all__ = ["COOKIE", "Visitor", "pseudonym", "visitor_of"]

COOKIE = "gf_vid"
_START = b"gf_vid="
_DAYS = 30
_ID = 32  # hexadecimal digits; the seal follows
_NUMBER = re.compile(rb"[0-9a-f]{32}")
_ATTRIBUTES = f"; Max-Age={_DAYS * 86_400}; Path=/; HttpOnly; SameSite=Lax"


class Visitor(NamedTuple):
    """Who clicked, and the `Set-Cookie` to tell them so, if they do not know yet."""

    id: UUID
    set_cookie: bytes | None


def visitor_of(
    team_secret: bytes,
    ip: str,
    user_agent: str,
    cookies: bytes,
    *,
    uses_cookie: bool,
    is_https: bool,
) -> Visitor:
    """Recognise a visitor.

    Args:
        team_secret: Teams know the same person under different pseudonyms.
        ip: The client's.
        user_agent: As it came.
        cookies: The `Cookie` header; empty if there is none.
        uses_cookie: Whether to look at it and to give one out.
        is_https: Whether the cookie may only travel encrypted.
    """
    if not uses_cookie:
        return Visitor(pseudonym(team_secret, ip, user_agent), None)
    if cookies and (known := _from_cookie(team_secret, cookies)) is not None:
        return Visitor(known, None)
    id = pseudonym(team_secret, ip, user_agent)
    number = f"{id.int:032x}"
    value = f"{COOKIE}={number}{_seal(team_secret, number.encode())}{_ATTRIBUTES}"
    return Visitor(id, (f"{value}; Secure" if is_https else value).encode())


def pseudonym(team_secret: bytes, ip: str, user_agent: str) -> UUID:
    """The pseudonym of somebody at this address with this User-Agent."""
    told = f"{ip}\0{user_agent}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(team_secret, told, "sha256")
    return UUID(int=int.from_bytes(digest[:16], "big"))


def _from_cookie(team_secret: bytes, cookies: bytes) -> UUID | None:
    """The visitor whom the cookie names, if this team has given it out."""
    for part in cookies.split(b";"):
        piece = part.strip()
        if piece.startswith(_START):
            number, seal = piece[len(_START) :][:_ID], piece[len(_START) + _ID :]
            if _NUMBER.fullmatch(number) and hmac.compare_digest(
                seal, _seal(team_secret, number).encode()
            ):
                return UUID(int=int(number, 16))
    return None


def _seal(team_secret: bytes, number: bytes) -> str:
    """What only the team's own cookies have behind their number."""
    return blake2b(number, key=team_secret[:64], digest_size=8, person=b"gf_vid").hexdigest()
