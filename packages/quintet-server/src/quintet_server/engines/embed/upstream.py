"""Embeddings of an OpenAI-compatible API: `POST {base}/embeddings`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import httpx
import orjson

from quintet_server.engines.embed.model import (
    EmbeddingsFailed,
    EmbeddingsRefused,
    embeddable,
)
from quintet_server.engines.embed.settings import EmbedSettings

__all__ = ["UpstreamEmbedder"]

_SHOWN_CHARS = 300
# Worth another try although the status is below 500: timeout, conflict, too early, too many.
_PASSING = frozenset({408, 409, 425, 429})


class UpstreamEmbedder:
    """One model of the API; large calls are cut into several requests, sent one after another."""

    def __init__(self, model: str, settings: EmbedSettings, client: httpx.AsyncClient) -> None:
        self._model = model
        self._settings = settings
        self._client = client
        self._dims = settings.dims_count

    @property
    def model(self) -> str:
        """The name the API knows it by."""
        return self._model

    @property
    def dims(self) -> int | None:
        """As configured, else as seen in the first answer."""
        return self._dims

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """See :class:`~.model.Embedder`.

        Raises:
            EmbeddingsFailed, EmbeddingsRefused: see there; the API's key is in no message.
        """
        settings = self._settings
        # An empty text is refused by most APIs.
        wanted = [embeddable(text, settings.text_max_chars) or " " for text in texts]
        vectors: list[list[float]] = []
        for start in range(0, len(wanted), settings.batch_max_count):
            vectors += await self._request(wanted[start : start + settings.batch_max_count])
        return vectors

    async def _request(self, texts: Sequence[str]) -> list[list[float]]:
        body: dict[str, Any] = {"model": self._model, "input": texts, "encoding_format": "float"}
        if self._settings.dims_count is not None:
            body["dimensions"] = self._settings.dims_count
        try:
            status, answer = await self._post(orjson.dumps(body))
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise EmbeddingsFailed(f"the embeddings API cannot be reached: {what}") from error
        if status != 200:
            raise self._refusal(status, answer)
        return self._vectors(answer, len(texts))

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        settings = self._settings
        headers = {"content-type": "application/json"}
        if settings.api_key is not None:
            headers["authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
        url = f"{(settings.base_url or '').rstrip('/')}/embeddings"
        async with self._client.stream("POST", url, content=body, headers=headers) as response:
            answer = b""
            async for part in response.aiter_bytes():
                answer += part
                if len(answer) > settings.response_max_bytes:
                    most = settings.response_max_bytes
                    raise EmbeddingsFailed(
                        f"the embeddings API answered with more than {most} bytes "
                        "(QUINTET_EMBED_RESPONSE_MAX_BYTES)"
                    )
            return response.status_code, answer

    def _refusal(self, status: int, answer: bytes) -> EmbeddingsFailed | EmbeddingsRefused:
        message = f"the embeddings API answered {status}: {_message(answer)}"
        if status >= 500 or status in _PASSING:
            return EmbeddingsFailed(message, status)
        return EmbeddingsRefused(message, status)

    def _vectors(self, answer: bytes, count: int) -> list[list[float]]:
        try:
            data = orjson.loads(answer)["data"]
            vectors: list[list[float]] = [[]] * count
            for place, item in enumerate(data):
                vectors[item.get("index", place)] = [float(x) for x in item["embedding"]]
        except (
            orjson.JSONDecodeError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:
            raise EmbeddingsFailed("the embeddings API answered with no embeddings") from error
        sizes = {len(vector) for vector in vectors}
        if len(data) != count or len(sizes) > 1 or 0 in sizes:
            raise EmbeddingsFailed("the embeddings API answered with a wrong number of numbers")
        if not all(math.isfinite(x) for vector in vectors for x in vector):
            raise EmbeddingsFailed("the embeddings API answered with numbers that are none")
        self._dims = sizes.pop()
        return vectors


def _message(answer: bytes) -> str:
    """What an error says, in the usual shape or else as it stands, on one line."""
    try:
        error = orjson.loads(answer)["error"]
        text = str(error["message"] if isinstance(error, dict) else error)
    except (orjson.JSONDecodeError, LookupError, TypeError):
        text = answer[: 4 * _SHOWN_CHARS].decode(errors="replace")
    return " ".join(text.split())[:_SHOWN_CHARS] or "no reason given"
