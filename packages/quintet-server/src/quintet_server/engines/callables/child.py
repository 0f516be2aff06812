"""The process in which functions run: started by path, speaks frames over two pipes.

A frame is its length in four bytes, big end first, and JSON. Calls come on standard input, answers
go to the descriptor named in the arguments; both are moved out of the functions' sight before their
file is loaded, so that what they print or read cannot get in between. Functions run in the main
thread, one at a time; the thread beside it only waits for calls, and ends everything when the
server is gone, whatever a function is doing. Standard library only.

Said to the server: `{"ready": true, "files": [...]}` once, then per call `{"answer": ...}` or
`{"error": {...}}`, each with `files` when more of the project's own were loaded.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import os
import queue
import signal
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

LENGTH = struct.Struct(">I")
_MESSAGE_MAX_CHARS = 2_000
_TRACEBACK_MAX_CHARS = 8_000
_FRAMES_MAX = 12


class AnswerTooLarge(Exception):
    """An answer beyond the bound."""


class AnswerNotJson(Exception):
    """An answer that JSON has no form for."""


class _Pipe:
    """The two ends that belong to this program."""

    def __init__(self, answers: int) -> None:
        self._calls = os.dup(0)
        self._answers = os.dup(answers)  # duplicates are not inherited by what functions start
        os.close(answers)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def read(self) -> Any:
        """The next call; EOFError when the server has closed, or is gone."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return json.loads(self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = os.read(self._calls, min(count - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def write(self, data: bytes) -> None:
        view = memoryview(LENGTH.pack(len(data)) + data)
        while view:
            view = view[os.write(self._answers, view) :]


class _Functions:
    """The functions of one file, and the loop of those that are asynchronous."""

    def __init__(self, file: Path, max_bytes: int) -> None:
        self._file = file
        self._folder = f"{file.parent}{os.sep}"
        self._max_bytes = max_bytes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seen = 0
        self._files: list[str] = []

    def load(self) -> None:
        sys.path.insert(0, str(self._file.parent))
        spec = importlib.util.spec_from_file_location(self._file.stem, self._file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{self._file.name} cannot be loaded")
        self._module = importlib.util.module_from_spec(spec)
        sys.modules[self._file.stem] = self._module
        spec.loader.exec_module(self._module)

    def call(self, name: str, argument: Any) -> bytes:
        """The answer as it is sent. Raises whatever the function raises."""
        function = getattr(self._module, name, None)
        if not callable(function):
            message = f"{self._file.name} has no function {name}"
            raise LookupError(message)  # noqa: TRY004 - it is not there, whatever else is
        answer = function(argument)
        if inspect.isawaitable(answer):
            answer = self._run(answer)
        try:
            text = json.dumps({"answer": answer, **self.news()}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise AnswerNotJson(
                f"the answer of {name} cannot be written as JSON: {error}"
            ) from None
        if len(text) > self._max_bytes:
            message = f"the answer of {name} has {len(text)} bytes of JSON, more than "
            raise AnswerTooLarge(f"{message}{self._max_bytes} (QUINTET_CALLABLES_ANSWER_MAX_BYTES)")
        return text.encode()

    def _run(self, awaitable: Any) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def wait() -> Any:
            return await awaitable

        return self._loop.run_until_complete(wait())

    def news(self) -> dict[str, Any]:
        """The project's files that are loaded, if there are more than were told already."""
        if len(sys.modules) == self._seen:
            return {}
        self._seen = len(sys.modules)
        paths = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
        files = sorted({str(self._file), *(p for p in paths if p.startswith(self._folder))})
        if files == self._files:
            return {}
        self._files = files
        return {"files": files}

    def describe(self, error: BaseException) -> dict[str, Any]:
        """What the server is told of an exception; frames of this program are left out."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if f.filename != __file__ and "<frozen import" not in f.filename]
        shown = traceback.format_list(own[-_FRAMES_MAX:])
        shown += traceback.format_exception_only(error)
        retryable = getattr(error, "retryable", getattr(error, "is_retryable", True))
        after = getattr(error, "retry_after", None)
        return {
            "type": type(error).__name__,
            "message": _text(error)[:_MESSAGE_MAX_CHARS],
            "traceback": "".join(shown)[-_TRACEBACK_MAX_CHARS:],
            "retryable": retryable is not False,
            "retry_after": float(after) if isinstance(after, (int, float)) else None,
        }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as odd:
        return f"(its text cannot be shown: {type(odd).__name__})"


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _die() -> None:
    """End at once, with whatever the functions have started in this process group."""
    try:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    finally:
        os._exit(0)


def _listen(pipe: _Pipe, calls: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            calls.put(pipe.read())
    except BaseException:
        _die()


def main() -> None:
    """Arguments: descriptor for answers, most bytes of an answer, file."""
    pipe = _Pipe(int(sys.argv[1]))
    functions = _Functions(Path(sys.argv[3]), int(sys.argv[2]))
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, calls), daemon=True).start()
    sys.argv = [sys.argv[3]]
    try:
        functions.load()
    except (
        BaseException
    ) as error:  # SystemExit too: a file that leaves when imported has no function
        pipe.write(_json({"error": functions.describe(error)}))
        _die()
    pipe.write(_json({"ready": True, **functions.news()}))
    while True:
        call = calls.get()
        try:
            answer = functions.call(call["function"], call["argument"])
        except BaseException as error:  # whatever a function raises is its failure, not the end
            answer = _json({"error": functions.describe(error), **functions.news()})
        sys.stdout.flush()
        sys.stderr.flush()
        pipe.write(answer)


if __name__ == "__main__":
    main()
