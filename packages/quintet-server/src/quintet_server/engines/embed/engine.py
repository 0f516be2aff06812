"""The embedders of one process: the local model, and those of the configured API."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from quintet_server.engines.embed.local import LOCAL_MODEL, LocalEmbedder
from quintet_server.engines.embed.model import Embedder, UnknownEmbeddingModel
from quintet_server.engines.embed.settings import EmbedSettings
from quintet_server.engines.embed.upstream import UpstreamEmbedder

__all__ = ["Embeddings", "model_name"]


def model_name(model: str) -> str:
    """The full name of a model: `wordllama` is short for the one that runs in the server."""
    return LOCAL_MODEL if model == "wordllama" else model


class Embeddings:
    """An embedder for every model there is; by itself it is that of the default model.

    Whoever keeps vectors asks for the model that made them with :meth:`of`: what was embedded
    locally can be searched after another default was configured.
    """

    def __init__(
        self,
        settings: EmbedSettings | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings or EmbedSettings()
        self._local = LocalEmbedder(text_max_chars=self._settings.text_max_chars)
        self._upstream: dict[str, UpstreamEmbedder] = {}
        # Proxies and passwords of the surroundings are not for this: the API has its own key.
        self._client = httpx.AsyncClient(
            timeout=self._settings.timeout_seconds, trust_env=False, transport=transport
        )

    @property
    def model(self) -> str:
        """The default model."""
        return model_name(self._settings.model)

    @property
    def dims(self) -> int | None:
        """Numbers per vector of the default model, see :class:`~.model.Embedder`."""
        return self.of(self.model).dims

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed with the default model, see :class:`~.model.Embedder`."""
        return await self.of(self.model).embed(texts)

    def of(self, model: str) -> Embedder:
        """Return the embedder of a model.

        Raises:
            UnknownEmbeddingModel: it is not the local one, and no API is configured.
        """
        model = model_name(model)
        if model == LOCAL_MODEL:
            return self._local
        if not self._settings.base_url:
            raise UnknownEmbeddingModel(
                f"the embedding model {model!r} needs an OpenAI-compatible API: name its address "
                "in AI_BASE_URL (or QUINTET_EMBED_BASE_URL)"
            )
        if model not in self._upstream:
            self._upstream[model] = UpstreamEmbedder(model, self._settings, self._client)
        return self._upstream[model]

    async def stop(self) -> None:
        """Close connections and end the thread."""
        await self._client.aclose()
        self._local.close()
