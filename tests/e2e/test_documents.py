"""Every Python block of the README and of the SDKs' pages runs as it stands.

A reader's terminal has the exports of `quintet env` and nothing else, and so has each block here.
The server has every definition that the pages show, with the functions of `examples/aerostack`
beside them, the rows that Amdahl's quickstart brings in and the user whom GhostFlow's page lets in;
its language model is a scripted one.
A block that is only a fragment, or needs other files, says so: ```` ```python fragment ````,
```` ```yaml fragment ````. Types are looked at by `tools/doc_types.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.model_server import NAME, model_server
from tests.support.server import ServerProcess
from tests.support.waiting import until
from tools.doc_blocks import blocks

pytestmark = [
    pytest.mark.xdist_group("documents"),  # one server for all of them
    pytest.mark.timeout(300),  # the first waits for it, too
]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
COMMITS = EXAMPLES / "amdahl" / "commits.csv"
SETTINGS = {
    "AI_MODEL": NAME,
    # One reader after the other has a minute's requests; all at once share one key's.
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "10000",
    "QUINTET_AMDAHL_REQUESTS_PER_MINUTE": "10000",
    "QUINTET_GHOSTFLOW_REQUESTS_PER_MINUTE": "10000",
}
_DEFINITION = re.compile(r"(?:#[^\n]*\n)*service: (?:flowmaestro|aerostack|amdahl)\n")


def programs() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every block of Python."""
    numbers: Counter[str] = Counter()
    for block in blocks():
        if block.info == "python":
            numbers[block.page] += 1
            yield f"{block.page}:{numbers[block.page]}", block.text


def definitions() -> Iterator[tuple[str, str]]:
    """Yield a file's name and text for every block that defines something."""
    for block in blocks():
        if block.info == "yaml" and _DEFINITION.match(block.text):
            yield f"{block.page.replace('/', '_')}:{block.line}.yaml", block.text


def is_indexed(api: httpx.Client, knowledge_base: str) -> bool:
    shown = api.get(f"/knowledge-bases/{knowledge_base}").raise_for_status().json()["data"]
    return bool(shown["chunk_count"])


def quintet(server: ServerProcess, *arguments: str, typed: str = "") -> str:
    """What the command prints, as in a reader's terminal beside the server."""
    return subprocess.run(
        [sys.executable, "-m", "quintet_server", *arguments, "--data-dir", str(server.folder)],
        check=True,
        capture_output=True,
        text=True,
        input=typed,
    ).stdout


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with all that the pages define, a file for each block."""
    defined = tmp_path_factory.mktemp("definitions")
    for name, text in definitions():
        (defined / name).write_text(text, encoding="utf-8")
    shutil.copy(EXAMPLES / "aerostack" / "functions.py", defined)
    with (
        model_server() as model,
        ServerProcess(
            tmp_path_factory.mktemp("documents") / "data",
            settings={**SETTINGS, "AI_BASE_URL": model.url},
            private_targets=True,
        ) as running,
    ):
        running.apply(defined)
        quintet(running, "amdahl", "import", str(COMMITS), "--table", "interactions")
        user = ("alice@example.com", "--role", "editor", "--password-stdin")
        quintet(running, "ghostflow", "users", "add", *user, typed="her password\n")
        key = {"Authorization": f"Bearer {running.key('flowmaestro')}"}
        with httpx.Client(base_url=f"{running.url}/api/v1", headers=key, timeout=60) as api:
            until(lambda: is_indexed(api, "kb_shop"), seconds=60, pause=0.1)
        yield running


@pytest.fixture(scope="module")
def exports(server: ServerProcess) -> dict[str, str]:
    """What `eval "$(quintet env)"` exports."""
    text = quintet(server, "env")
    exports = dict(re.findall(r"^export (\w+)=['\"]?([^'\"\n]*)", text, re.MULTILINE))
    assert exports["FLARE_BASE_URL"] == exports["FLOWMAESTRO_BASE_URL"] == server.url
    assert exports["AEROSTACK_SERVER_URL"] == f"{server.url}/v1"
    return exports


@pytest.fixture
def environment(exports: dict[str, str], transport: str) -> dict[str, str]:
    """A terminal with that, and with the engine of the round."""
    return {**os.environ, **exports, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.mark.parametrize("code", [pytest.param(text, id=name) for name, text in programs()])
def test_block_runs_as_it_stands(code: str, environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("service", ["aerostack", "amdahl", "flowmaestro"])
def test_examples_are_accepted(server: ServerProcess, service: str) -> None:
    server.apply(EXAMPLES / service)
