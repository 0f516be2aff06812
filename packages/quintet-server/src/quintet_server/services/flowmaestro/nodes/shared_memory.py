"""shared-memory: values that all nodes of one execution see as `shared.<key>`, found by meaning."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator

from quintet_server.services.flowmaestro.nodes.config import (
    Between,
    Choice,
    NodeConfig,
    Text,
    Value,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.memory import SharedMemory
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named

__all__ = ["TYPE", "SharedMemory", "SharedMemoryConfig"]


class SharedMemoryConfig(NodeConfig):
    """`store` needs a key and a value, `search` a query."""

    operation: Annotated[str, Choice(("store", "search"))] = "store"
    key: Text = ""
    value: Value = None
    search_query: Text = ""
    top_k: Annotated[int, Between(1, 100, whole=True)] = 5
    similarity_threshold: Annotated[float, Between(0, 1)] = 0.7
    output_variable: str = ""

    @model_validator(mode="after")
    def _is_complete(self) -> SharedMemoryConfig:
        if self.operation == "store" and not self.key.strip():
            raise refusal("is required", "key")
        if self.operation == "search" and not self.search_query.strip():
            raise refusal("is required", "searchQuery")
        return self


async def execute(call: NodeCall) -> NodeResult:
    """`{key, stored, searchable}`, or `{query, results, resultCount}`."""
    config = resolved(call.config, call.scope)
    assert isinstance(config, SharedMemoryConfig)
    assert call.shared is not None
    if config.operation == "store":
        call.shared.store(config.key, config.value)
        stored = named(
            config.output_variable,
            {"key": config.key, "stored": True, "searchable": config.value is not None},
        )
        return NodeResult(
            stored.output, variables=stored.variables, shared={config.key: config.value}
        )
    results, method = await call.shared.search(
        config.search_query, config.top_k, config.similarity_threshold, call.parts.embedder
    )
    return named(
        config.output_variable,
        {
            "query": config.search_query,
            "results": results,
            "resultCount": len(results),
            "method": method,
        },
    )


TYPE = NodeType(
    "shared-memory", SharedMemoryConfig, execute, aliases=("sharedMemory", "shared_memory")
)
