"""The two kinds of calls of one SDK, so that a test says each thing once."""

from __future__ import annotations

import inspect
from typing import Any

from aerostack import SDK


class Face:
    """Blocking calls, or those that are awaited.

    Args:
        name: `blocking` or `asynchronous`.
        url: Where the server is, with `/v1`.
        key: What an SDK gets unless a test gives another.
    """

    def __init__(self, name: str, url: str, key: str) -> None:
        self.is_async = name == "asynchronous"
        self.url = url
        self.key = key
        self.made: list[SDK] = []

    def sdk(self, key: Any = None, **options: Any) -> SDK:
        """A new SDK for the test's project; closed after the test."""
        options.setdefault("server_url", self.url)
        sdk = SDK(key or self.key, **options)
        self.made.append(sdk)
        return sdk

    def client(self, native: Any) -> dict[str, Any]:
        """The keyword for an HTTP client of this kind."""
        return {"async_client" if self.is_async else "client": native}

    async def do(self, method: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a blocking method, or the one of the other kind beside it."""
        if not self.is_async:
            return method(*args, **kwargs)
        return await getattr(method.__self__, f"{method.__name__}_async")(*args, **kwargs)

    async def all(self, stream: Any) -> list[Any]:
        """Everything that a stream brings."""
        if self.is_async:
            return [item async for item in stream]
        return list(stream)

    async def finish(self, value: Any) -> Any:
        """Await what this kind has to await."""
        return await value if inspect.isawaitable(value) else value

    async def close(self, thing: Any) -> None:
        """Close an SDK, a stream or a download in this kind's way."""
        await self.finish(thing.aclose() if self.is_async else thing.close())
