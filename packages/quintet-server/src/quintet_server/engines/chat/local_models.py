"""The models on this machine: which there are, which are loaded, which one has to go."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from quintet_server.engines.chat.local_process import LocalProcess
from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatDelta,
    ChatEnd,
    ChatFailed,
    ChatMessage,
    ChatRequest,
    ChatUnavailable,
    ModelInfo,
)
from quintet_server.engines.chat.model_files import (
    ModelFile,
    find_model,
    model_file,
    model_files,
)
from quintet_server.engines.chat.openai_stream import Call, stream_chat
from quintet_server.engines.chat.openai_wire import request_body
from quintet_server.engines.chat.settings import AiSettings

__all__ = ["PROVIDER", "LocalModels", "is_runner_installed"]

PROVIDER = "local"
_FAILURE_KEPT_SECONDS = 5.0


def is_runner_installed() -> bool:
    """Whether the library that runs local models can be imported; it is not imported here."""
    return importlib.util.find_spec("xllamacpp") is not None


class LocalModels:
    """GGUF files of a data folder and of the settings, each loaded at its first use.

    Files are looked for at every request, so a model that is installed while the server runs is
    found. At most ``loaded_max_count`` are in memory; a request for another one waits until one of
    them has nothing to do. A model whose file has changed, or whose process has died, is loaded
    again by the next request.
    """

    def __init__(self, settings: AiSettings, data_dir: Path):
        self._settings = settings
        self._data_dir = data_dir
        self._loaded: dict[str, LocalProcess] = {}  # least recently used first
        self._starts: dict[LocalProcess, asyncio.Task[None]] = {}
        self._failures: dict[ModelFile, tuple[float, ChatUnavailable]] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()  # set, and a new one put in place, at every change of users
        self._waiting_for_room = 0
        self._is_stopped = False

    def files(self) -> list[ModelFile]:
        """Return the models that are there now, the default one first."""
        found = model_files(self._data_dir)
        default = None
        if self._settings.model_path is not None:
            default = model_file(self._settings.model_path.expanduser())
        elif self._settings.model is not None:
            default = find_model(found, self._settings.model)
        if default is not None:
            found = [default, *(one for one in found if one.name != default.name)]
        return found

    def named(self, name: str | None) -> ModelFile | None:
        """Return the model of that name, None if there is no such model."""
        return find_model(self.files(), name) if name else None

    def find(self, name: str | None) -> ModelFile | None:
        """Return the model of that name, the default one for any other; None if there is none."""
        files = self.files()
        named = find_model(files, name) if name else None
        return named or (files[0] if files else None)

    def infos(self) -> list[ModelInfo]:
        """Return every model that can be asked."""
        context = self._settings.context_tokens
        return [ModelInfo(one.name, PROVIDER, context) for one in self.files()]

    async def stream(
        self, request: ChatRequest, file: ModelFile
    ) -> AsyncGenerator[ChatDelta | ChatEnd, None]:
        """Generate an answer; see :meth:`Chat.stream <.engine.Chat.stream>`."""
        async with self._use(file) as process, process.admission.turn():
            call = Call(
                http=process.http,
                body=self._body(request, file),
                model=file.name,
                provider=PROVIDER,
                max_chars=self._settings.answer_max_chars,
                retries_count=0,  # nothing is lost on the way: what fails here fails again
                retry_max_seconds=0.0,
                sleep=asyncio.sleep,
                estimate=len,
            )
            try:
                async with aclosing(stream_chat(call)) as pieces:
                    async for piece in pieces:
                        yield piece
            except ChatFailed:
                await process.settle()  # if it died, the next request finds that out, and not again
                raise

    def _body(self, request: ChatRequest, file: ModelFile) -> dict[str, object]:
        settings = self._settings
        system = settings.system_prompt
        if system and not any(one.role == "system" for one in request.messages):
            messages = (ChatMessage("system", system), *request.messages)
            request = replace(request, messages=messages)
        request = replace(
            request,
            max_tokens=request.max_tokens or settings.answer_max_tokens,
            temperature=(
                settings.temperature if request.temperature is None else request.temperature
            ),
        )
        body = request_body(request, file.name)
        body["repeat_penalty"] = settings.repeat_penalty
        if request.continue_last:
            body["continue_final_message"] = True
            body["add_generation_prompt"] = False
        if request.seed is not None:
            # A prompt read in other pieces rounds differently: the same seed, another answer.
            body["cache_prompt"] = False
        return body

    async def count_tokens(self, text: str, file: ModelFile) -> int:
        """Count with the model's tokenizer, loading it if need be."""
        async with self._use(file) as process:
            return await process.count_tokens(text)

    async def load(self, file: ModelFile) -> None:
        """Load a model now."""
        async with self._use(file):
            pass

    @asynccontextmanager
    async def _use(self, file: ModelFile) -> AsyncIterator[LocalProcess]:
        process = await self._take(file)
        try:
            await self._started(process)
            yield process
        finally:
            process.users -= 1
            self._notify()

    async def _started(self, process: LocalProcess) -> None:
        start = self._starts[process]
        try:
            # Shielded: one who goes away while it loads does not take it from the others.
            await asyncio.shield(start)
        except asyncio.CancelledError:
            if start.cancelled() and self._is_stopped:
                raise ChatUnavailable("The server is stopping.") from None
            raise

    async def _take(self, file: ModelFile) -> LocalProcess:
        while True:
            self._check(file)
            process = self._loaded.pop(file.name, None)
            if process is not None and process.file == file and not self._is_dead(process):
                self._loaded[file.name] = process  # now the most recently used
                self._bound(process.users)
                process.users += 1
                return process
            if process is not None:
                await self._forget(process)
            elif await self._has_room():
                self._begin(file)

    def _check(self, file: ModelFile) -> None:
        if self._is_stopped:
            raise ChatUnavailable("The server is stopping.")
        if not is_runner_installed():
            raise ChatUnavailable(
                "Local models cannot run here: pip install 'quintet-server[ai]', then restart."
            )
        at, error = self._failures.get(file, (0.0, None))
        if error is not None and asyncio.get_running_loop().time() - at < _FAILURE_KEPT_SECONDS:
            raise ChatUnavailable(error.message)

    def _bound(self, users: int) -> None:
        """Turn away who comes while a model loads, as its queue does afterwards."""
        if users >= self._settings.parallel_count + self._settings.waiting_count:
            raise ChatBusy(
                f"The language model is busy: {users} requests are served or wait; no more may "
                "wait (QUINTET_AI_WAITING_COUNT)."
            )

    def _is_dead(self, process: LocalProcess) -> bool:
        start = self._starts.get(process)
        if start is None:
            return True
        failed = start.done() and (start.cancelled() or start.exception() is not None)
        return failed or (start.done() and not process.is_alive)

    def _begin(self, file: ModelFile) -> None:
        process = LocalProcess(self._settings, file)
        self._loaded[file.name] = process
        self._starts[process] = asyncio.create_task(self._start(process), name="model-start")

    async def _start(self, process: LocalProcess) -> None:
        self._failures.pop(process.file, None)
        try:
            await process.start()
        except ChatUnavailable as error:
            self._failures[process.file] = (asyncio.get_running_loop().time(), error)
            raise
        except OSError as error:
            raise ChatFailed(f"The model's process could not be started: {error}") from error

    async def _has_room(self) -> bool:
        """Whether one more may be loaded; if not, unload an idle one or wait for it; look again."""
        if len(self._loaded) < self._settings.loaded_max_count:
            return True
        idle = next((one for one in self._loaded.values() if not one.users), None)
        if idle is not None:
            del self._loaded[idle.file.name]
            await self._forget(idle)
            return False
        self._bound(self._waiting_for_room)
        self._waiting_for_room += 1
        try:
            await self._changed.wait()
        finally:
            self._waiting_for_room -= 1
        return False

    async def _forget(self, process: LocalProcess) -> None:
        """Stop a process that nobody can take any more, once its last user has gone.

        Also when the caller is cancelled meanwhile: nobody else knows of the process.
        """
        self._endings.add(task := asyncio.create_task(self._end_unused(process), name="model-end"))
        task.add_done_callback(self._endings.discard)
        await asyncio.shield(task)

    async def _end_unused(self, process: LocalProcess) -> None:
        while process.users and not self._is_dead(process):
            await self._changed.wait()
        await self._end(process)

    async def _end(self, process: LocalProcess) -> None:
        start = self._starts.pop(process, None)
        if start is not None:
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
        await process.stop()

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def stop(self) -> None:
        """End every process; answers under way break off with ChatFailed."""
        self._is_stopped = True
        self._loaded.clear()
        for process in list(self._starts):
            await self._end(process)
        self._notify()
        await asyncio.gather(*self._endings)
