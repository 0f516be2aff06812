"""Calls through real processes: answers, failures, and what becomes of the processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from quintet_server.engines.callables import (
    CallableFailed,
    Callables,
    CallablesBusy,
    CallableTimedOut,
    CallableUnavailable,
    process,
)
from quintet_server.engines.callables.settings import CallableSettings

PLAIN = """
import os

def echo(value):
    return value

async def later(value):
    import asyncio
    await asyncio.sleep(0)
    return {"later": value}

def process(_):
    return os.getpid()
"""


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def at_work(callables) -> set[int]:
    return {process.pid for process in callables._busy if process.pid is not None}


@contextlib.asynccontextmanager
async def engine(**settings):
    callables = Callables(CallableSettings(**settings))
    try:
        yield callables
    finally:
        await callables.stop()


@pytest.mark.parametrize(
    "value",
    [None, True, 2**80, -0.5, "é\u0000\U0001f600", "\ud800", [], {"a": [1, {"b": None}]}],
    ids=repr,
)
async def test_call_returns_what_the_function_returns(callables, write, value):
    file = write(PLAIN)
    assert await callables.call(f"{file}:echo", value, timeout=60) == value


async def test_call_of_an_async_function_returns_its_answer(callables, write):
    file = write(PLAIN)
    assert await callables.call(f"{file}:later", 1, timeout=60) == {"later": 1}
    assert await callables.call(f"{file}:later", 2, timeout=60) == {"later": 2}


async def test_calls_one_after_the_other_share_a_process(callables, write):
    file = write(PLAIN)
    first = await callables.call(f"{file}:process", None, timeout=60)
    assert await callables.call(f"{file}:process", None, timeout=60) == first
    assert callables.process_ids == [first]


async def test_large_values_pass_both_ways(callables, write):
    file = write(PLAIN)
    text = "x" * 3_000_000
    assert await callables.call(f"{file}:echo", text, timeout=60) == text


async def test_exception_carries_type_and_message_and_the_traceback_goes_to_the_log(
    callables, write
):
    file = write("def fail(value):\n    inner = value['missing']\n")
    with capture_logs() as logs, pytest.raises(CallableFailed) as caught:
        await callables.call(f"{file}:fail", {}, timeout=60)
    assert (caught.value.type, caught.value.message) == ("KeyError", "'missing'")
    assert caught.value.is_retryable
    (event,) = [one for one in logs if one["event"] == "callable_failed"]
    assert "line 2, in fail" in event["traceback"]
    assert "callables/child.py" not in event["traceback"]
    # The process has done nothing wrong and stays.
    assert len(callables.process_ids) == 1


async def test_exception_says_of_itself_whether_another_try_makes_sense(callables, write):
    file = write(
        """
        class Never(Exception):
            retryable = False
            retry_after = 7

        def fail(_):
            raise Never("no such address")
        """
    )
    with pytest.raises(CallableFailed) as caught:
        await callables.call(f"{file}:fail", None, timeout=60)
    assert (caught.value.is_retryable, caught.value.retry_after) == (False, 7.0)


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "raise KeyboardInterrupt", "exit()"])
async def test_function_that_leaves_fails_and_its_process_stays(callables, write, code):
    file = write(f"def leave(_):\n    {code}\n\ndef fine(_):\n    return 1\n")
    with pytest.raises(CallableFailed):
        await callables.call(f"{file}:leave", None, timeout=60)
    assert await callables.call(f"{file}:fine", None, timeout=60) == 1


@pytest.mark.parametrize(
    ("answer", "type"),
    [
        ("object()", "AnswerNotJson"),
        ("float('nan')", "AnswerNotJson"),
        ("{1, 2}", "AnswerNotJson"),
        ("'x' * 10_000", "AnswerTooLarge"),
    ],
)
async def test_answer_that_cannot_be_sent_is_a_failure(write, answer, type):
    file = write(f"def give(_):\n    return {answer}\n")
    async with engine(answer_max_bytes=5_000) as callables:
        with pytest.raises(CallableFailed) as caught:
            await callables.call(f"{file}:give", None, timeout=60)
    assert caught.value.type == type


async def test_process_that_dies_fails_only_its_call(callables, write):
    file = write("import os\ndef die(_):\n    os._exit(9)\n\ndef fine(_):\n    return 1\n")
    with pytest.raises(CallableFailed, match="exit code 9") as caught:
        await callables.call(f"{file}:die", None, timeout=60)
    assert caught.value.type == "ProcessEnded"
    assert await callables.call(f"{file}:fine", None, timeout=60) == 1


async def test_timeout_kills_the_process_and_no_other_call(callables, write):
    file = write(
        """
        import os, time, pathlib

        def hang(_):
            while True:
                pass

        def slow(path):
            while not pathlib.Path(path).exists():
                time.sleep(0.01)
            return os.getpid()
        """
    )
    go = file.parent / "go"
    other = asyncio.create_task(callables.call(f"{file}:slow", str(go), timeout=60))
    await until(lambda: len(at_work(callables)) == 1)
    (slow,) = at_work(callables)
    call = asyncio.create_task(callables.call(f"{file}:hang", None, timeout=0.7))
    await until(lambda: len(at_work(callables)) == 2)
    (hanging,) = at_work(callables) - {slow}
    with pytest.raises(CallableTimedOut, match=r"hang gave no answer within 0.7 s"):
        await call
    assert not is_alive(hanging)
    go.touch()
    assert is_alive(await other)


async def test_cancelled_call_kills_its_process(callables, write):
    file = write(
        """
        import os, time, pathlib

        def hang(path):
            pathlib.Path(path).write_text(str(os.getpid()) + "\\n")
            time.sleep(600)
        """
    )
    pid_file = file.parent / "pid"
    call = asyncio.create_task(callables.call(f"{file}:hang", str(pid_file), timeout=60))
    await until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not is_alive(int(pid_file.read_text()))


async def test_changed_file_is_loaded_anew(callables, write):
    file = write("def version(_):\n    return 1\n")
    assert await callables.call(f"{file}:version", None, timeout=60) == 1
    (old,) = callables.process_ids
    write("def version(_):\n    return 22\n")
    assert await callables.call(f"{file}:version", None, timeout=60) == 22
    await until(lambda: not is_alive(old))


async def test_changed_module_beside_the_file_is_loaded_anew(callables, write):
    write("VALUE = 1\n", "beside.py")
    write("VALUE = 10\n", "late.py")
    file = write(
        """
        import beside

        def version(_):
            import late
            return beside.VALUE + late.VALUE
        """
    )
    assert await callables.call(f"{file}:version", None, timeout=60) == 11
    write("VALUE = 222\n", "beside.py")
    assert await callables.call(f"{file}:version", None, timeout=60) == 232
    write("VALUE = 1000\n", "late.py")
    assert await callables.call(f"{file}:version", None, timeout=60) == 1222


async def test_printed_lines_go_to_the_log_and_not_into_the_answer(callables, write, monkeypatch):
    lines: list[tuple[str, str]] = []
    log = SimpleNamespace(info=lambda event, **said: lines.append((said["to"], said["line"])))
    monkeypatch.setattr(process, "_log", log)
    file = write(
        """
        import os, subprocess, sys

        def talk(value):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            os.write(1, b'\\x00\\x00\\x00\\x02{}')
            subprocess.run([sys.executable, "-c", "print('from a child')"])
            return sys.stdin.read()
        """
    )
    assert await callables.call(f"{file}:talk", 1, timeout=60) == ""
    await callables.stop()
    assert {("stdout", "to stdout"), ("stderr", "to stderr")} <= set(lines)
    assert any("from a child" in line for _, line in lines)


async def test_process_sees_no_secrets_and_no_descriptors_of_the_server(monkeypatch, write):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("QUINTET_AI_API_KEY", "secret")
    monkeypatch.setenv("MAIL_FROM", "me@example.com")
    monkeypatch.setenv("MAIL_NAME", "Me")
    file = write(
        """
        import os

        def look(_):
            fds = {}
            for name in os.listdir("/proc/self/fd"):
                try:
                    fds[name] = os.readlink(f"/proc/self/fd/{name}")
                except OSError:
                    pass
            return {"env": dict(os.environ), "fds": fds}
        """
    )
    server_side = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    monkeypatch.setenv("QUINTET_CALLABLES_ENVIRONMENT", "MAIL_FROM, MAIL_NAME")
    async with server_side, engine() as callables:
        seen = await callables.call(f"{file}:look", None, timeout=60)
    assert seen["env"]["MAIL_FROM"] == "me@example.com"
    assert seen["env"]["MAIL_NAME"] == "Me"
    assert not [name for name in seen["env"] if name.startswith(("DATABASE", "QUINTET"))]
    assert not [where for where in seen["fds"].values() if where.startswith("socket:")]


async def test_what_a_function_has_started_ends_with_its_process(callables, write):
    file = write(
        """
        import subprocess, sys

        def start(_):
            return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid
        """
    )
    grandchild = await callables.call(f"{file}:start", None, timeout=60)
    assert is_alive(grandchild)
    async with asyncio.timeout(60):
        await callables.stop()
    await until(lambda: not is_alive(grandchild))


@pytest.mark.parametrize(
    ("source", "seconds", "message"),
    [
        ("def broken(:\n", 60, "cannot be loaded: SyntaxError"),
        ("import nothing_of_this_name\n", 60, "cannot be loaded: ModuleNotFoundError"),
        ("raise SystemExit\n", 60, "cannot be loaded: SystemExit"),
        ("import os\nos._exit(0)\n", 60, "ended the process while loading"),
        ("import time\ntime.sleep(600)\n", 1, "was not loaded within 1 s"),
    ],
)
async def test_file_that_cannot_be_loaded_is_unavailable(write, source, seconds, message):
    file = write(source)
    async with engine(start_seconds=seconds) as callables:
        with pytest.raises(CallableUnavailable, match=message):
            await callables.call(f"{file}:anything", None, timeout=60)
        assert callables.process_ids == []


async def test_missing_file_is_unavailable_and_missing_function_fails(callables, write, tmp_path):
    with pytest.raises(CallableUnavailable, match="there is no file"):
        await callables.call(f"{tmp_path}/none.py:x", None, timeout=60)
    file = write(PLAIN)
    with pytest.raises(CallableFailed, match=r"functions\.py has no function none"):
        await callables.call(f"{file}:none", None, timeout=60)


async def test_processes_are_bounded_and_calls_beyond_wait_their_time(write):
    file = write(
        """
        import time, pathlib

        def nap(path):
            while not pathlib.Path(path).exists():
                time.sleep(0.01)
            return path
        """
    )
    wake = str(file.parent / "wake")
    async with engine(processes_max_count=1, waiting_max_count=1) as callables:
        first = asyncio.create_task(callables.call(f"{file}:nap", wake, timeout=60))
        await asyncio.sleep(0)
        with pytest.raises(CallablesBusy, match="PROCESSES_MAX_COUNT"):
            await callables.call(f"{file}:nap", wake, timeout=0.1)
        second = asyncio.create_task(callables.call(f"{file}:nap", wake, timeout=60))
        await asyncio.sleep(0)
        with pytest.raises(CallablesBusy, match="too many calls wait"):
            await callables.call(f"{file}:nap", wake, timeout=60)
        Path(wake).touch()
        assert await asyncio.gather(first, second) == [wake, wake]


async def test_idle_process_that_has_died_is_replaced(callables, write):
    file = write(PLAIN)
    pid = await callables.call(f"{file}:process", None, timeout=60)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not callables.process_ids)
    assert await callables.call(f"{file}:echo", 1, timeout=60) == 1


async def test_idle_process_makes_room_for_another_file(write):
    one, two = write(PLAIN, "one.py"), write(PLAIN, "two.py")
    async with engine(processes_max_count=1) as callables:
        first = await callables.call(f"{one}:process", None, timeout=60)
        second = await callables.call(f"{two}:process", None, timeout=60)
        assert callables.process_ids == [second]
        assert not is_alive(first)


async def test_idle_process_is_ended_after_a_while(write):
    file = write(PLAIN)
    async with engine(idle_seconds=0.05) as callables:
        pid = await callables.call(f"{file}:process", None, timeout=60)
        await until(lambda: not is_alive(pid))
        assert callables.process_ids == []
        assert await callables.call(f"{file}:echo", 1, timeout=60) == 1


async def test_stop_fails_calls_under_way_and_leaves_no_process(write):
    file = write("import time\ndef nap(_):\n    time.sleep(600)\n")
    callables = Callables()
    call = asyncio.create_task(callables.call(f"{file}:nap", None, timeout=60))
    await asyncio.sleep(0.3)
    async with asyncio.timeout(60):
        await callables.stop()
    with pytest.raises((CallableFailed, CallableUnavailable)):
        await call
    with pytest.raises(CallablesBusy, match="stopping"):
        await callables.call(f"{file}:nap", None, timeout=60)


async def test_processes_end_when_the_server_is_killed(write, tmp_path):
    file = write(
        """
        import os, pathlib

        def hang(path):
            pathlib.Path(path).write_text(str(os.getpid()) + "\\n")
            while True:
                pass
        """
    )
    pid_file = tmp_path / "pid"
    server = f"""
import asyncio
from quintet_server.engines.callables import Callables
asyncio.run(Callables().call({f"{file}:hang"!r}, {str(pid_file)!r}, timeout=60))
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", server)
    await until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    pid = int(pid_file.read_text())
    assert is_alive(pid)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await until(lambda: not is_alive(pid))
