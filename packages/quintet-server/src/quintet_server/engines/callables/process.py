"""The server's side of one process: start it, call it, read what it prints, end it.

All pipes but standard input are our own: asyncio waits for the end of its pipes before it says that
a process has ended, and what a function has left behind may hold them for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import structlog

from quintet_server.engines.callables import child
from quintet_server.engines.callables.frames import encode, read_frame
from quintet_server.engines.callables.model import CallableFailed, CallableUnavailable
from quintet_server.engines.callables.settings import CallableSettings

_log = structlog.get_logger(__name__)

_CHILD = str(Path(child.__file__))
# What Python needs to run, and to reach others over TLS. Keys and database URLs stay here.
_INHERITED = (
    *("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR"),
    *("TZ", "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "VIRTUAL_ENV"),
)
_LINE_MAX_CHARS = 2_000
_PRINTED_SECONDS = 5.0
_MEGABYTE = 1 << 20

Stamp = tuple[tuple[str, int, int, int], ...]


def stamp_of(files: list[str]) -> Stamp:
    """What tells whether any of these files has changed. Raises FileNotFoundError."""
    stats = [(name, os.stat(name)) for name in files]  # noqa: PTH116 - called once per call
    return tuple((name, each.st_mtime_ns, each.st_size, each.st_ino) for name, each in stats)


class FunctionProcess:
    """One file, loaded in a process of its own. :meth:`start` first, :meth:`kill` at last."""

    def __init__(self, file: Path, settings: CallableSettings) -> None:
        self.file = file
        self._settings = settings
        self._stamp: Stamp = ()
        self._answers: asyncio.StreamReader
        self._child: asyncio.subprocess.Process | None = None
        self._is_killed = False
        self._readers: list[asyncio.BaseTransport] = []
        self._printed: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    @property
    def is_usable(self) -> bool:
        """Whether it runs, and runs what the files hold now."""
        try:
            return self.pid is not None and self._stamp == stamp_of([s[0] for s in self._stamp])
        except OSError:
            return False

    async def start(self) -> None:
        """Load the file.

        Raises:
            CallableUnavailable: there is no file, it cannot be loaded, or that takes too long.
        """
        try:
            # Before it is read: a change in between is found at the next call.
            self._stamp = stamp_of([str(self.file)])
        except OSError:
            raise CallableUnavailable(f"there is no file {self.file}") from None
        seconds = self._settings.start_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._spawn()
                said = await self._read()
        except TimeoutError:
            message = f"{self.file.name} was not loaded within {seconds:g} s"
            raise CallableUnavailable(message) from None
        except EOFError:
            raise CallableUnavailable(f"{self.file.name} ended the process while loading") from None
        if "error" in said:
            failure = _failure(said["error"])
            raise CallableUnavailable(
                f"{self.file.name} cannot be loaded: {failure}", failure.traceback
            )

    async def _spawn(self) -> None:
        descriptors = [os.pipe() for _ in range(3)]
        answers, stdout, stderr = (writing for _, writing in descriptors)
        try:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-X", "utf8", "-u", _CHILD),
                *(str(answers), str(self._settings.answer_max_bytes), str(self.file)),
                stdin=asyncio.subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                env=self._environment(),
                cwd=self.file.parent,
                start_new_session=True,
                pass_fds=(answers,),
            )
        except BaseException:
            for reading, _ in descriptors:
                os.close(reading)
            raise
        finally:
            for _, writing in descriptors:
                os.close(writing)
        self._answers = await self._listen_to(descriptors[0][0])
        for name, (reading, _) in zip(("stdout", "stderr"), descriptors[1:], strict=True):
            stream = await self._listen_to(reading)
            self._printed.append(asyncio.create_task(self._log_lines(name, stream)))

    def _environment(self) -> dict[str, str]:
        names = (*_INHERITED, *self._settings.environment)
        return {name: os.environ[name] for name in names if name in os.environ}

    async def _listen_to(self, descriptor: int) -> asyncio.StreamReader:
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", 0)
        )
        self._readers.append(transport)
        return stream

    async def call(self, function: str, argument: Any) -> Any:
        """Return the function's answer; one call at a time. After cancellation: :meth:`kill`.

        Raises:
            CallableFailed: it raised, or the process ended before it answered.
        """
        assert self._child is not None
        assert self._child.stdin is not None
        with contextlib.suppress(ConnectionError):  # it has ended: reading says so
            self._child.stdin.write(encode({"function": function, "argument": argument}))
            await self._child.stdin.drain()
        try:
            said = await self._read()
        except (EOFError, ValueError):
            code = await self._exit_code()
            message = f"the process of {self.file.name} ended before it answered (exit code {code})"
            raise CallableFailed("ProcessEnded", message) from None
        if "error" in said:
            raise _failure(said["error"])
        return said["answer"]

    async def _read(self) -> Any:
        said = await read_frame(self._answers, self._settings.answer_max_bytes + _MEGABYTE)
        if files := said.get("files"):
            known = {each[0]: each for each in self._stamp}
            with contextlib.suppress(OSError):  # gone already: the next call finds it changed
                fresh = stamp_of([name for name in files if name not in known])
                self._stamp = (*self._stamp, *fresh)
        return said

    async def _exit_code(self) -> int | str:
        assert self._child is not None
        try:
            async with asyncio.timeout(_PRINTED_SECONDS):
                return await self._child.wait()
        except TimeoutError:
            return "none"

    async def _log_lines(self, name: str, stream: asyncio.StreamReader) -> None:
        """What functions print goes to the log, line by line; long lines are cut."""
        rest = b""
        while block := await stream.read(65_536):
            *lines, rest = (rest + block).split(b"\n")
            rest = rest[:_LINE_MAX_CHARS]
            for line in lines:
                self._note(name, line)
        self._note(name, rest)

    def _note(self, name: str, line: bytes) -> None:
        if text := line.decode("utf-8", "replace").rstrip():
            shown = text[:_LINE_MAX_CHARS]
            _log.info("callable_printed", file=self.file.name, pid=self.pid, to=name, line=shown)

    async def kill(self) -> None:
        """End it and whatever it started, at once. Harmless when it has ended."""
        child = self._child
        if child is not None:
            if not self._is_killed:
                self._is_killed = True
                # The group outlives its leader: what was left behind ends too.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
            assert child.stdin is not None
            child.stdin.close()
        if self._printed:
            await asyncio.wait(self._printed, timeout=_PRINTED_SECONDS)
            for task in self._printed:
                task.cancel()
            await asyncio.gather(*self._printed, return_exceptions=True)
        for transport in self._readers:
            transport.close()


def _failure(said: dict[str, Any]) -> CallableFailed:
    return CallableFailed(
        said["type"],
        said["message"],
        said["traceback"],
        is_retryable=said["retryable"],
        retry_after=said["retry_after"],
    )
