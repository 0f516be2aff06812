"""Who clicked."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID

import pytest

from quintet_server.services.ghostflow.clicks.visitors import Visitor, pseudonym, visitor_of

SECRET = b"s" * 32


def visit(
    ip: str = "198.51.100.1", user_agent: str = "UA", cookies: bytes = b"", **options: Any
) -> Visitor:
    chosen = {"uses_cookie": True, "is_https": False, **options}
    return visitor_of(chosen.pop("team_secret", SECRET), ip, user_agent, cookies, **chosen)


def cookie_of(visitor: Visitor) -> bytes:
    assert visitor.set_cookie is not None
    return visitor.set_cookie.partition(b";")[0]


def test_visitor_without_a_cookie_is_told_by_address_and_agent() -> None:
    first = visit()
    assert first.id == visit().id == pseudonym(SECRET, "198.51.100.1", "UA")
    others = [visit(ip="198.51.100.2"), visit(user_agent="UB"), visit(team_secret=b"t" * 32)]
    assert len({first.id, *(other.id for other in others)}) == 4
    assert pseudonym(SECRET, "1", "2x") != pseudonym(SECRET, "12", "x")


def test_visitor_with_the_cookie_stays_the_same_at_another_address() -> None:
    first = visit()
    again = visit(
        ip="203.0.113.9", user_agent="new", cookies=b"a=b; " + cookie_of(first) + b"; c=d"
    )
    assert again == (first.id, None)


def test_cookie_is_for_the_server_only_and_for_a_month() -> None:
    set_cookie = visit(is_https=True).set_cookie
    assert set_cookie is not None
    [(name, morsel)] = SimpleCookie(set_cookie.decode()).items()
    assert name == "gf_vid"
    assert morsel["httponly"]
    assert morsel["secure"]
    assert morsel["samesite"] == "Lax"
    assert morsel["max-age"] == str(30 * 24 * 3600)
    assert morsel["path"] == "/"
    assert b"Secure" not in (visit(is_https=False).set_cookie or b"")


def test_cookie_of_another_team_or_of_nobody_is_not_believed() -> None:
    theirs = cookie_of(visit(ip="203.0.113.9", team_secret=b"t" * 32))
    mine = cookie_of(visit(ip="203.0.113.9"))
    changed = mine[:-1] + (b"0" if mine[-1:] != b"0" else b"1")
    forged = [
        theirs,
        changed,
        mine[:-1],
        mine + b"0",
        b"gf_vid=",
        b"gf_vid=" + b"g" * 48,
        b"x" * 99,
    ]
    for cookies in forged:
        found = visit(cookies=cookies)
        assert found.id == visit().id
        assert found.set_cookie is not None


@pytest.mark.parametrize("cookies", [b"", b"gf_vid=x"])
def test_visitor_where_cookies_are_off_gets_none(cookies: bytes) -> None:
    assert visit(cookies=cookies, uses_cookie=False) == (visit().id, None)
    known = cookie_of(visit(ip="203.0.113.9"))
    assert visit(cookies=known, uses_cookie=False).id == visit().id


def test_visitor_with_an_odd_agent_is_told() -> None:
    assert isinstance(visit(user_agent="\xff\udc80 é").id, UUID)
