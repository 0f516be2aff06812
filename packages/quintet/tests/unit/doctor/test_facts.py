"""What the doctor tells without going anywhere; and that no secret is among it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from quintet.doctor import examine, facts, main, report


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("QUINTET_TRANSPORT", "SSLKEYLOGFILE"):
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
    found = examine(asked)
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
