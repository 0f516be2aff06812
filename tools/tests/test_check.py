"""The runner of the gates: one line each, output only of those that fail."""

from __future__ import annotations

import pytest

from tools import check
from tools.check import main


def test_gate_that_passes_says_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "GATES", {"calm": ["this"]})
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("calm               ok")
    assert lines[1] == "1 of 1 gates passed"


def test_gate_that_fails_shows_its_output_and_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "GATES", {"bad": ["no_such_module_here"], "calm": ["this"]})
    assert main([]) == 1
    out = capsys.readouterr().out
    assert "bad                FAILED" in out
    assert "    " in out
    assert "no_such_module_here" in out
    assert "1 of 2 gates passed" in out
    assert "Beautiful is better" not in out


def test_unknown_gate_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "no such gate: nonsense" in capsys.readouterr().out
