"""The demo's other processes: ``quintet serve`` and its commands, and ``flare worker``."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

_BIN = Path(sys.executable).parent
_URL = re.compile(r"https?://\S+")
# Only ends what hangs: the first start compiles everything, and the machine may be busy.
_START_SECONDS = 600.0
_STOP_SECONDS = 60.0
_INSTALL_SECONDS = 300.0

SERVER_SETTINGS = {
    # Retries wait a minute by default; a demo has not that long.
    "QUINTET_WORK_RETRY_BASE_MS": "400",
    "QUINTET_WORK_RETRY_JITTER_MS": "100",
    "QUINTET_HTTP_LOG_REQUESTS": "errors",
    # The limit of the public service; the demo asks more often while it waits for things.
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "6000",
    # The demo stands where a proxy would, and says whose click it passes on and from which country.
    "QUINTET_GHOSTFLOW_TRUSTED_PROXIES": "127.0.0.1",
    "QUINTET_GHOSTFLOW_COUNTRY_HEADER": "CF-IPCountry",
    "QUINTET_GHOSTFLOW_RATES": '{"EUR": "1.08"}',
}


class Server:
    """``quintet serve`` on a folder, while used as a context manager; it may be killed meanwhile.

    Attributes:
        url: Where it listens. The port is the same after :meth:`kill` and :meth:`start`.
        log: What it writes to standard error.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder.parent / "server.log"
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._environment: dict[str, str] = {}

    def start(self) -> None:
        """Start it and return once it accepts calls."""
        port = self.url.rpartition(":")[2] or "0"
        with self.log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [
                    *(_BIN / "quintet", "serve", "--port", port),
                    *("--data-dir", self.folder, "--allow-private-targets"),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=_plain_environment() | SERVER_SETTINGS,
            )
        line = self._first_line()
        found = _URL.search(line or "")
        if found is None:
            self._end(signal.SIGKILL)
            if line is None:
                said = f"the server did not start in {_START_SECONDS:.0f} s"
                raise SystemExit(f"{said}; {self.log} says how far it got")
            raise SystemExit(f"the server did not start; {self.log} says why")
        self.url = found.group()

    def _first_line(self) -> str | None:
        """What it says first, nothing if it ended without a word, None if it kept silent."""
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            return self._process.stdout.readline() if selector.select(_START_SECONDS) else None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it with SIGKILL: no handler runs, nothing is saved, no connection is closed well."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            assert process.stdout is not None
            process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(signal.SIGTERM)

    def environment(self) -> dict[str, str]:
        """Return what ``quintet env`` says, as a dictionary: keys and addresses for the SDKs."""
        if not self._environment:
            done = self._run("env")
            done.check_returncode()
            export = re.compile(r"^export (\w+)=['\"]?([^'\"\n]*)['\"]?$", re.MULTILINE)
            self._environment = dict(export.findall(done.stdout))
        return self._environment

    def apply(self, folder: Path) -> str:
        """Create what a folder's definition files define; return what ``quintet apply`` said."""
        done = self._run("apply", "-f", str(folder))
        if done.returncode:
            raise SystemExit(f"quintet apply failed:\n{done.stderr or done.stdout}")
        return done.stdout

    def import_interactions(self, file: Path) -> str:
        """Put a file's rows into the workspace; return what ``quintet amdahl import`` said."""
        done = self._run("amdahl", "import", "--table", "interactions", str(file))
        if done.returncode:
            raise SystemExit(f"quintet amdahl import failed:\n{done.stderr or done.stdout}")
        return done.stdout.strip().removeprefix(f"{file}: ")

    def clock(self, *arguments: str) -> str:
        """Move the server's time, or put it back; return what ``quintet clock`` said."""
        done = self._run("clock", *arguments)
        done.check_returncode()
        return done.stdout.strip()

    def install_model(self, name: str) -> str | None:
        """Install a language model; return in one line why it could not be, or None."""
        try:
            done = self._run("models", "install", name, timeout=_INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            return f"{name} did not arrive in {_INSTALL_SECONDS:.0f} s"
        said = done.stderr.strip().partition("\n")[0]
        return (
            said.removeprefix("quintet: ").removesuffix("; it said:") if done.returncode else None
        )

    def _run(
        self, *arguments: str, timeout: float = _START_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_BIN / "quintet", *arguments, "--data-dir", self.folder],
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=_plain_environment() | {"PIP_RETRIES": "1"},
        )


def _plain_environment() -> dict[str, str]:
    """Our environment; of settings of yours only what leads to a language model."""
    return {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith("QUINTET_") or name.startswith("QUINTET_AI_"))
        and name != "DATABASE_URL"
    }


@contextmanager
def flare_worker(module: str, log: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a module's worker with the ``flare`` command line."""
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [_BIN / "flare", "worker", module],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
