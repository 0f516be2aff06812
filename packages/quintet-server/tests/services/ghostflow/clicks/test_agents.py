"""What User-Agents say."""

from __future__ import annotations

import time
import timeit

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.clicks.agents import read_agent
from quintet_server.services.ghostflow.clicks.crawlers import is_crawler, lists_version

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36"

PEOPLE = [
    (CHROME, "desktop", "Windows", "Chrome"),
    (f"{CHROME} Edg/142.0.0.0", "desktop", "Windows", "Edge"),
    (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.0 Safari/605.1.15",
        *("desktop", "Mac OS X", "Safari"),
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        *("desktop", "Linux", "Firefox"),
    ),
    (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {BLINK} Safari/537.36",
        *("desktop", "Chrome OS", "Chrome"),
    ),
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {WEBKIT} Version/18.1 "
        "Mobile/15E148 Safari/604.1",
        *("mobile", "iOS", "Mobile Safari"),
    ),
    (
        f"Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X) {WEBKIT} Version/17.1 Mobile/15E148 "
        "Safari/604.1",
        *("tablet", "iOS", "Mobile Safari"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {BLINK} Mobile Safari/537.36",
        *("mobile", "Android", "Chrome Mobile"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 15; SM-X200) {BLINK} Safari/537.36",
        *("tablet", "Android", "Chrome"),
    ),
    # A telephone whose maker's name ends like a robot's.
    (
        f"Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) {BLINK} Mobile Safari/537.36",
        *("mobile", "Android", "Chrome Mobile"),
    ),
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {WEBKIT} Mobile/15E148 "
        "[FBAN/FBIOS;FBAV/480.0]",
        *("mobile", "iOS", "Facebook"),
    ),
    (
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "SamsungBrowser/4.0 TV Safari/537.36",
        *("other", "Tizen", "Samsung Internet"),
    ),
]

ROBOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Mozilla/5.0 (compatible; Baiduspider/2.0)",
    "Mozilla/5.0 (compatible; SomethingNew-Crawler/0.1)",
    "Mozilla/5.0 (compatible; Whatever/1.0; +https://whatever.example/)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "kube-probe/1.29",
    "ELB-HealthChecker/2.0",
    "curl/8.4.0",
    "Wget/1.21.3",
    "python-requests/2.32.3",
    "python-httpx/0.28.1",
    "Python/3.11 aiohttp/3.9.1",
    "Python-urllib/3.11",
    "Go-http-client/2.0",
    "Java/17.0.1",
    "okhttp/4.12.0",
    "Apache-HttpClient/4.5.13 (Java/17)",
    "axios/1.6.0",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    "PostmanRuntime/7.36.0",
    "Scrapy/2.11 (+https://scrapy.org)",
    "GuzzleHttp/7",
    f"Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/142.0 {WEBKIT}",
    "GPTBot/1.2",
]


@pytest.mark.parametrize(("text", "device", "os", "browser"), PEOPLE)
def test_agent_of_a_browser_is_known_and_no_robot(
    text: str, device: str, os: str, browser: str
) -> None:
    assert read_agent(text) == (device, os, browser, False)


@pytest.mark.parametrize("text", ROBOTS)
def test_agent_of_a_robot_that_says_so_is_a_crawler(text: str) -> None:
    assert read_agent(text).is_crawler


def test_crawlers_of_the_list_are_found_by_its_own_examples() -> None:
    examples = [text for each in CRAWLER_USER_AGENTS_DATA for text in each["instances"]]
    assert len(examples) > 1000
    assert [text for text in examples if len(text) <= 1024 and not is_crawler(text)] == []


@pytest.mark.parametrize("text", ["", " ", "nonsense"])
def test_agent_that_says_nothing_is_other(text: str) -> None:
    assert read_agent(text) == ("other", None, None, False)


@given(st.text(max_size=2000))
def test_agent_of_any_text_is_read(text: str) -> None:
    assert read_agent(text).device in ("desktop", "mobile", "tablet", "other")


@pytest.mark.parametrize(
    "piece", ["a", "bo", "Mozilla/5.0 (", "1.1.1", "Android;", "silk/", " ", "+http", "aft"]
)
def test_agent_of_ten_kilobytes_takes_no_time(piece: str) -> None:
    read_agent(CHROME)  # builds the matchers
    text = piece * (10_000 // len(piece))
    assert min(timeit.repeat(lambda: read_agent(text), time.process_time, number=1)) < 0.05


def test_lists_version_names_both_lists() -> None:
    theirs, ours = lists_version().split("+")
    assert theirs.count(".") >= 1
    assert ours.startswith("20")
