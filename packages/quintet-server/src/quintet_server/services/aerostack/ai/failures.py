"""What the chat engine's refusals are called here, and errors that two kinds of clients read.

The vendor's clients read `code`, `message` and `details` at the top of a body. OpenAI's look for an
object `error` first and know its `type` and `code`. Where both come, a body carries both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatError,
    ChatRefused,
    ChatUnavailable,
)
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.errors import invalid

__all__ = ["NO_RETRY", "refusal_of", "with_openai_error"]

FAILED, LIMITED = "AI_REQUEST_FAILED", "AI_RATE_LIMIT"
# OpenAI's clients repeat 429 and 5xx by themselves unless they are told that it is no use.
NO_RETRY: Mapping[str, str] = {"X-Should-Retry": "false"}
_BUSY_SECONDS = 2.0

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}


def refusal_of(error: ChatError) -> ApiError:
    """The answer for a conversation that got none.

    No model is 503 and not worth repeating; a full queue here is 503, an upstream's 429 is 429,
    both with `Retry-After`; what the model does not take is 400; a broken upstream is 502.
    """
    if isinstance(error, ChatRefused):
        return invalid(error.message, FAILED)
    if isinstance(error, ChatUnavailable):
        return ApiError(503, "INTERNAL_ERROR", error.message, {"reason": FAILED}, NO_RETRY)
    if isinstance(error, ChatBusy):
        status, code, reason = 503, "INTERNAL_ERROR", FAILED
        if error.status == 429:
            status, code, reason = 429, "RATE_LIMIT_EXCEEDED", LIMITED
        wait = _BUSY_SECONDS if error.retry_after is None else error.retry_after
        return ApiError(status, code, error.message, {"reason": reason}, _retry_after(wait))
    headers = {} if error.retry_after is None else _retry_after(error.retry_after)
    return ApiError(502, "INTERNAL_ERROR", error.message, {"reason": FAILED}, headers)


def _retry_after(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, -int(-seconds // 1)))}


def with_openai_error(error: ApiError) -> dict[str, Any]:
    """The body of a refusal for both kinds of clients."""
    details = error.details if isinstance(error.details, Mapping) else {}
    reason = str(details.get("reason") or error.code)
    shown: dict[str, Any] = {"code": error.code, "message": error.message}
    if details:
        shown["details"] = details
    fields = details.get("fieldErrors")
    shown["error"] = {
        "message": error.message,
        "type": _TYPES.get(error.status, "server_error"),
        "param": next(iter(fields), None) if fields else None,
        "code": _openai_code(error.status, reason),
    }
    return shown


def _openai_code(status: int, reason: str) -> str:
    """OpenAI's own word where it has one: programs compare these."""
    if status == 401:
        return "invalid_api_key"
    if reason in ("BALANCE_EXHAUSTED", "HARD_LIMIT_REACHED"):
        return "insufficient_quota"
    if status == 429:
        return "rate_limit_exceeded"
    return {"MODEL_NOT_FOUND": "model_not_found"}.get(reason, reason.lower())
