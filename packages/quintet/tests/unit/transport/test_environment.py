"""What is taken from the environment, and what is made of it."""

from __future__ import annotations

import os
import threading

import pytest

from quintet.errors import ConfigurationError
from quintet.transport.environment import Proxies, split_proxy, tls_context


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


def test_contexts_are_made_once_even_by_many_threads() -> None:
    made: list[object] = []
    threads = [threading.Thread(target=lambda: made.append(tls_context(False))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(context) for context in made}) == 1


def test_file_that_is_no_certificate_is_a_configuration_error(tmp_path: object) -> None:
    with pytest.raises(ConfigurationError, match="TLS files"):
        tls_context(__file__)
    with pytest.raises(ConfigurationError, match="TLS files"):
        tls_context(False, __file__)
