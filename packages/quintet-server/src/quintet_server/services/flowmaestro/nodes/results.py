"""How a result becomes a node's output: under `outputVariable` or as it is, and not too large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from quintet_server.services.flowmaestro.nodes.model import NodeError, NodeResult


def named(
    variable: str, result: Mapping[str, Any], *, handles: frozenset[str] | None = None
) -> NodeResult:
    """`{variable: result}` if the node names a variable, else the result's own keys."""
    if variable:
        return NodeResult({variable: dict(result)}, handles, {variable: dict(result)})
    return NodeResult(dict(result), handles)


def check_size(output: Mapping[str, Any], max_bytes: int) -> int:
    """The size of an output as JSON, in bytes.

    Upstream cuts what is too large; half a JSON document helps nobody, so it is an error here.

    Raises:
        NodeError: it is larger than `max_bytes`, or no JSON at all.
    """
    return len(_written(output, max_bytes))


def storable(result: NodeResult, max_bytes: int) -> NodeResult:
    """The result, if it can be kept: JSON, not too large, without what PostgreSQL has no sign for.

    Raises:
        NodeError: as :func:`check_size`.
    """
    if b"\\u0000" not in _written(result.output, max_bytes):
        return result
    return replace(
        result,
        output=_without_nul(result.output),
        variables=_without_nul(result.variables),
        shared=_without_nul(result.shared),
    )


def _written(output: Mapping[str, Any], max_bytes: int) -> bytes:
    try:
        written = orjson.dumps(output)
    except TypeError as error:
        raise NodeError(f"The output cannot be written as JSON: {error}", "bad_output") from None
    if len(written) > max_bytes:
        raise NodeError(
            f"The output has {len(written)} bytes, more than the {max_bytes} a node may put out "
            "(QUINTET_FLOWMAESTRO_NODE_OUTPUT_MAX_BYTES)",
            "output_too_large",
        )
    return written


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, Mapping):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    return value
