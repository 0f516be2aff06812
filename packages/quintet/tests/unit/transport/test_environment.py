"""What is taken from the environment, and what is made of it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from quintet.errors import ConfigurationError
from quintet.transport.environment import Proxies, redacted, split_proxy, without_effect


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variables", "scheme", "expected"),
    [
        ({}, "http", None),
        ({"HTTP_PROXY": "http://p:1"}, "http", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "http", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "https", None),
        ({"HTTPS_PROXY": "http://p:2"}, "https", "http://p:2"),
        ({"ALL_PROXY": "http://p:3"}, "https", "http://p:3"),
        ({"ALL_PROXY": "http://p:3", "HTTPS_PROXY": "http://p:2"}, "https", "http://p:2"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "api.example"}, "http", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": ".example"}, "http", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "*"}, "http", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "other"}, "http", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "http_proxy": "http://p:2"}, "http", "http://p:2"),
        ({"HTTP_PROXY": "http://p:1", "http_proxy": ""}, "http", None),
        ({"HTTP_PROXY": "http://p:1", "http_proxy": "", "ALL_PROXY": "p:3"}, "http", "p:3"),
        ({"FTP_PROXY": "http://p:1", "_PROXY": "http://p:1"}, "http", None),
        # A CGI script's HTTP_PROXY comes from whoever sent the request ("httpoxy").
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http", None),
    ],
)
def test_proxy_is_chosen_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], scheme: str, expected: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Proxies.from_environment().choose(scheme, "api.example") == expected


@pytest.mark.parametrize(
    ("rules", "host", "port", "direct"),
    [
        ("example.com", "example.com", 443, True),
        ("example.com", "api.example.com", 443, True),
        ("example.com", "notexample.com", 443, False),
        (".example.com", "example.com", 443, True),
        ("*.example.com", "api.example.com", 443, True),
        ("EXAMPLE.com", "Example.COM.", 443, True),
        ("a.example b.example", "b.example", 443, True),
        ("a.example, ,b.example,", "b.example", 443, True),
        ("example.com:8443", "example.com", 8443, True),
        ("example.com:8443", "example.com", 443, False),
        ("example.com:https", "example.com", 443, False),
        ("example.com:", "example.com", 443, True),
        ("*", "anything", 1, True),
        ("localhost", "localhost", 8787, True),
        ("localhost", "127.0.0.1", 8787, False),
        ("127.0.0.1", "127.0.0.1", 8787, True),
        ("127.0.0.1:80", "127.0.0.1", 8787, False),
        ("127.0.0.0/8", "127.3.2.1", 80, True),
        ("10.0.0.0/8", "127.0.0.1", 80, False),
        ("10.0.0.0/8", "10.example.com", 80, False),
        ("0.1", "10.0.0.1", 80, False),
        ("::1", "::1", 80, True),
        ("[::1]", "::1", 80, True),
        ("[::1]:80", "0:0:0:0:0:0:0:1", 80, True),
        ("[::1]:81", "::1", 80, False),
        ("fd00::/8", "fd12::9", 80, True),
        ("fe80::/10", "fe80::1%eth0", 80, True),
        ("", "example.com", 443, False),
        (".", "example.com", 443, False),
        ("300.1.1.1/8", "10.0.0.1", 80, False),
        ("example.com", "1.2.3.4.5", 80, False),
    ],
)
def test_no_proxy_covers_names_addresses_networks_and_ports(
    rules: str, host: str, port: int, direct: bool
) -> None:
    proxies = Proxies({"all": "http://p:1", "no": rules})
    assert proxies.choose("https", host, port) == (None if direct else "http://p:1")


@pytest.mark.parametrize(
    ("given", "scheme", "expected"),
    [
        ("http://p:1", "https", "http://p:1"),
        ({"http": "p:1", "https": "p:2"}, "https", "p:2"),
        ({"https://": "p:2"}, "https", "p:2"),
        ({"all://": "p:3"}, "http", "p:3"),
        ({}, "http", None),
        ("", "http", None),
        ({"http": None, "all": "p:3"}, "http", None),
        ({"http": None, "all": "p:3"}, "https", "p:3"),
        ({"http://": "", "all": "p:3"}, "http", None),
        ({"all": None}, "http", None),
        ({"all": "p:3", "no": None}, "http", "p:3"),
        ({"all": "p:3", "no": ["other.example", "api.example"]}, "http", None),
        ({"all": "p:3", "no": ("api.example",)}, "http", None),
        ({"all": "p:3", "no": []}, "http", "p:3"),
        (Proxies({"http": "p:4"}), "http", "p:4"),
    ],
)
def test_caller_names_one_proxy_or_several(
    monkeypatch: pytest.MonkeyPatch, given: Any, scheme: str, expected: str | None
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://environment:1")
    assert Proxies.of(given).choose(scheme, "api.example", 443) == expected


def test_caller_who_names_none_gets_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://environment:1")
    assert Proxies.of(None).choose("http", "api.example") == "http://environment:1"


def test_unknown_key_of_proxies_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'htp'"):
        Proxies.of({"htp": "http://p:1"})
    with pytest.raises(ConfigurationError, match="socks5"):
        Proxies.of("socks5://p:1")


def test_proxies_are_shown_without_their_credentials() -> None:
    proxies = Proxies({"http": "http://us:pw@p:1", "no": "a.example"})
    assert repr(proxies) == "Proxies({'http': 'http://***@p:1', 'no': 'a.example'})"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://us:pw@p:1/x?y", "http://***@p:1"),
        ("us:pw@p:1", "http://***@p:1"),
        ("http://p:1", "http://p:1"),
        ("http://us:p@w@p:1", "http://***@p:1"),
        ("socks5://us:p/w@p:1", "socks5://***@p:1"),
        ("http://us:p://w@p:1?x", "http://***@p:1"),
    ],
)
def test_redacted_url_shows_no_credential(url: str, shown: str) -> None:
    assert redacted(url) == shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://p:3128", (("p", 3128), None)),
        ("http://p", (("p", 80), None)),
        ("p:3128", (("p", 3128), None)),
        ("http://[::1]:3128/", (("::1", 3128), None)),
        ("http://us%40er:p%3Ass@p:1", (("p", 1), ("us@er", "p:ss"))),
        ("http://user@p:1", (("p", 1), ("user", ""))),
    ],
)
def test_proxy_url_is_split_from_its_credentials(url: str, expected: object) -> None:
    assert split_proxy(url) == expected


@pytest.mark.parametrize(
    "url",
    ["socks5://u:hunter2@p:1", "https://u:hunter2@p", "http://u:hunter2@", "http://u:hunter2@p:x"],
)
def test_proxy_of_another_kind_is_refused_without_its_url(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        split_proxy(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "install"),
    [("socks5h://p:1", 'pip install "httpx\\[socks\\]"'), ("https://p:1", "pip install httpx")],
)
def test_proxy_of_another_kind_is_refused_with_the_way_to_use_it(url: str, install: str) -> None:
    with pytest.raises(ConfigurationError, match=install) as caught:
        split_proxy(url)
    assert 'transport="httpx"' in str(caught.value)
    assert "http_client" in str(caught.value)


class _OfWindows(dict[str, str]):
    """An environment whose names have no case, as that of Windows."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.upper(), default)


def test_script_on_windows_does_not_believe_the_proxy_of_a_request_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        os, "environ", _OfWindows(REQUEST_METHOD="GET", HTTP_PROXY="http://evil.example:1")
    )
    assert Proxies.from_environment().choose("http", "api.example") is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (5, "one URL or a mapping.*not int"),
        (["http://p:1"], "one URL or a mapping.*not list"),
        (b"http://p:1", "not bytes"),
        ({5: "http://p:1"}, "the key '5'"),
        ({"ftp": "http://p:1"}, "the key 'ftp'"),
        ({"ftp://": "http://p:1"}, "the key 'ftp'"),
        ({"http": 5}, "http in proxies must be a URL.*not int"),
        ({"http": b"http://us:hunter2@p"}, "not bytes"),
        ({"no": 5}, "must be text or a list"),
        ({"no": ["a", 5]}, "must be text or a list"),
    ],
)
def test_proxies_of_another_kind_are_refused_and_not_shown(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        Proxies.of(given)
    assert "hunter2" not in str(caught.value)


VAIN = [
    "127.0.0.0/99",
    "127.*",
    "10.0.0",
    "300.1.1.1/8",
    "example.com/24",
    "example.com:https",
    "example.com:99:1",
    "http://example.com",
    "[::1",
    "a*b.example",
    ".",
]


@pytest.mark.parametrize("rule", VAIN)
def test_entry_that_covers_nothing_is_refused_of_a_caller_and_told_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    if rule != "[::1":  # which is read as if it were closed
        assert without_effect(f"a.example,{rule}") == [rule]
        for given in (f"a.example {rule}", ["a.example", rule]):
            with pytest.raises(ConfigurationError, match="covers nothing"):
                Proxies.of({"all": "http://p:1", "no": given})
    monkeypatch.setenv("ALL_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", rule)
    assert Proxies.of(None).choose("http", "api.example", 443) == "http://p:1"


@pytest.mark.parametrize(
    "rule",
    [
        "*", "localhost", "example.com", ".example.com", "*.example.com", "a_b.example", "EXAMPLE.",
        "b\u00fccher.example", "10.1.2.3", "::1", "[::1]", "10.0.0.0/8", "10.1.2.3/8", "fd00::/8",
        "example.com:8443", "10.1.2.3:80", "[::1]:80", "example.com:",
    ],
)  # fmt: skip
def test_entry_that_covers_something_is_taken(rule: str) -> None:
    assert without_effect(rule) == []
    assert Proxies.of({"no": rule}).by_scheme == {"no": rule}
