"""http: one request to another server; see :mod:`.http_request` and :mod:`.http_exchange`."""

from __future__ import annotations

from quintet_server.services.flowmaestro.nodes.http_exchange import Limits, exchange
from quintet_server.services.flowmaestro.nodes.http_request import HttpConfig, body_of, outgoing
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeResult, NodeType
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named

_BODY = frozenset({"body"})


async def execute(call: NodeCall) -> NodeResult:
    """`{status, statusText, headers, data, responseTime}`.

    Raises:
        NodeError: see :func:`~.http_exchange.exchange`.
    """
    assert isinstance(call.config, HttpConfig)
    config = resolved(call.config, call.scope, without=_BODY)
    body, content_type = body_of(config, call.config.body, call.scope)
    request = outgoing(config, body, content_type, f"{call.execution_id}:{call.step_key}")
    limits = Limits(
        timeout_seconds=config.timeout,
        retry_count=config.retry_count,
        max_bytes=call.parts.settings.node_output_max_bytes,
        allow_private=call.parts.allow_private_targets,
    )

    def retrying(attempt: int, delay: float, error: str) -> None:
        call.emit(
            "node.retry",
            {"attempt": attempt, "next_retry_in": round(delay * 1000), "error": error},
        )

    answer = await exchange(call.parts.http, request, limits, retrying=retrying)
    return named(config.output_variable, answer)


TYPE = NodeType("http", HttpConfig, execute, aliases=("httpRequest",), has_effect=True)
