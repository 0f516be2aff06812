"""The doctor's way to a URL: each step, and what is said where it ends."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import trustme

from quintet.doctor import journey, main, travel

Serve = Callable[..., int]
ANSWER = b"HTTP/1.1 200 OK\r\nServer: peer\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "QUINTET_TRANSPORT":
            monkeypatch.delenv(name)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that gives each connection one fixed answer; return its port."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(answer: bytes = ANSWER, tls: ssl.SSLContext | None = None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with suppress(OSError), sock:
                    talk = sock if tls is None else tls.wrap_socket(sock, server_side=True)
                    with talk:
                        if talk.recv(65536):
                            talk.sendall(answer)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join()


class Authority:
    def __init__(self, *names: str) -> None:
        self.ca = trustme.CA(organization_name="Inspecting Proxies")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names, common_name="the peer").configure_cert(self.context)


def steps(found: dict[str, Any]) -> list[str]:
    return [step["step"] for step in found["steps"]]


@pytest.mark.parametrize("transport", [None, "native", "httpx"])
def test_plain_server_is_reached(serve: Serve, transport: str | None) -> None:
    port = serve()
    found = travel(f"http://127.0.0.1:{port}/v1?key=secret#x", transport)
    assert found["problems"] == []
    assert steps(found) == ["url", "proxy", "resolve", "connect", "answer"]
    assert found["url"] == f"http://127.0.0.1:{port}"
    assert found["steps"][2]["addresses"] == ["IPv4 127.0.0.1"]
    assert "connected" in found["steps"][3]["tries"][0]
    assert found["steps"][-1]["status"] == 200
    assert found["steps"][-1]["server"] == "peer"
    assert all(step["milliseconds"] >= 0 for step in found["steps"])
    assert "secret" not in str(found)


def test_secure_server_shows_version_and_certificate(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    authority = Authority("127.0.0.1")
    authority.ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    found = travel(f"https://127.0.0.1:{serve(tls=authority.context)}/")
    assert found["problems"] == []
    tls = found["steps"][4]
    assert (tls["step"], tls["version"], tls["subject"]) == ("tls", "TLSv1.3", "the peer")
    assert tls["issuer"] == "Inspecting Proxies"
    assert tls["names"] == ["127.0.0.1"]
    assert tls["days_left"] > 0


def test_certificate_that_is_not_trusted_is_shown_with_its_issuer(serve: Serve) -> None:
    port = serve(tls=Authority("127.0.0.1").context)
    found = travel(f"https://127.0.0.1:{port}/")
    assert steps(found)[-1] == "tls"
    [problem] = found["problems"]
    assert "issued by Inspecting Proxies" in problem
    assert "SSL_CERT_FILE" in problem


def test_plain_port_is_no_secure_one(serve: Serve) -> None:
    found = travel(f"https://127.0.0.1:{serve()}/")
    assert steps(found)[-1] == "tls"
    assert "does the port speak https" in found["problems"][0]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("api.example", "must begin with http"),
        ("http://us:hunter2@api.example", "user name or password"),
        ("http://exa mple", "no valid host"),
        ("http://a:99999", "no valid port"),
    ],
)
def test_url_that_is_none_is_said_without_showing_it(url: str, words: str) -> None:
    found = travel(url)
    assert steps(found) == ["url"]
    assert words in found["problems"][0]
    assert found["url"] == ""
    assert "hunter2" not in str(found)


def test_name_without_an_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(journey.socket, "getaddrinfo", nowhere)
    found = travel("http://api.invalid")
    assert steps(found)[-1] == "resolve"
    assert "api.invalid has no address (Name or service not known)" in found["problems"][0]


def test_port_where_nothing_listens_is_said(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = travel(f"http://127.0.0.1:{port}")
    assert steps(found)[-1] == "connect"
    assert "nothing listens on that port" in found["problems"][0]


def test_second_address_is_tried_where_the_first_is_dead(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = serve()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    tcp = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
    both = [(*tcp, ("127.0.0.1", dead)), (*tcp, ("127.0.0.1", port))]
    monkeypatch.setattr(journey.socket, "getaddrinfo", lambda *_, **__: both)
    tries = journey._connected(both, 5.0)
    tries["_sock"].close()
    assert ["refused" in tries["tries"][0], "connected" in tries["tries"][1]] == [True, True]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "firewall"),
        (ConnectionRefusedError(), "nothing listens"),
        (OSError(101, "Network is unreachable"), "no way there"),
    ],
)
def test_advice_fits_the_failure(error: OSError, words: str) -> None:
    assert words in journey._advice(error)


def test_answer_that_is_not_http_is_said(serve: Serve) -> None:
    found = travel(f"http://127.0.0.1:{serve(b'SSH-2.0-OpenSSH')}/")
    assert steps(found)[-1] == "answer"
    assert found["problems"][0].startswith("answer: ")


def test_proxy_is_told_with_the_reason(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://us:hunter2@127.0.0.1:{serve()}")
    monkeypatch.setenv("no_proxy", "direct.example,127.0.0.1")
    found = travel("http://api.example/")
    assert found["problems"] == []
    assert found["steps"][1]["through"].startswith("http://***@127.0.0.1")
    assert found["steps"][2]["addresses"] == ["IPv4 127.0.0.1"]
    assert "hunter2" not in str(found)
    assert journey._proxy("http", "direct.example", 80, None)["why"] == "NO_PROXY covers it"
    assert journey._proxy("https", "x.example", 80, None)["why"] == "no proxy is set for it"


def test_proxy_of_another_kind_ends_the_way_unless_httpx_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", "socks5://us:hunter2@127.0.0.1:9")
    found = travel("http://api.example/")
    assert steps(found) == ["url", "proxy"]
    assert 'transport="httpx"' in found["problems"][0]
    found = travel("http://api.example/", "httpx")
    assert steps(found) == ["url", "proxy", "answer"]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "password"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403 Forbidden"),
        (b"nonsense\r\n\r\n", "does not answer as a proxy does"),
    ],
)
def test_proxy_that_refuses_is_said(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{serve(answer)}")
    found = travel("https://api.example/")
    assert steps(found)[-1] == "tunnel"
    assert words in found["problems"][0]


def test_command_shows_the_way_and_ends_with_1_where_it_fails(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", f"http://127.0.0.1:{serve()}/"]) == 0
    assert "connected in" in capsys.readouterr().out
    assert main(["doctor", "ftp://x"]) == 1
    assert "FAILED" in capsys.readouterr().out
