"""``quintet doctor``: the SDKs' way out of this machine, without a server or a database."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import quintet, quintet_process
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("quintet command")]

NO_PROXIES = {"http_proxy": "", "https_proxy": "", "all_proxy": ""}


def test_doctor_tells_the_engine_without_a_server_or_a_database() -> None:
    result = quintet_process("doctor", env=NO_PROXIES)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "native" in result.stdout
    assert "no problem found" in result.stdout


def test_doctor_goes_to_a_running_server(server: ServerProcess) -> None:
    result = quintet_process("doctor", server.url, "--json", env=NO_PROXIES)
    assert result.returncode == 0, result.stdout + result.stderr
    steps = json.loads(result.stdout)["url"]["steps"]
    assert [step["step"] for step in steps] == ["url", "proxy", "resolve", "connect", "answer"]
    assert steps[-1]["status"] > 0


def test_doctor_exits_with_1_where_nothing_listens() -> None:
    result = quintet_process("doctor", "http://127.0.0.1:9", "--timeout", "2", env=NO_PROXIES)
    assert result.returncode == 1
    assert "nothing listens on that port" in result.stdout


def test_doctor_refuses_an_engine_that_is_none() -> None:
    result = quintet_process("doctor", "--transport", "carrier-pigeon")
    assert result.returncode == 2
    assert "native" in result.stderr


def test_doctor_has_its_own_name_in_the_usage_line() -> None:
    result = quintet_process("doctor", "--key", "key.pem")
    assert result.returncode == 2
    assert result.stderr.startswith("usage: quintet doctor ")
    assert "--key goes with --cert" in result.stderr


def test_doctor_hands_the_set_up_on(tmp_path: Path) -> None:
    """Each option is seen at work: files that are not there, a proxy that does not listen."""
    missing = str(tmp_path / "missing.pem")
    result = quintet_process("doctor", "--cert", missing, "--key", "its.key", "--verify", "no")
    assert result.returncode == 1
    assert "no https request can be made" in result.stdout
    assert f" {missing}, its.key\n" in result.stdout
    assert re.search(r"verify +no\n", result.stdout)
    result = quintet_process("doctor", "http://api.example", "--proxy", "http://127.0.0.1:9")
    assert result.returncode == 1
    assert "no address of the proxy http://127.0.0.1:9 takes a connection" in result.stdout
    result = quintet_process("doctor", "http://api.example", "--unix-socket", missing)
    assert result.returncode == 1
    assert f"the socket {missing} takes no connection" in result.stdout


def test_doctor_without_the_runtime_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str, package: Any = None) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    result = quintet("doctor")
    assert result.returncode == 1
    assert "pip install quintet" in result.stderr
