"""Visits, made: the link is followed to its page, over HTTP, whatever happens meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from itertools import count
from queue import SimpleQueue
from urllib.parse import parse_qs, urlsplit

from examples.demo.ghostflow.visits import Visit

__all__ = ["make_visits"]

_BROWSERS = 8
_FOUND, _NOT_NOW = 302, 503
_PAUSE_SECONDS = 0.05
_SECONDS = 60.0


def make_visits(
    link: str, visits: Sequence[Visit], disturb: Callable[[], None] | None = None
) -> None:
    """Make all visits, eight at a time; `disturb` is called when half of them are answered."""
    halfway = threading.Event()
    answered = count(1)
    browsers: SimpleQueue[_Browser] = SimpleQueue()
    for _ in range(_BROWSERS):
        browsers.put(_Browser())

    def make(visit: Visit) -> None:
        browser = browsers.get()
        try:
            _visit(browser, link, visit)
        finally:
            browsers.put(browser)
        if next(answered) == len(visits) // 2:
            halfway.set()

    with ThreadPoolExecutor(_BROWSERS) as pool:
        made = [pool.submit(make, visit) for visit in visits]
        if disturb is not None:
            halfway.wait(_SECONDS)
            disturb()
        for one in made:
            one.result()
    while not browsers.empty():
        browsers.get().close()


def _visit(browser: _Browser, link: str, visit: Visit) -> None:
    """Follow the link to its page."""
    status, headers = _click(browser, f"{link}?{visit.query}", visit)
    if status != _FOUND:
        raise RuntimeError(f"the link was answered with {status}")
    location = headers["location"]
    visit.offer = urlsplit(location).path
    [visit.click_id] = parse_qs(urlsplit(location).query)["click"]
    if not visit.visitor.is_robot and "set-cookie" in headers:
        visit.visitor.cookie = headers["set-cookie"].partition(";")[0]
    browser.get(location, {"User-Agent": visit.visitor.agent.user_agent})


def _click(browser: _Browser, url: str, visit: Visit) -> tuple[int, dict[str, str]]:
    """Return the answer; where there is none, or not now, click again, as people do."""
    until = time.monotonic() + _SECONDS
    while True:
        try:
            status, headers = browser.get(url, visit.headers)
        except ConnectionRefusedError:
            pass  # it has not reached the server
        except (OSError, HTTPException):
            visit.cut += 1  # it may have
        else:
            if status != _NOT_NOW:
                return status, headers
            visit.cut += 1
        if time.monotonic() > until:
            raise RuntimeError(f"no answer in {_SECONDS:.0f} s")
        time.sleep(_PAUSE_SECONDS)


class _Browser:
    """Keeps a connection to each host, as browsers do."""

    def __init__(self) -> None:
        self._open: dict[str, HTTPConnection] = {}

    def get(self, url: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Return the status and the headers of the answer, their names in lower case."""
        host = urlsplit(url).netloc
        connection = self._open.setdefault(host, HTTPConnection(host, timeout=_SECONDS))
        try:
            connection.request("GET", url.partition(host)[2], headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            self._open.pop(host).close()
            raise
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}

    def close(self) -> None:
        """Close its connections."""
        for connection in self._open.values():
            connection.close()
