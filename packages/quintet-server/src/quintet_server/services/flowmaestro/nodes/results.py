"""How a result becomes a node's output: under `outputVariable` or as it is, and not too large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from quintet_server.engines.runs.values import encode, encode_unchanged
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
    try:
        return _checked_size(encode(output), max_bytes)
    except TypeError as error:
        raise NodeError(f"The output cannot be written as JSON: {error}", "bad_output") from None


def storable(result: NodeResult, max_bytes: int) -> NodeResult:
    """The result as it is kept, so that later nodes see the same before and after a restart.

    Raises:
        NodeError: as :func:`check_size`.
    """
    text = encode_unchanged(result.output)
    if text is not None:
        _checked_size(text, max_bytes)
        return result
    check_size(result.output, max_bytes)
    return replace(
        result,
        output=_kept(result.output),
        variables=_kept(result.variables),
        shared=_kept(result.shared),
    )


def _checked_size(text: bytes, max_bytes: int) -> int:
    if len(text) > max_bytes:
        raise NodeError(
            f"The output has {len(text)} bytes, more than the {max_bytes} a node may put out "
            "(QUINTET_FLOWMAESTRO_NODE_OUTPUT_MAX_BYTES)",
            "output_too_large",
        )
    return len(text)


def _kept(value: Any) -> Any:
    return orjson.loads(encode(value))
