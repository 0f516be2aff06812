"""What a User-Agent says: kind of device, system, browser, and whether it owns up to be a robot.

Browsers and systems are what `ua-parser` says, by its matchers in Rust, which take linear time
whatever is sent to them. Its matchers of devices tell makes and models, for four times the memory;
the kind of device is a few words in the text, so that is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

from quintet_server.services.ghostflow.clicks import crawlers

__all__ = ["Agent", "read_agent", "warm"]

_MOST_CHARS = 1024
_MOST_REMEMBERED = 10_000
_MOST_NAME_CHARS = 100

_OTHER = re.compile(
    r"smart-?tv|apple ?tv|hbbtv|google ?tv|android tv|bravia|crkey|roku|\baft[a-z]{1,4} build"
    r"|web0s|playstation|xbox|nintendo|watch ?os|oculus"
)
_TABLET = re.compile("ipad|tablet|playbook|kindle")
_MOBILE = re.compile("mobi|iphone|ipod|windows phone|blackberry|bb10|opera mini|kaios|^dalvik/")
_DESKTOP_SYSTEMS = frozenset(
    (
        "Windows",
        "Mac OS X",
        "Mac OS",
        "Linux",
        "Ubuntu",
        "Debian",
        "Fedora",
        "Red Hat",
        "SUSE",
        "Arch Linux",
        "Gentoo",
        "Mint",
        "Chrome OS",
        "FreeBSD",
        "OpenBSD",
        "NetBSD",
        "Solaris",
    )
)


class Agent(NamedTuple):
    """What is known of the program that followed the link."""

    device: str
    """`desktop`, `mobile`, `tablet` or `other`."""
    os: str | None
    browser: str | None
    is_crawler: bool


def read_agent(user_agent: str) -> Agent:
    """What this User-Agent says; the last ten thousand are remembered by their text."""
    return _read(user_agent[:_MOST_CHARS])


def warm() -> None:
    """Build the matchers now (some 0.2 s of a thread), so that no click waits for them."""
    _names()
    crawlers.warm()


@lru_cache(maxsize=_MOST_REMEMBERED)
def _read(text: str) -> Agent:
    if not text or text.isspace():
        return Agent("other", None, None, is_crawler=False)
    os, browser = _names()(text)
    return Agent(_device(text.lower(), os), os, browser, crawlers.is_crawler(text))


@cache
def _names() -> Callable[[str], tuple[str | None, str | None]]:
    """System and browser of a text. Imported here: a server without clicks goes without."""
    from ua_parser import Domain
    from ua_parser.loaders import load_lazy_builtins
    from ua_parser.regex import Resolver

    browsers, systems, _ = load_lazy_builtins()
    resolve = Resolver((browsers, systems, []))

    def names(text: str) -> tuple[str | None, str | None]:
        found = resolve(text, Domain.USER_AGENT | Domain.OS)
        os, browser = found.os, found.user_agent
        return _name(os.family) if os else None, _name(browser.family) if browser else None

    return names


def _name(family: str) -> str | None:
    """Some names are taken from the text itself, so they may hold anything. Other means none."""
    name = family[:_MOST_NAME_CHARS].replace("\0", "").strip()
    return None if name in ("", "Other") else name


def _device(lowered: str, os: str | None) -> str:
    if _OTHER.search(lowered):
        return "other"
    if _TABLET.search(lowered):
        return "tablet"
    if _MOBILE.search(lowered):
        return "mobile"
    if os == "Android":  # telephones say Mobile, by Google's rule for makers
        return "tablet"
    return "desktop" if os in _DESKTOP_SYSTEMS else "other"
