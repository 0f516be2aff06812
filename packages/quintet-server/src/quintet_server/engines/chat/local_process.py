"""The server's side of a local model's process: start it, talk to it, end it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections import deque

import httpx
import structlog

from quintet_server.engines.chat.admission import Admission
from quintet_server.engines.chat.model import ChatFailed, ChatUnavailable
from quintet_server.engines.chat.model_files import ModelFile
from quintet_server.engines.chat.settings import AiSettings, spare_cores

__all__ = ["LocalProcess"]

_log = structlog.get_logger(__name__)
_PROGRAM = "quintet_server.engines.chat.local_program"
# What a process needs to run at all. Keys and database URLs are none of a model's business.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
# Threads that wait for each other sleep instead of spinning: on a machine with
# other work, spinning ones burn the time of the one they wait for, and all is ten times slower.
_THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
_BATCH_TOKENS = 128
_END_SECONDS = 3.0
_SETTLE_SECONDS = 0.5
_TOKENIZE_SECONDS = 30.0


class LocalProcess:
    """One model, loaded in a process of its own. :meth:`start` first, :meth:`stop` at last."""

    def __init__(self, settings: AiSettings, file: ModelFile):
        self.file = file
        self.admission = Admission(settings.parallel_count, settings.waiting_count)
        self.users = 0
        self.http: httpx.AsyncClient
        self._settings = settings
        self._api_key = secrets.token_urlsafe(24)
        self._child: asyncio.subprocess.Process | None = None
        self._log_reader: asyncio.Task[None] | None = None
        self._said: deque[str] = deque(maxlen=5)

    @property
    def is_alive(self) -> bool:
        """Whether the process has been started and has not ended."""
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._child.pid if self._child is not None and self.is_alive else None

    async def start(self) -> None:
        """Load the model; raises ChatUnavailable with the reason if it fails or takes too long."""
        try:
            async with asyncio.timeout(self._settings.load_seconds):
                url = await self._spawn()
        except BaseException as error:
            await self.stop()
            if not isinstance(error, TimeoutError):
                raise
            raise ChatUnavailable(
                f"The model {self.file.name} took longer than {self._settings.load_seconds:g} s "
                "to load (QUINTET_AI_LOAD_SECONDS)."
            ) from None
        # No connections are kept: one that the other side is just closing would fail a request.
        self.http = httpx.AsyncClient(
            base_url=f"{url}/v1/",
            headers={"Authorization": f"Bearer {self._api_key}", "Connection": "close"},
            timeout=httpx.Timeout(self._settings.idle_seconds, connect=5.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP to ourselves; a TLS context takes a while to make
        )
        _log.info("model_loaded", model=self.file.name, pid=self.pid)

    async def _spawn(self) -> str:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**_THREADS, **inherited},
            start_new_session=True,
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._log_reader = asyncio.create_task(self._read_log(), name="model-log")
        with contextlib.suppress(ConnectionError):  # it has ended: its output says why
            self._child.stdin.write(json.dumps(self._config()).encode() + b"\n")
            await self._child.stdin.drain()
        line = await self._child.stdout.readline()
        if not line:
            await self._child.wait()
            await self._log_reader
            why = self._said[-1] if self._said else f"its process ended ({self._child.returncode})"
            raise ChatUnavailable(f"The model {self.file.name} could not be loaded: {why}")
        return str(json.loads(line)["url"])

    def _config(self) -> dict[str, object]:
        settings = self._settings
        return {
            "path": str(self.file.path.resolve()),
            "name": self.file.name,
            "api_key": self._api_key,
            "context_tokens": settings.context_tokens,
            "parallel_count": settings.parallel_count,
            "threads_count": settings.threads_count or spare_cores(),
            "batch_count": _BATCH_TOKENS,
        }

    async def _read_log(self) -> None:
        assert self._child is not None
        assert self._child.stderr is not None
        rest = b""
        while block := await self._child.stderr.read(4096):
            *lines, rest = (rest + block).split(b"\n")
            rest = rest[-4096:]
            for line in lines:
                self._note(line)
        self._note(rest)

    def _note(self, line: bytes) -> None:
        if text := line.decode("utf-8", "replace").strip():
            self._said.append(text[:300])
            _log.debug("model_process", model=self.file.name, line=text)

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the model's own tokenizer makes of a text."""
        try:
            answer = await self.http.post(
                "../tokenize", json={"content": text}, timeout=_TOKENIZE_SECONDS
            )
            return len(answer.raise_for_status().json()["tokens"])
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise ChatFailed(f"The model {self.file.name} did not count tokens.") from error

    async def settle(self) -> None:
        """Give a process that is just ending a moment to be seen as ended."""
        if self._child is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE_SECONDS):
                    await self._child.wait()

    async def stop(self) -> None:
        """End the process; answers under way break off. Harmless when it has ended already."""
        if hasattr(self, "http"):
            await self.http.aclose()
        child, reader = self._child, self._log_reader
        if child is None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await child.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        if reader is not None:
            await reader
