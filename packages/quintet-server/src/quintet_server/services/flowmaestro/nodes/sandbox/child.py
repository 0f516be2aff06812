"""The confined process: started by path with `python -I -S`, reads its task from standard input.

It is two processes. The outer one prepares the namespaces, waits and keeps the time; the inner one
gives up its rights, step by step and for good, and then runs the code. What the inner one cannot do
any more is decided by the kernel: nothing that the code does to this interpreter gives it back.

On the descriptor named `result` a `!` says that the code was reached, and the JSON after it is the
value of its variable `result`. Standard library only.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import signal
import sys
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

NOBODY = 65534
_FILES_MAX = 64
_THREADS_MAX = 32
_FILE_MAX_BYTES = 16 * 1024 * 1024
_FOLDER_MAX_BYTES = 32 * 1024 * 1024
_READABLE = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
)
_READABLE_FOR_NETWORK = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/ssl",
    "/usr/share/ca-certificates",
)
SETUP_FAILED = 125
TIMED_OUT = 124
STOPPED = 143


class _Stop(Exception):
    """A signal asked the outer process to end the inner one."""


def _load_kernel() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kernel", Path(__file__).with_name("kernel.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _complain(message: str) -> None:
    os.write(2, f"{message}\n".encode())


class _Jail:
    """Takes rights away; where the kernel cannot, it stops unless weak isolation is allowed."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._kernel = _load_kernel()
        self._task = task
        self._folder = task["folder"]
        self._has_namespaces = False

    def prepare(self) -> None:
        """In the outer process, before it forks."""
        self._leave_root()
        self._kernel.become_dumpable()
        try:
            self._kernel.enter_namespaces(has_network=self._task["network"])
            self._kernel.mount_memory(self._folder, _FOLDER_MAX_BYTES)
            self._has_namespaces = True
        except OSError:
            pass  # containers often forbid them; Landlock and seccomp hold without
        self._kernel.die_with_parent(signal.SIGTERM)
        os.chdir(self._folder)

    def close(self) -> None:
        """In the inner process, before the code runs."""
        self._limit()
        try:
            self._kernel.drop_capabilities()
            self._kernel.forbid_new_privileges()
            has_scope = self._kernel.confine_files(self._readable(), self._folder)
            self._kernel.refuse_calls(has_network=self._task["network"])
            if not (has_scope or self._has_namespaces):
                raise OSError("signals to other processes cannot be refused")
        except OSError as error:
            if not self._task["weak"]:
                raise SystemExit(f"this system cannot confine the code: {error}") from None

    def _leave_root(self) -> None:
        """Become nobody, if nobody can read Python; else root goes on without its powers."""
        if os.geteuid() != 0:
            return
        os.seteuid(NOBODY)
        is_readable = os.access(os.__file__, os.R_OK, effective_ids=True)
        os.seteuid(0)
        if is_readable:
            os.chown(self._folder, NOBODY, NOBODY)
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)

    def _limit(self) -> None:
        others = 0 if self._has_namespaces else _processes_of(os.getuid())
        limits = {
            resource.RLIMIT_AS: self._task["memory_bytes"],
            resource.RLIMIT_CPU: int(self._task["timeout_seconds"]) + 1,
            resource.RLIMIT_FSIZE: _FILE_MAX_BYTES,
            resource.RLIMIT_NOFILE: _FILES_MAX,
            resource.RLIMIT_NPROC: others + _THREADS_MAX,
            resource.RLIMIT_CORE: 0,
        }
        for limit, value in limits.items():
            resource.setrlimit(limit, (value, value))

    def _readable(self) -> list[str]:
        paths = sysconfig.get_paths()
        prefix = str(Path(sys.base_prefix) / "lib")
        own = [
            paths["stdlib"],
            paths["platstdlib"],
            prefix,
            str(Path(sys.base_exec_prefix) / "lib"),
        ]
        more = _READABLE_FOR_NETWORK if self._task["network"] else ()
        return [os.path.realpath(path) for path in (*own, *_READABLE, *more)]


def _processes_of(user: int) -> int:
    """Threads of a user's processes: what the limit on processes counts."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == user:
                    count += sum(1 for _ in (entry / "task").iterdir())
            except OSError:
                continue
    return count


def _run(task: dict[str, Any], result: int) -> int:
    """Run the code and send its result. Returns the exit code."""
    names: dict[str, Any] = {"__name__": "__main__", **task["inputs"]}
    try:
        exec(compile(task["code"], "<code>", "exec"), names)  # noqa: S102 - what this is for
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            return leaving.code if isinstance(leaving.code, int) else 1
    except BaseException as error:  # whatever the code raises is its failure
        _show(error)
        return 1
    try:
        sent = json.dumps(names.get("result"), allow_nan=False, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError) as error:
        _complain(f"result cannot be written as JSON: {error}")
        return 1
    _send(result, sent.encode())
    return 0


def _show(error: BaseException) -> None:
    """The traceback, from the code on."""
    trace: TracebackType | None = error.__traceback__
    shown = trace.tb_next if trace else None
    try:
        sys.stderr.write("".join(traceback.format_exception(type(error), error, shown)))
    except MemoryError:
        _complain("MemoryError")


def _send(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _inner(jail: _Jail, task: dict[str, Any], result: int) -> int:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    jail.close()
    os.write(result, b"!")
    code = _run(task, result)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _stop(_signal: int, _frame: object) -> None:
    raise _Stop


def _timed_out(_signal: int, _frame: object) -> None:
    raise TimeoutError


def _wait(pid: int, seconds: float) -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _timed_out)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        _, status = os.waitpid(pid, 0)
    except (TimeoutError, _Stop) as reason:
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return TIMED_OUT if isinstance(reason, TimeoutError) else STOPPED
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def main() -> int:
    """Do the task on standard input. The exit code is the code's own, or one of those above."""
    task = json.loads(sys.stdin.buffer.read())
    result = task["result_descriptor"]
    try:
        jail = _Jail(task)
        jail.prepare()
    except OSError as error:
        _complain(str(error))
        return SETUP_FAILED
    pid = os.fork()
    if pid:
        os.close(result)
        return _wait(pid, task["timeout_seconds"])
    try:
        code = _inner(jail, task, result)
    except SystemExit as error:
        _complain(str(error))
        code = SETUP_FAILED
    except BaseException as error:  # not even a bug may go on as the outer process
        _complain(repr(error))
        code = 1
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
