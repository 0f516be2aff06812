"""Every Python block of the README and of the SDKs' pages runs as it stands.

A reader's terminal has the exports of `quintet env` and nothing else, and so has each block here.
A block that is only a fragment says so: ```` ```python fragment ````.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import ServerProcess

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("packages/*/README.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[object]:
    for page in PAGES:
        for number, match in enumerate(_BLOCK.finditer(page.read_text(encoding="utf-8")), 1):
            name = f"{page.relative_to(ROOT)}:{number}"
            yield pytest.param(match.group(1), id=name)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("documents") / "data"
    with ServerProcess(folder, private_targets=True) as server:
        text = subprocess.run(
            [sys.executable, "-m", "quintet_server", "env", "--data-dir", str(folder)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        exports = dict(re.findall(r"^export (\w+)=['\"]?([^'\"\n]*)", text, re.MULTILINE))
        assert exports["FLARE_BASE_URL"] == server.url
        yield {**os.environ, **exports, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.mark.parametrize("code", list(blocks()))
def test_block_runs_as_it_stands(code: str, environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
