"""Who clicks, when and from where: a thousand visits, the same in every run.

The addresses are of the ranges that are reserved for documentation (RFC 5737, RFC 3849).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

__all__ = ["COUNT", "UNIQUE_HOURS", "WAVES", "Visit", "Visitor", "plan"]

WAVES = (180, 290, 340, 190)
"""Visits in each hour."""
COUNT = sum(WAVES)
ROBOTS = (7, 12, 13, 8)
"""How many of them are robots'."""
UNIQUE_HOURS = 2
"""Who comes back after so many hours is a unique click once more."""


class Agent(NamedTuple):
    """A program that follows links, and the kind of device that it runs on."""

    name: str
    device: str
    user_agent: str


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
BROWSERS = (
    Agent(
        "Safari on an iPhone",
        "mobile",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
    ),
    Agent(
        "Chrome on a telephone",
        "mobile",
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36",
    ),
    Agent(
        "Chrome on Windows",
        "desktop",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/126.0.0.0 Safari/537.36",
    ),
    Agent(
        "Firefox on Linux",
        "desktop",
        "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    ),
    Agent(
        "Safari on an iPad",
        "tablet",
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    ),
)
_BROWSER_WEIGHTS = (35, 25, 25, 8, 7)
CRAWLERS = (
    Agent(
        "a crawler",
        "other",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ),
    Agent("a link preview", "other", "facebookexternalhit/1.1"),
    Agent("a command", "other", "curl/8.5.0"),
)
_COUNTRIES = {"US": 34, "DE": 24, "GB": 16, "FR": 12, "BR": 8, "JP": 6}
_REFERRERS = ("https://www.google.com/", "https://news.example/tea", "")
_KEYWORDS = ("green tea", "tea & biscuits", "Tee kaufen")


@dataclass(eq=False)
class Visitor:
    """Somebody with a browser that keeps its cookie, or a robot, which keeps none."""

    number: int
    agent: Agent
    country: str
    is_robot: bool
    cookie: str = ""

    @property
    def address(self) -> str:
        """Where they are at first."""
        if self.number % 5 == 4:
            return f"2001:db8:{self.number:x}::1"
        return f"203.0.{113 - self.number // 250}.{self.number % 250 + 1}"


@dataclass(eq=False)
class Visit:
    """One click to come.

    Attributes:
        gclid: What the source hands in with it; no two visits have the same.
        moves: Whether they come from another address than before; the cookie tells who they are.
        offer: The path it led to, once it is answered.
        click_id: As the page it led to was told.
        cut: How often the connection broke before the answer was there.
    """

    number: int
    visitor: Visitor
    wave: int
    keyword: str
    referrer: str
    moves: bool
    offer: str = ""
    click_id: str = ""
    cut: int = 0

    @property
    def gclid(self) -> str:
        """The source's own id of the click."""
        return f"Cj0-{self.number:04}"

    @property
    def query(self) -> str:
        """What the source adds to the link, as its template says."""
        return urlencode({"gclid": self.gclid, "campaignid": "spring", "keyword": self.keyword})

    @property
    def headers(self) -> dict[str, str]:
        """What reaches the server: the browser's headers, and those of the proxy before it."""
        address = f"198.51.100.{self.number % 250 + 1}" if self.moves else self.visitor.address
        found = {
            "User-Agent": self.visitor.agent.user_agent,
            "Accept-Language": "en",
            "X-Forwarded-For": address,
            "CF-IPCountry": self.visitor.country,
            "Referer": self.referrer,
            "Cookie": self.visitor.cookie,
        }
        return {name: value for name, value in found.items() if value}


def plan() -> list[list[Visit]]:
    """Return the visits of each wave. From the second on, three in ten are of people who return."""
    chance = random.Random(7)
    people: list[Visitor] = []
    waves = []
    number = 0
    for wave, count in enumerate(WAVES):
        known = list(people)
        robots = ROBOTS[wave]
        back = min(len(known), count * 3 // 10) if wave else 0
        fresh = list(_visitors(chance, number, count - back - robots, is_robot=False))
        crawlers = list(_visitors(chance, number + count - robots, robots, is_robot=True))
        people += fresh
        comers: Sequence[Visitor] = [*chance.sample(known, back), *fresh, *crawlers]
        visits = [
            Visit(
                number=number + index,
                visitor=visitor,
                wave=wave,
                keyword=chance.choice(_KEYWORDS),
                referrer="" if visitor.is_robot else chance.choice(_REFERRERS),
                moves=index < back and index % 4 == 0,
            )
            for index, visitor in enumerate(comers)
        ]
        number += count
        chance.shuffle(visits)
        waves.append(visits)
    return waves


def _visitors(chance: random.Random, number: int, count: int, is_robot: bool) -> Iterator[Visitor]:
    """New ones. Where they are depends on their number, so no two are at the same address."""
    for index in range(count):
        agent = (
            CRAWLERS[index % len(CRAWLERS)]
            if is_robot
            else chance.choices(BROWSERS, _BROWSER_WEIGHTS)[0]
        )
        [country] = chance.choices(list(_COUNTRIES), list(_COUNTRIES.values()))
        yield Visitor(number + index, agent, country, is_robot)
