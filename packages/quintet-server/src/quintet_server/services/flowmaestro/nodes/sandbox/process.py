"""The server's side of the confined process: start it, feed it, read it, end it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from quintet_server.services.flowmaestro.nodes.sandbox import child

_CHILD = str(Path(child.__file__))
_PRINTED_MAX_BYTES = 64 * 1024
_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Task:
    """Code to run. `inputs` are JSON and become its globals."""

    code: str
    inputs: dict[str, Any]
    timeout_seconds: float
    memory_bytes: int
    result_max_bytes: int
    has_network: bool = False
    is_weak_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. `was_started`: the code was reached; else `stderr` says why not."""

    exit_code: int
    result: Any
    stdout: str
    stderr: str
    seconds: float
    was_started: bool
    is_timed_out: bool
    is_result_too_large: bool


async def run(task: Task) -> Outcome:
    """Run it to its end or its timeout. Cancellation ends every process of it before it returns."""
    folder = tempfile.mkdtemp(prefix="quintet-code-")
    try:
        return await _run_in(folder, task)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _run_in(folder: str, task: Task) -> Outcome:
    # Pipes of our own: asyncio says that a process has ended only when nobody holds its pipes any
    # more, and what the code has left behind may hold them for ever.
    pipes = [os.pipe() for _ in range(3)]
    readers = [reading for reading, _ in pipes]
    stdout, stderr, result = (writing for _, writing in pipes)
    started = time.monotonic()
    try:
        process = await asyncio.create_subprocess_exec(
            getattr(sys, "_base_executable", sys.executable) or sys.executable,
            *("-I", "-S", "-X", "utf8", "-B", _CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            env={},
            cwd=folder,
            start_new_session=True,
            pass_fds=(result,),
        )
    except BaseException:
        for descriptor in readers:
            os.close(descriptor)
        raise
    finally:
        for descriptor in (stdout, stderr, result):
            os.close(descriptor)
    most = (_PRINTED_MAX_BYTES, _PRINTED_MAX_BYTES, task.result_max_bytes + 2)
    reading = [
        asyncio.ensure_future(_read(descriptor, max_bytes))
        for descriptor, max_bytes in zip(readers, most, strict=True)
    ]
    try:
        exit_code = await _attend(process, _described(task, folder, result), task)
    finally:
        await _end(process)
        await asyncio.wait(reading, timeout=_GRACE_SECONDS)
        for one in reading:
            one.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    stdout_bytes, stderr_bytes, said = [b"" if one.cancelled() else one.result() for one in reading]
    printed = (stdout_bytes, stderr_bytes)
    return _outcome(task, exit_code, printed, said, time.monotonic() - started)


def _described(task: Task, folder: str, descriptor: int) -> bytes:
    return orjson.dumps(
        {
            "code": task.code,
            "inputs": task.inputs,
            "timeout_seconds": task.timeout_seconds,
            "memory_bytes": task.memory_bytes,
            "network": task.has_network,
            "weak": task.is_weak_allowed,
            "folder": folder,
            "result_descriptor": descriptor,
        }
    )


async def _attend(process: asyncio.subprocess.Process, description: bytes, task: Task) -> int:
    assert process.stdin is not None
    try:
        process.stdin.write(description)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it ended before it read; its exit code and stderr say why
    finally:
        process.stdin.close()
    try:
        # The outer process keeps the time; this is for when it cannot.
        async with asyncio.timeout(task.timeout_seconds + _GRACE_SECONDS):
            return await process.wait()
    except TimeoutError:
        return child.TIMED_OUT


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the outer process by its own means, then whatever is left of its group."""
    if process.returncode is None:
        try:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
        except (TimeoutError, ProcessLookupError):
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    await process.wait()


async def _read(descriptor: int, max_bytes: int) -> bytes:
    """The beginning of what comes; the rest is read too, so that nobody blocks, and forgotten."""
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", 0)
    )
    kept = bytearray()
    try:
        while chunk := await stream.read(65_536):
            kept += chunk[: max_bytes - len(kept)]
    except asyncio.CancelledError:
        pass  # somebody still holds the other end: what has come so far is all there will be
    finally:
        transport.close()
    return bytes(kept)


def _outcome(
    task: Task, exit_code: int, printed: tuple[bytes, bytes], said: bytes, seconds: float
) -> Outcome:
    was_started = said.startswith(b"!")
    is_too_large = len(said) > task.result_max_bytes + 1
    result = None
    if exit_code == 0 and was_started and not is_too_large:
        try:
            result = orjson.loads(said[1:] or b"null")
        except orjson.JSONDecodeError:
            pass  # the code wrote there itself: then it has no result
    return Outcome(
        exit_code=exit_code,
        result=result,
        stdout=_text(printed[0]),
        stderr=_text(printed[1]),
        seconds=seconds,
        was_started=was_started,
        is_timed_out=exit_code == child.TIMED_OUT and seconds >= task.timeout_seconds,
        is_result_too_large=is_too_large,
    )


def _text(printed: bytes) -> str:
    return printed.decode("utf-8", "replace")
