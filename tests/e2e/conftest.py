"""Every test twice: with the native engine, as clients have it by default, and with httpx.

The engine is chosen by the environment variable that users have for it, so that clients of other
processes (commands, examples, workers) have it too. Servers are shared by both rounds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

VARIABLE = "QUINTET_TRANSPORT"
FOLDER = Path(__file__).parent
ONCE = {
    # Minutes of real time; what they show of the SDKs is shown by the other tests as well.
    "test_demo.py",
    # No client takes part.
    "flare/test_cron_agreement.py",
    # A blocking poll under way in httpx cannot be interrupted: such a worker stops when the server
    # ends the poll, half a minute later. (The asyncio worker runs in both rounds.)
    "flare/_sync/test_worker.py",
    "flare/test_cli.py::test_watch_follows_a_job_and_tells_how_it_ended",
    "flare/test_cli.py::test_worker_runs_the_handlers_of_a_module_until_it_is_told_to_stop",
}


@pytest.fixture(autouse=True)
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the engine that clients are made with."""
    engine: str = request.param
    if engine == "native":
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, engine)
    return engine


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    test = metafunc.definition
    file = test.path.relative_to(FOLDER).as_posix()
    is_once = file in ONCE or f"{file}::{metafunc.function.__name__}" in ONCE
    metafunc.parametrize("transport", ["native"] if is_once else ["native", "httpx"], indirect=True)
