"""Which User-Agents own up to be robots.

The long tail is in a list that others keep (`crawler-user-agents`). Here is what that list leaves
to its users: the words by which robots of any name call themselves, monitors, and the libraries and
commands that fetch pages for programs. Whoever pretends to be a browser is not caught here, and is
not meant to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import metadata

import structlog

__all__ = ["is_crawler", "lists_version", "warm"]

_log = structlog.get_logger(__name__)

_OWN_VERSION = "2026-11"
_LIST = "crawler-user-agents"

# A maker of telephones, the only one whose name ends like a robot's.
_NO_ROBOT = "cubot"

# Anywhere in the text, in lower case; regular expressions of linear time.
_WORDS = (
    # What they call themselves.
    r"bots?(?:[^a-z]|$)",
    r"bot\.html",
    r"robot",
    r"crawl",
    r"spider",
    r"slurp",
    r"scrap(?:e|y|ing)",
    r"archiver",
    r"indexer",
    r"(?:^|[^a-z])fetch(?:er)?(?:[^a-z]|$)",
    r"headless",
    r"phantomjs",
    r"selenium",
    r"puppeteer",
    r"playwright",
    r"\+https?://",  # the page about the robot, by custom
    # Previews of links.
    r"(?:uri|url|link|page|bing|microsoft)[ -]?preview",
    r"facebookexternalhit",
    r"facebookcatalog",
    r"meta-external",
    r"^whatsapp/",
    r"vkshare",
    r"embedly",
    r"iframely",
    r"imgproxy",
    r"flipboardproxy",
    r"google-pagerenderer",
    # Monitors and probes.
    r"pingdom",
    r"uptime",
    r"statuscake",
    r"site24x7",
    r"pinger",
    r"datadog",
    r"monitor(?:ing)?(?:[^a-z]|$)",
    r"kube-probe",
    r"health-?check",
    r"^googlehc",
    r"^prometheus/",
    r"^blackbox",
    r"check_http",
    r"zabbix",
    r"catchpoint",
    r"gtmetrix",
    r"lighthouse",
    r"page ?speed",
    r"validator",
    # Commands and libraries.
    r"^curl/",
    r"libcurl",
    r"^wget",
    r"^python",
    r"python-(?:requests|urllib|httpx)",
    r"aiohttp",
    r"urllib",
    r"httpx",
    r"go-http-client",
    r"^java/",
    r"^okhttp/",
    r"http-?client",
    r"^lwp",
    r"libwww",
    r"^axios",
    r"node-fetch",
    r"^node(?:\.js)?(?:/|$)",
    r"^undici",
    r"^got(?:[ /]|$)",
    r"^deno/",
    r"^bun/",
    r"^dart/",
    r"^ruby",
    r"faraday",
    r"guzzle",
    r"^php",
    r"postman",
    r"^insomnia",
    r"^httpie",
    r"^reqwest",
    r"^hyper/",
    r"^quic-go",
    r"lua-resty",
    r"winhttp",
    r"restsharp",
    r"powershell",
    r"^http_?request",
)


def is_crawler(user_agent: str) -> bool:
    """Whether it says so. The text must have a bound; time grows with its length alone."""
    listed, said = _matchers()
    return listed(user_agent) or said(user_agent.lower().replace(_NO_ROBOT, ""))


def lists_version() -> str:
    """Which lists are in use: theirs, then ours (`1.67.0+2026-11`)."""
    return f"{metadata.version(_LIST)}+{_OWN_VERSION}"


def warm() -> None:
    """Build the matchers now."""
    _matchers()


@cache
def _matchers() -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    # Numbers of different lists are hard to compare, so it is said which ones hold.
    _log.info("crawler_lists", version=lists_version())
    return _any_of(each["pattern"] for each in CRAWLER_USER_AGENTS_DATA), _any_of(_WORDS)


def _any_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether one of these is found. The engine of `ua-parser` takes as many as one likes at once,
    and linear time; Python's own takes one after the other, and hostile input can make it hang.
    """
    from ua_parser import Domain
    from ua_parser.lazy import UserAgentMatcher
    from ua_parser.regex import Resolver

    found = Resolver(([UserAgentMatcher(pattern, "robot") for pattern in patterns], [], []))
    return lambda text: found(text, Domain.USER_AGENT).user_agent is not None
