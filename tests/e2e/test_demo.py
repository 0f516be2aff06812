"""The demo that a newcomer runs first, with a model whose answers can be foreseen."""

from __future__ import annotations

import csv
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.model_server import NAME, model_server

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.e2e


def demo(part: str, folder: Path) -> str:
    """Run one part of the demo; return what it said."""
    with model_server() as model:
        chosen = {"AI_BASE_URL": model.url, "AI_MODEL": NAME, "QUINTET_AI_UPSTREAM_TOOLS": "false"}
        done = subprocess.run(
            [sys.executable, "-m", "examples.demo", part, "--folder", folder],
            cwd=ROOT,
            env={**os.environ, **chosen, "COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    return done.stdout


@pytest.mark.kill
@pytest.mark.timeout(900)
@pytest.mark.slow  # the demo starts a server twice, and its workflow waits in each round
def test_demo_with_its_server_killed_does_each_step_once_and_ends_well(tmp_path: Path) -> None:
    said = demo("flowmaestro", tmp_path / "demo")

    assert "kill -9" in said
    assert said.count("again, attempt 2") == 1
    assert "2 calls, one key" in said
    assert "source: docs/" in said


@pytest.mark.timeout(900)
@pytest.mark.slow  # a server of its own, and every command of its scenes
def test_demo_of_the_backend_shows_every_room_and_puts_the_clock_back(tmp_path: Path) -> None:
    said = demo("aerostack", tmp_path / "demo")

    for outcome in (
        "a token for 24 hours",
        "refused: AUTH_USER_EXISTS",
        "refused: AUTH_INVALID_CREDENTIALS",
        "96 inserted",
        "8 groups",
        "refused: FORBIDDEN, HTTP 403",
        "gone, the other kept",
        "SHA-256 is the same",
        "HTTP 206",
        "refused: SERVICE_NOT_FOUND",
        f"tokens by {NAME}",
    ):
        assert outcome in said
    assert said.index("1:00:01 ahead") < said.index("the server's time is the real time")
    packed, copied = (
        (tmp_path / "demo" / name).read_bytes()
        for name in ("quintet.tar", "quintet-downloaded.tar")
    )
    assert packed == copied


@pytest.mark.timeout(900)
@pytest.mark.slow  # a server of its own, and every command of its scenes
def test_demo_of_interactions_counts_what_the_file_has(tmp_path: Path) -> None:
    said = demo("amdahl", tmp_path / "demo")
    assert "  writing …" in said
    assert "quintet env --data-dir " in said

    for outcome in (
        "all imported",
        "nothing new",
        "as counted in the file",
        "refused: unknown_table, HTTP 400",
        "2 charts, no scripts",
        "2 calls, one key",
        "none missed",
        "asks for approval",
        "written as outlined",
        "signature verified",
    ):
        assert outcome in said
    assert "<script" not in (tmp_path / "demo" / "output" / "page.html").read_text("utf-8")


@pytest.mark.kill
@pytest.mark.timeout(900)
@pytest.mark.slow  # the demo starts a server twice and makes a thousand requests of it
def test_demo_of_a_campaign_counts_each_answered_click_once(tmp_path: Path) -> None:
    said = demo("ghostflow", tmp_path / "demo")

    for outcome in (
        "kill -9",
        "all redirected",
        "each arrived once",
        "each answered click counted once",
        "duplicate, created, updated, ignored",
        "each once",
        "signature verified",
        "16 numbers as in our own books",
        "Clicks per hour",
    ):
        assert outcome in said
    pictures = [tmp_path / "demo" / "output" / f"clicks.{kind}" for kind in ("png", "svg")]
    assert all(picture.stat().st_size > 10_000 for picture in pictures)


def test_daylight_is_what_its_rule_says() -> None:
    rule = runpy.run_path(str(ROOT / "examples" / "aerostack" / "daylight.py"))
    with (ROOT / "examples" / "aerostack" / "daylight.csv").open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == rule["COLUMNS"]
    assert [tuple(row) for row in rows] == [tuple(map(str, row)) for row in rule["rows"]()]
