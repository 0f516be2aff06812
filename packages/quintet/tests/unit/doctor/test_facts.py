"""What the doctor tells without going anywhere; and that no secret is among it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import trustme

from quintet.doctor import Setup, examine, facts, main, report

_OTHERS = ("QUINTET_TRANSPORT", "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in _OTHERS:
            monkeypatch.delenv(name)


def test_everything_is_told_and_can_be_json() -> None:
    found = examine()
    assert found["engine"] == {"name": "native", "chosen_by": "default", "variable": None}
    assert found["versions"]["python"].endswith(sys.version.split()[0])
    assert found["versions"]["httptools"]
    assert found["trust"]["authorities"] > 50
    assert found["trust"]["minimum_version"] == "TLSv1.2"
    assert found["decoders"][:2] == ["gzip", "deflate"]
    assert found["limits"]["max_connections"] == 100
    assert found["problems"] == []
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("asked", "variable", "engine", "by"),
    [
        (None, "httpx", "httpx", "environment"),
        ("native", "httpx", "native", "argument"),
        ("httpx", None, "httpx", "argument"),
    ],
)
def test_engine_comes_with_who_chose_it(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, variable: str | None, engine: str, by: str
) -> None:
    if variable is not None:
        monkeypatch.setenv("QUINTET_TRANSPORT", variable)
    found = examine(Setup(asked))
    assert (found["engine"]["name"], found["engine"]["chosen_by"]) == (engine, by)
    assert found["engine"]["variable"] == variable


def test_engine_that_is_none_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUINTET_TRANSPORT", "pigeon")
    found = examine()
    assert found["engine"]["name"] == "none"
    [problem] = found["problems"]
    assert "'pigeon'" in problem
    assert "PROBLEM" in report(found)


def test_proxies_are_shown_without_credentials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://us:hunter2@p:3128")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://us:hunter2@p:1080")
    monkeypatch.setenv("NO_PROXY", "localhost")
    for arguments in (["doctor"], ["doctor", "--json"]):
        assert main(arguments) == 1
        shown = capsys.readouterr().out
        assert "hunter2" not in shown
        assert "http://***@p:3128" in shown
        assert "localhost" in shown
    assert main(["doctor", "--transport", "httpx"]) == 0
    assert main(["doctor", "--transport", "HTTPX"]) == 0


def test_entries_of_no_proxy_that_cover_nothing_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.*,10.0.0.0/99")
    found = examine()
    assert found["proxies"]["no_covers_nothing"] == "127.*, 10.0.0.0/99"
    assert "no_covers_nothing" in report(found)
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert "no_covers_nothing" not in examine()["proxies"]


def test_trust_store_that_is_named_and_not_there_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/bundle.pem")
    assert any("/no/such/bundle.pem" in problem for problem in examine()["problems"])


def test_trust_store_that_cannot_be_read_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "no" / "file"))
    [problem] = examine()["problems"]
    assert problem.startswith("no https request can be made")


def test_few_files_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_open_files", lambda: 64)
    assert any("64 files" in problem for problem in examine()["problems"])


def test_report_has_a_line_for_everything() -> None:
    found = examine()
    text = report(found)
    for word in ("engine", "native", "httptools", "certifi", "max_head_bytes", "no problem found"):
        assert word in text
    for name in found["versions"]:
        assert name in text


def test_runtime_has_it_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quintet", "doctor", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["engine"]["name"] == "native"


@pytest.mark.parametrize("arguments", [[], ["nurse"], ["doctor", "--timeout", "0"]])
def test_command_that_is_wrong_is_explained(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m quintet" in capsys.readouterr().err


def test_places_that_are_replaced_are_not_told_as_in_force(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    trust = examine()["trust"]
    assert {"system_file", "system_folder"} <= set(trust)
    assert not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & set(trust)
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    trust = examine()["trust"]
    assert trust["SSL_CERT_FILE"] == str(ca)
    assert "system_file" not in trust
    assert "system_folder" in trust
    assert "system_file" not in report(examine())
    trust = examine(Setup(verify=str(ca)))["trust"]
    assert (trust["verify"], trust["authorities"]) == (str(ca), 1)
    assert not {"system_file", "system_folder", "certifi", "SSL_CERT_FILE"} & set(trust)


def test_set_up_of_ones_own_is_shown_and_chosen_by_its_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setenv("QUINTET_TRANSPORT", "httpx")
    monkeypatch.setenv("HTTP_PROXY", "http://elsewhere:1")
    both = trustme.CA().issue_cert("client.example")
    both.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    own = ["--proxy", "http://us:hunter2@p:3128", "--cert", str(tmp_path / "both.pem")]
    assert main(["doctor", "--json", *own]) == 0
    text = capsys.readouterr().out
    found = json.loads(text)
    assert (found["engine"]["name"], found["engine"]["chosen_by"]) == ("native", "options")
    assert found["proxies"] == {"all": "http://***@p:3128"}
    assert found["trust"]["client_certificate"] == str(tmp_path / "both.pem")
    assert "hunter2" not in text
    assert "hunter2" not in repr(Setup(proxy="http://us:hunter2@p:3128"))
    assert main(["doctor", "--json", "--proxy", "no"]) == 0
    assert json.loads(capsys.readouterr().out)["proxies"] == {}


def test_check_that_is_off_is_a_warning_and_no_clean_bill(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor", "--verify", "no"]) == 0
    shown = capsys.readouterr().out
    assert "WARNING     no certificate is checked" in shown
    assert "no problem found" not in shown


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (["--proxy", "socks5://us:hunter2@p:1"], "socks5:// one"),
        (["--proxy", "http://p:1", "--unix-socket", "/s"], "not both"),
        (["--verify", "/no/such/ca.pem"], "no https request can be made"),
    ],
)
def test_set_up_that_cannot_be_is_one_problem(
    own: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json", *own]) == 1
    text = capsys.readouterr().out
    [problem] = json.loads(text)["problems"]
    assert words in problem
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (["--key", "key.pem"], "--key goes with --cert"),
        (["--transport", "httpx", "--verify", "no"], "leave out --transport httpx"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    own: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *own], prog="quintet")
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert "usage: quintet doctor " in shown
