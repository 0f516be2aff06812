"""Processes of `quintet` that begin with everything imported.

Importing is most of what the start of a server costs, and tests start many. So one process imports,
once, and is then forked: each child is a process like any other, with its own environment, streams
and signals, that runs `quintet` from its first line on. Where the system cannot do that they are
started the ordinary way.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

_ROOT = Path(__file__).resolve().parents[2]
_MODULE = "tests.support.warm_process"


class Process(Protocol):
    """As much of `subprocess.Popen` as tests use."""

    pid: int

    @property
    def stdout(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def start_quintet(
    arguments: Sequence[str], *, log: IO[str] | IO[bytes], env: Mapping[str, str]
) -> Process:
    """Start `quintet` with a pipe as its standard output and `log` for its standard error."""
    if sys.platform == "linux":
        return _Forked(arguments, log.fileno(), env)
    command = [sys.executable, "-m", "quintet_server", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=dict(env))


class _Forked:
    """A fork of the warm process. That one, being its parent, tells how it ended."""

    def __init__(self, arguments: Sequence[str], log: int, env: Mapping[str, str]) -> None:
        read, write = os.pipe()
        try:
            self.pid, self._ended = _fork(arguments, env, write, log)
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        self.stdout: IO[bytes] | None = os.fdopen(read, "rb")
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._code if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired` after so many seconds."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired("quintet", timeout or 0.0)
        assert self._code is not None
        return self._code

    def _has_ended(self, timeout: float | None) -> bool:
        if self._code is None:
            poller = select.poll()
            poller.register(self._ended, select.POLLIN)
            if not poller.poll(None if timeout is None else timeout * 1000):
                return False
            with self._ended:
                self._code = int(self._ended.recv(64) or b"-9")
        return True

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            # It may have ended this moment.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class _WarmProcess:
    """The other end of the process that is forked. It ends with ours: the socket closes."""

    def __init__(self) -> None:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        # Orders are answered in turn; of two threads, each must get the answer to its own.
        self._lock = threading.Lock()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(its.fileno())],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=_ROOT,
            )

    def fork(
        self, arguments: Sequence[str], env: Mapping[str, str], stdout: int, stderr: int
    ) -> tuple[int, socket.socket]:
        """A child's process id, and the socket on which its exit code will be told."""
        ours, its = socket.socketpair()
        with its:
            order = json.dumps([list(arguments), dict(env), str(Path.cwd())]).encode()
            try:
                with self._lock:
                    socket.send_fds(self._socket, [order], [stdout, stderr, its.fileno()])
                    answer = self._socket.recv(64)
            except OSError:
                answer = b""
        if not answer:
            ours.close()
            raise _Died
        return int(answer), ours

    def close(self) -> None:
        """Collect what is left of it."""
        self._socket.close()
        self._process.wait()


class _Died(Exception):
    """The process that forks is no longer there."""


def _fork(
    arguments: Sequence[str], env: Mapping[str, str], stdout: int, stderr: int
) -> tuple[int, socket.socket]:
    """Fork, in a new warm process if the one before was killed, by a full memory perhaps."""
    warm = _warm_process()
    try:
        return warm.fork(arguments, env, stdout, stderr)
    except _Died:
        if _warm_process() is warm:
            _warm_process.cache_clear()
            warm.close()
        return _warm_process().fork(arguments, env, stdout, stderr)


@functools.cache
def _warm_process() -> _WarmProcess:
    return _WarmProcess()
