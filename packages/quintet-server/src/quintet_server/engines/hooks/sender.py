"""Send one request and say what came back: bounded in time and size, never raising."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.target import TargetRefused

_ERROR_MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None when no answer came; `is_refused`: the target may not be called at all."""

    status: int | None
    error: str | None
    duration_ms: int
    response: str | None = None
    is_refused: bool = False


class Sender:
    """Sends requests with one guarded client."""

    def __init__(self, client: httpx.AsyncClient, settings: HookSettings) -> None:
        self._client = client
        self._settings = settings

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return what became of it. The timeout covers everything, also a dripping answer."""
        return await self._send("POST", url, body, headers)

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """The same, without a body."""
        return await self._send("GET", url, None, headers)

    async def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        started = time.monotonic()
        received = bytearray()
        status: int | None = None
        error: str | None = None
        is_refused = False
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                # No compression: what is counted is what is kept in memory.
                sent = {"accept-encoding": "identity", **headers}
                async with self._client.stream(method, url, content=body, headers=sent) as reply:
                    status = reply.status_code
                    await self._read(reply, received)
        except TimeoutError:
            error = f"no complete answer within {self._settings.timeout_seconds:g} s"
        except (TargetRefused, httpx.InvalidURL, httpx.UnsupportedProtocol) as refusal:
            error, is_refused = str(refusal), True
        except (httpx.HTTPError, UnicodeError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        return Answer(
            status=status,
            # Once a status has arrived it decides, whatever happened to the rest of the answer.
            error=None if error is None or status is not None else error[:_ERROR_MAX_CHARS],
            duration_ms=round((time.monotonic() - started) * 1000),
            response=self._kept(received) if status is not None else None,
            is_refused=is_refused,
        )

    async def _read(self, reply: httpx.Response, received: bytearray) -> None:
        most = self._settings.response_max_bytes
        async for chunk in reply.aiter_raw():
            received.extend(chunk[: most - len(received)])
            if len(received) >= most:
                return  # leaving closes the connection; the rest is never read

    def _kept(self, received: bytearray) -> str:
        text = bytes(received).decode("utf-8", "replace").replace("\x00", "�")
        return text[: self._settings.response_kept_chars]
