"""Signals end a worker's process in order; a second one ends it at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from zeridion_flare import FlareConfigurationError, FlareWorker

from .service import FakeFlare

pytestmark = pytest.mark.wire

PROGRAM = Path(__file__).parent / "programs.py"
KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@contextmanager
def program(kind: str, grace: float) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), kind, str(grace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@KINDS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_w24_first_signal_drains_and_puts_the_handlers_back(
    flare: FakeFlare, kind: str, number: signal.Signals
) -> None:
    flare.enqueue(payload={"seconds": 0.5})
    with program(kind, 30) as process:
        assert line(process) == "began"
        process.send_signal(number)
        assert line(process) == "ended"
        assert line(process) == "restored True"
        assert process.wait(60) == 0
    assert flare.acks()["job_1"]["status"] == "succeeded"


@KINDS
def test_w24_second_signal_ends_the_process_at_once(flare: FakeFlare, kind: str) -> None:
    flare.hold = 600  # no poll ends by itself
    flare.enqueue(payload={"seconds": 600})
    with program(kind, 600) as process:
        assert line(process) == "began"
        flare.wait_for(lambda: flare.open_polls)  # it asks for more jobs beside the first
        process.send_signal(signal.SIGTERM)
        flare.wait_for(lambda: flare.gone_polls)  # the first has come: it asks for no more jobs
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 3
    assert not flare.acks()


@KINDS
def test_w5_handler_that_never_returns_does_not_keep_the_process(
    flare: FakeFlare, kind: str
) -> None:
    flare.enqueue(payload={"seconds": 600})
    with program(kind, 0.6) as process:
        assert line(process) == "began"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 3


@KINDS
def test_w5_handler_is_told_of_the_shutdown_and_its_job_handed_back(
    flare: FakeFlare, kind: str
) -> None:
    for grace in (1.0, 6.0, 24.0):  # a third of it is left to obey: more on a machine that is busy
        flare.enqueue(payload={"seconds": 600, "heed": True})
        with program(kind, grace) as process:
            assert line(process) == "began"
            process.send_signal(signal.SIGTERM)
            told, code = line(process), process.wait(60)
        if code == 0:
            break
    assert (told, code) == ("told shutdown", 0)
    assert flare.acks()["job_1"]["status"] == "released"


def test_w24_signals_outside_the_main_thread_are_a_clear_error(flare: FakeFlare) -> None:
    caught: list[Exception] = []

    def run() -> None:
        worker = FlareWorker()
        worker.add("T", lambda: None)
        try:
            worker.run()
        except FlareConfigurationError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert "main thread" in str(caught[0])
