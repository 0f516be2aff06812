"""The doctor's way to a URL: each step, and what is said where it ends."""

from __future__ import annotations

import datetime as dt
import io
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import trustme

from quintet.doctor import Setup, connecting, journey, main, travel as really_travel

Serve = Callable[..., int]
# A step may take as long as it likes on a busy machine.
travel = partial(really_travel, seconds=60.0)
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
    found = travel(f"http://127.0.0.1:{port}/v1?key=secret#x", Setup(transport))
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

    monkeypatch.setattr(connecting.socket, "getaddrinfo", nowhere)
    found = travel("http://api.invalid")
    assert steps(found)[-1] == "resolve"
    assert "api.invalid has no address (Name or service not known)" in found["problems"][0]


def test_port_where_nothing_listens_is_said(closed_port: int) -> None:
    found = travel(f"http://127.0.0.1:{closed_port}")
    assert steps(found)[-1] == "connect"
    assert "nothing listens on that port" in found["problems"][0]


def test_second_address_is_tried_where_the_first_is_dead(
    serve: Serve, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = serve()
    tcp = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
    both = [(*tcp, ("127.0.0.1", closed_port)), (*tcp, ("127.0.0.1", port))]
    monkeypatch.setattr(connecting.socket, "getaddrinfo", lambda *_, **__: both)
    tries = connecting.connected(both, 60.0, None)
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
    assert words in connecting._advice(error)


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
    assert journey._proxy("http", "direct.example", 80, Setup())["why"] == "NO_PROXY covers it"
    assert journey._proxy("https", "x.example", 80, Setup())["why"] == "no proxy is set for it"


def test_proxy_of_another_kind_ends_the_way_unless_httpx_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", "socks5://us:hunter2@127.0.0.1:9")
    found = travel("http://api.example/")
    assert steps(found) == ["url", "proxy"]
    assert 'transport="httpx"' in found["problems"][0]
    found = travel("http://api.example/", Setup("httpx"))
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
    assert main(["doctor", "--timeout", "60", f"http://127.0.0.1:{serve()}/"]) == 0
    assert "connected in" in capsys.readouterr().out
    assert main(["doctor", "ftp://x"]) == 1
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/a b", "/\udcff", "/ä", "/\x1b[31m"])
def test_path_that_cannot_be_asked_for_is_a_finding(serve: Serve, path: str) -> None:
    found = travel(f"http://127.0.0.1:{serve()}{path}")
    assert found["steps"][-1]["problem"].startswith("the request is not valid HTTP")


def test_answer_does_not_steer_the_terminal(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    port = serve(ANSWER.replace(b"peer", b"\x9b31mpeer"))
    assert main(["doctor", "--timeout", "60", f"http://127.0.0.1:{port}"]) == 0
    assert r"\x9b31mpeer" in capsys.readouterr().out


def test_terminal_that_cannot_show_a_character_shows_the_rest(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = serve(ANSWER.replace(b"peer", b"p\xe9er"))
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    assert main(["doctor", "--timeout", "60", f"http://127.0.0.1:{port}"]) == 0
    terminal.seek(0)
    assert r"p\xe9er" in terminal.read()


@pytest.mark.parametrize("transport", ["native", "httpx"])
@pytest.mark.parametrize(
    ("user", "advice"), [("", "http://USER:PASSWORD@"), ("us:hunter2@", "not one that it takes")]
)
def test_plain_proxy_that_wants_a_password_is_a_problem_of_its_own(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    transport: str,
    user: str,
    advice: str,
) -> None:
    port = serve(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("http_proxy", f"http://{user}127.0.0.1:{port}")
    assert main(["doctor", "--timeout", "60", "http://api.example/", "--transport", transport]) == 1
    shown = capsys.readouterr().out
    [problem] = [line for line in shown.splitlines() if line.startswith("PROBLEM")]
    assert f"the proxy http://{'***@' if user else ''}127.0.0.1:{port} refuses (407" in problem
    assert advice in problem
    assert "FAILED" in shown
    assert "hunter2" not in shown
    assert "no problem found" not in shown


def test_word_of_a_proxy_that_nobody_set_is_a_problem(serve: Serve) -> None:
    port = serve(b"HTTP/1.1 407 Nope\r\nContent-Length: 0\r\n\r\n")
    [problem] = travel(f"http://127.0.0.1:{port}")["problems"]
    assert "a proxy on the way that no setting here names" in problem


def test_refusal_that_a_proxy_made_itself_is_not_the_servers(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = b"HTTP/1.1 503 No\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\nContent-Length: 0\r\n\r\n"
    port = serve(head)
    monkeypatch.setenv("http_proxy", f"http://us:hunter2@127.0.0.1:{port}")
    [problem] = travel("http://api.example/")["problems"]
    assert f"the proxy http://***@127.0.0.1:{port} answers in place of the server" in problem
    # Without a proxy of ours between, these headers mean nothing.
    monkeypatch.delenv("http_proxy")
    found = travel(f"http://127.0.0.1:{port}")
    assert (found["problems"], len(found["warnings"])) == ([], 1)


def test_answer_that_may_be_the_proxys_names_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = serve(b"HTTP/1.1 504 No\r\nVia: 1.1 p\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    [warning] = travel("http://api.example/")["warnings"]
    assert f"the proxy http://127.0.0.1:{port} may have said so in its place" in warning


@pytest.mark.parametrize(
    ("status", "title", "words"),
    [
        (500, "WARNING", "500 Internal Server Error"),
        (502, "WARNING", "gateway before the server"),
        (599, "WARNING", "599: "),
        (401, "NOTE", "wants a key"),
        (404, "NOTE", "nothing at this path"),
        (418, "NOTE", "418 "),
        (304, "NOTE", "304 Not Modified"),
    ],
)
def test_answer_that_is_no_success_is_told_in_words(
    serve: Serve, capsys: pytest.CaptureFixture[str], status: int, title: str, words: str
) -> None:
    port = serve(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status)
    assert main(["doctor", "--timeout", "60", f"http://127.0.0.1:{port}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    [told] = [line for line in lines if line.startswith(("PROBLEM", "WARNING", "NOTE"))]
    assert told.startswith(title)
    assert words in told
    assert lines[-1] != "no problem found"
    assert ("no problem found" in lines[-1]) == (title == "NOTE")


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (b"https://us:hunter2@other.example/v1/secret/?key=hunter2", "https://other.example/…/;"),
        (b"/login?next=hunter2#hunter2", "a redirect to /login;"),
        (b"//other.example", "a redirect to //other.example;"),
        (b"?hunter2", "a redirect to itself;"),
        (b"http://[", "a redirect to what is no URL;"),
        (b"", "a redirect to nowhere"),
    ],
)
def test_redirect_is_told_with_where_it_leads_and_without_secrets(
    serve: Serve, location: bytes, shown: str
) -> None:
    port = serve(b"HTTP/1.1 302 x\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location)
    found = travel(f"http://127.0.0.1:{port}/v1/secret")
    [note] = found["notes"]
    assert shown in note
    assert "secret" not in str(found)
    assert "hunter2" not in str(found)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else can meanwhile."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield int(unused.getsockname()[1])


def test_proxy_that_does_not_listen_is_called_a_proxy(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = closed_port
    monkeypatch.setenv("http_proxy", f"http://us:hunter2@127.0.0.1:{port}")
    [problem] = travel("http://api.example/")["problems"]
    assert f"no address of the proxy http://***@127.0.0.1:{port} takes a connection" in problem
    assert "is the proxy running" in problem
    assert "is the server running" not in problem


@pytest.mark.parametrize(
    ("error", "words"),
    [(TimeoutError(), "VPN"), (OSError(101, "Network is unreachable"), "no way to it")],
)
def test_advice_on_a_proxy_fits_the_failure(error: OSError, words: str) -> None:
    assert words in connecting._proxy_advice(error)


def test_proxy_without_an_address_is_called_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(connecting.socket, "getaddrinfo", nowhere)
    monkeypatch.setenv("http_proxy", "http://p.invalid:3128")
    [problem] = travel("http://api.example/")["problems"]
    assert "the proxy's host p.invalid has no address" in problem


@pytest.mark.parametrize("name", ["other.example", "127.0.0.2"])
def test_certificate_for_another_name_lists_the_names_that_it_has(
    serve: Serve, tmp_path: Any, name: str
) -> None:
    authority = Authority(name, "second.example")
    authority.ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    port = serve(tls=authority.context)
    found = travel(f"https://127.0.0.1:{port}/", Setup(verify=str(tmp_path / "ca.pem")))
    assert steps(found)[-1] == "tls"
    [problem] = found["problems"]
    assert "127.0.0.1 is not among those it has" in problem
    assert name in problem
    assert "second.example" in problem
    assert "not trusted" not in problem
    assert "SSL_CERT_FILE" not in problem


def test_certificate_that_ran_out_is_not_one_of_a_strange_authority(
    serve: Serve, tmp_path: Any
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    long_ago = dt.datetime(2020, 1, 1)
    ca.issue_cert("127.0.0.1", not_before=long_ago, not_after=long_ago).configure_cert(context)
    found = travel(
        f"https://127.0.0.1:{serve(tls=context)}/", Setup(verify=str(tmp_path / "ca.pem"))
    )
    assert "it has to be renewed" in found["problems"][0]


def test_authority_of_ones_own_is_trusted_alone(serve: Serve, tmp_path: Any) -> None:
    right, wrong = Authority("127.0.0.1"), Authority("127.0.0.1")
    right.ca.cert_pem.write_to_path(tmp_path / "right.pem")
    wrong.ca.cert_pem.write_to_path(tmp_path / "wrong.pem")
    url = f"https://127.0.0.1:{serve(tls=right.context)}/"
    assert travel(url, Setup(verify=str(tmp_path / "right.pem")))["problems"] == []
    [problem] = travel(url, Setup(verify=str(tmp_path / "wrong.pem")))["problems"]
    assert "wrong.pem holds is trusted alone" in problem
    unchecked = travel(url, Setup(verify=False))
    assert unchecked["problems"] == []
    assert unchecked["steps"][4]["names"] == ["127.0.0.1"]


def test_client_certificate_gets_through_where_none_does_not(serve: Serve, tmp_path: Any) -> None:
    server = Authority("127.0.0.1")
    server.ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    server.context.verify_mode = ssl.CERT_REQUIRED
    server.ca.configure_trust(server.context)
    client = server.ca.issue_cert("client.example")
    client.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    client.private_key_pem.write_to_path(tmp_path / "key.pem")
    ca, cert = str(tmp_path / "ca.pem"), (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    url = f"https://127.0.0.1:{serve(tls=server.context)}/"
    assert travel(url, Setup(verify=ca, cert=cert))["problems"] == []
    assert travel(url, Setup(verify=ca))["problems"] != []


def test_proxy_of_ones_own_is_used_whatever_the_environment_says(
    serve: Serve, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    found = travel("http://api.example/", Setup(proxy=f"http://us:hunter2@127.0.0.1:{serve()}"))
    assert found["problems"] == []
    assert found["steps"][1]["why"] == "as asked for"
    assert "hunter2" not in str(found)
    assert travel(f"http://127.0.0.1:{serve()}", Setup(proxy=""))["problems"] == []


def test_certificate_behind_a_proxy_is_shown_too(tmp_path: Any, tunnels: int, serve: Serve) -> None:
    url = f"https://127.0.0.1:{serve(tls=Authority('127.0.0.1').context)}/"
    found = travel(url, Setup(proxy=f"http://127.0.0.1:{tunnels}"))
    assert steps(found)[-2:] == ["tunnel", "tls"]
    assert "issued by Inspecting Proxies" in found["problems"][0]


@pytest.fixture
def tunnels() -> Iterator[int]:
    """A proxy that keeps its word, one tunnel after the other; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def run() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                host, _, port = client.recv(65536).split()[1].decode().rpartition(":")
                with socket.create_connection((host, int(port))) as server:
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    back = threading.Thread(target=copy, args=(server, client))
                    back.start()
                    copy(client, server)
                    back.join()

    thread = threading.Thread(target=run)
    thread.start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets")
def test_socket_of_a_path_is_the_whole_way(short_folder: str) -> None:
    path = f"{short_folder}/s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def run() -> None:
            for _ in range(2):  # by hand, and as a client
                sock, _ = listener.accept()
                with sock:
                    if sock.recv(65536):
                        sock.sendall(ANSWER)

        thread = threading.Thread(target=run)
        thread.start()
        found = travel("http://api.example/", Setup(unix_socket=path))
        thread.join()
    assert found["problems"] == []
    assert steps(found) == ["url", "proxy", "connect", "answer"]
    assert found["steps"][1]["why"] == f"every request goes to the socket {path}"
    [problem] = travel("http://api.example/", Setup(unix_socket=path))["problems"]
    assert f"the socket {path} takes no connection" in problem


@pytest.fixture
def short_folder() -> Iterator[str]:
    """A folder whose path leaves room for a socket's name, which has a hundred characters."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


@pytest.mark.parametrize(
    ("name", "value"), [("ALL_PROXY", "socks5://127.0.0.1:9"), ("QUINTET_TRANSPORT", "pigeon")]
)
def test_what_is_wrong_is_said_once(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["doctor", "--timeout", "60", f"http://127.0.0.1:{serve()}"]) == 1
    shown = capsys.readouterr().out
    assert shown.count("PROBLEM") == 1
    assert "FAILED" in shown
