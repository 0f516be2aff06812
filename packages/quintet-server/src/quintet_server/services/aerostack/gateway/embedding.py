"""`POST …/embeddings`: vectors in OpenAI's format, paid from a wallet.

Embedders count no tokens, so an estimate is charged: one token for every four bytes.
"""

from __future__ import annotations

import base64
import struct
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.engines.chat.model import Usage
from quintet_server.engines.chat.upstream import estimated_tokens
from quintet_server.engines.embed.model import (
    EmbeddingsFailed,
    EmbeddingsRefused,
    EmbeddingsUnavailable,
    UnknownEmbeddingModel,
)
from quintet_server.http.body import read_body
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.ai.answering import Generated
from quintet_server.services.aerostack.ai.failures import FAILED, NO_RETRY
from quintet_server.services.aerostack.context import Aerostack, parts_of
from quintet_server.services.aerostack.endpoints import Body, read_model
from quintet_server.services.aerostack.errors import bad_gateway, invalid, invalid_field, not_found
from quintet_server.services.aerostack.gateway.charging import Bill, reserve
from quintet_server.services.aerostack.gateway.serving import called, paid_by
from quintet_server.services.aerostack.wire import ok

__all__ = ["embeddings"]

_NOTHING = Generated("", None)


class EmbeddingsBody(Body):
    """Texts to be embedded."""

    model_config = ConfigDict(alias_generator=None)

    input: list[str] = Field(
        min_length=1,
        max_length=2_048,
        json_schema_extra={"description": "A text, or up to 2,048."},
    )
    model: str | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(default=None, ge=1)

    @field_validator("input", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


async def embeddings(request: Request) -> Response:
    """One vector for each text, of the server's default model or of the one named."""
    parts = parts_of(request)
    caller = await called(request)
    raw = await read_body(request, max_bytes=parts.settings.body_max_bytes)
    body = read_model(EmbeddingsBody, raw)
    tokens = sum(map(estimated_tokens, body.input))
    async with parts.db.connection() as conn:
        paid = await paid_by(conn, caller, request.path_params["slug"])
        bill = await reserve(parts, conn, paid.api, paid.wallet, tokens, request.state.request_id)
    return await _embedded(parts, body, bill, tokens)


async def _embedded(parts: Aerostack, body: EmbeddingsBody, bill: Bill, tokens: int) -> Response:
    generated = _NOTHING
    try:
        model, vectors = await _vectors(parts, body)
        generated = Generated("", Usage(tokens, 0, tokens))
    finally:
        await bill.settle(generated)
    data = [
        {"object": "embedding", "index": n, "embedding": _shown(vector, body.encoding_format)}
        for n, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return ok({"object": "list", "data": data, "model": model, "usage": usage})


async def _vectors(parts: Aerostack, body: EmbeddingsBody) -> tuple[str, list[list[float]]]:
    try:
        embedder = parts.embedder.of(body.model or parts.embedder.model)
        vectors = await embedder.embed(body.input)
    except UnknownEmbeddingModel as error:
        raise not_found(f"{error}.", "MODEL_NOT_FOUND") from None
    except EmbeddingsRefused as error:
        raise invalid(str(error), FAILED) from error
    except EmbeddingsFailed as error:
        raise bad_gateway(str(error), FAILED) from error
    except EmbeddingsUnavailable as error:
        raise ApiError(503, "INTERNAL_ERROR", str(error), {"reason": FAILED}, NO_RETRY) from error
    if body.dimensions not in (None, len(vectors[0])):
        message = f"must be {len(vectors[0])}: vectors of this model cannot be shortened"
        raise invalid_field("dimensions", message)
    return embedder.model, vectors


def _shown(vector: list[float], encoding: str | None) -> list[float] | str:
    if encoding != "base64":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
