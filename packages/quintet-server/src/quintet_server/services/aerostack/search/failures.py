"""What is answered when vectors cannot be made or kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from quintet_server.engines.embed.model import (
    EmbeddingsFailed,
    EmbeddingsRefused,
    EmbeddingsUnavailable,
)
from quintet_server.engines.vectors.model import ModelMismatch, VectorsUnavailable
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.errors import bad_gateway, conflict, too_many

__all__ = ["refused"]

_FAILED = "AI_REQUEST_FAILED"
_LIMITED_SECONDS = 5.0


@contextmanager
def refused() -> Iterator[None]:
    """Turn the engines' errors into answers.

    What is not installed or not configured is 503, and the text says how to get it; what the
    embeddings' API made of a request is 502, or 429 when that is what it said.
    """
    try:
        yield
    except (EmbeddingsUnavailable, VectorsUnavailable, ModelMismatch) as error:
        raise _refusal(error) from error


def _refusal(error: EmbeddingsUnavailable | VectorsUnavailable | ModelMismatch) -> ApiError:
    text = _sentence(str(error))
    if isinstance(error, EmbeddingsFailed) and error.status == 429:
        return too_many(text, _LIMITED_SECONDS, "AI_RATE_LIMIT")
    if isinstance(error, (EmbeddingsRefused, EmbeddingsFailed)):
        return bad_gateway(text, _FAILED)
    if isinstance(error, ModelMismatch):
        return conflict(
            f"The vectors of this project do not fit the embedding model any more ({error}): "
            "configure the embedding model again to make new ones.",
            "SEARCH_MODEL_MISMATCH",
        )
    # Asking again does not install anything, and clients that look for it are told so.
    headers = {"X-Should-Retry": "false"}
    return ApiError(503, "INTERNAL_ERROR", text, {"reason": _FAILED}, headers)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
