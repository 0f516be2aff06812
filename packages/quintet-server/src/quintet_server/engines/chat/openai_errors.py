"""What an OpenAI-compatible server's refusal means for the caller. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatError,
    ChatFailed,
    ChatRefused,
    ChatUnavailable,
)

__all__ = ["error_in_stream", "error_of"]

_SHOWN_CHARS = 500
_OPERATOR = {401, 402, 403}


def error_of(status: int, body: bytes, retry_after: str | None = None) -> ChatError:
    """Return the error for an answer other than 200."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    wait = _seconds(retry_after)
    return _error(status, _detail(parsed), wait)


def error_in_stream(error: Any) -> ChatError:
    """Return the error for an ``error`` object inside a stream that began with 200."""
    detail = _detail({"error": error})
    code = detail.get("code")
    status = code if isinstance(code, int) and 400 <= code <= 599 else 500
    return _error(status, detail, None)


def _detail(parsed: Any) -> Mapping[str, Any]:
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else None
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def _error(status: int, detail: Mapping[str, Any], retry_after: float | None) -> ChatError:
    said = str(detail.get("message") or "").strip()[:_SHOWN_CHARS]
    kind = detail.get("code") or detail.get("type")
    if detail.get("type") == "exceed_context_size_error":
        return ChatRefused(
            f"The conversation has {detail.get('n_prompt_tokens')} tokens; the model takes "
            f"{detail.get('n_ctx')}, its answer included (QUINTET_AI_CONTEXT_TOKENS).",
            status=status,
        )
    if status in _OPERATOR or kind == "insufficient_quota":
        # What it says may show parts of the key: for the log at most, never for a caller.
        return ChatUnavailable(
            f"The language model's server refused this server's key or account (status {status}): "
            "AI_BASE_URL and AI_API_KEY have to be looked at.",
            status=status,
        )
    if status == 429:
        return ChatBusy(
            "The language model's server has too much to do (status 429).",
            status=status,
            retry_after=retry_after,
        )
    words = f": {said}" if said else ""
    if status in {408, 409, 425} or status >= 500:
        text = f"The language model's server failed (status {status}){words}"
        return ChatFailed(text, status=status, retry_after=retry_after)
    text = f"The language model's server refused the request (status {status}){words}"
    return ChatRefused(text, status=status)


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value) if value else -1.0
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
