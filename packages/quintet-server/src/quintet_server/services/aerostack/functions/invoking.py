"""Invoking a service: once, within its time, and whatever goes wrong said in one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from quintet_server.engines.callables import (
    CallableFailed,
    CallablesBusy,
    CallableTimedOut,
    CallableUnavailable,
)
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import bad_gateway, invalid, unavailable
from quintet_server.services.aerostack.functions.exchange import (
    Answer,
    ExchangeError,
    Request,
    TimedOut,
    exchange,
)
from quintet_server.services.aerostack.functions.services import ProjectService

_REASON = "SERVICE_INVOKE_FAILED"
_WITHOUT_BODY = ("GET", "DELETE")


async def invoke(
    parts: Aerostack, service: ProjectService, data: Any, headers: Mapping[str, str]
) -> Any:
    """What the service answers; `headers` go along to a URL.

    Never repeated: a service may act before it fails.

    Raises:
        ApiError: 502 it failed, 504 it gave no answer in time, 503 no process was free to run it,
            400 data that no query can be made of, for a URL that takes one.
    """
    if service.spec.callable is not None:
        return await _call(parts, service, service.spec.callable, data)
    return await _request(parts, service, data, headers)


async def _call(parts: Aerostack, service: ProjectService, target: str, data: Any) -> Any:
    name = service.name
    try:
        return await parts.callables.call(target, data, timeout=service.spec.timeout)
    except CallableFailed as failure:
        error = {"type": failure.type, "message": failure.message}
        refusal = _failed(f"The service '{name}' failed: {failure}", name, error=error)
        if not failure.is_retryable:  # the function says so itself
            refusal.headers["X-Should-Retry"] = "false"
        raise refusal from failure
    except CallableTimedOut as failure:
        raise _late(service) from failure
    except CallableUnavailable as failure:
        # Paths are the operator's business: they are in the log.
        message = f"The service '{name}' cannot be reached: its function could not be loaded."
        raise _failed(message, name) from failure
    except CallablesBusy as busy:
        raise unavailable(f"The service '{name}' has not been called: {busy}", 1.0) from busy


async def _request(
    parts: Aerostack, service: ProjectService, data: Any, headers: Mapping[str, str]
) -> Any:
    name, spec = service.name, service.spec
    has_body = spec.method not in _WITHOUT_BODY
    request = Request(
        method=spec.method,
        url=spec.url or "",
        headers={
            "Accept": "application/json, */*",
            "User-Agent": "quintet-server",
            **({"Content-Type": "application/json"} if has_body else {}),
            **headers,
            **spec.headers,
        },
        content=json.dumps(data).encode() if has_body else None,
        params=None if has_body else _parameters(name, data),
    )
    max_bytes = parts.settings.target_answer_max_bytes
    try:
        answer = await exchange(parts.http, request, timeout=spec.timeout, max_bytes=max_bytes)
    except TimedOut as failure:
        raise _late(service) from failure
    except ExchangeError as failure:
        raise _failed(f"The service '{name}' could not be invoked: {failure}", name) from failure
    if not answer.is_success:
        raise _refused(name, answer)
    return answer.value


def _parameters(name: str, data: Any) -> dict[str, str]:
    """The data as a query: text as it is, anything else as JSON."""
    if not isinstance(data, dict):
        raise invalid(f"The service '{name}' is asked with a query: its data must be an object.")
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in data.items()
    }


def _refused(name: str, answer: Answer) -> Exception:
    message = f"The service '{name}' answered {answer.status}"
    if 300 <= answer.status < 400:
        message += ", a redirect, which is not followed"
    said = f": {answer.excerpt}" if answer.excerpt else "."
    return _failed(message + said, name, serviceStatus=answer.status)


def _late(service: ProjectService) -> Exception:
    message = f"The service '{service.name}' gave no answer within {service.spec.timeout:g} s."
    return bad_gateway(message, _REASON, status=504, service=service.name, timedOut=True)


def _failed(message: str, name: str, **details: Any) -> ApiError:
    return bad_gateway(message, _REASON, service=name, **details)
