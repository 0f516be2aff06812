"""A definition made ready to run: parsed, its regions known, its configurations validated."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quintet_server.services.flowmaestro.nodes.config import NodeConfig
from quintet_server.services.flowmaestro.nodes.model import NodeType
from quintet_server.services.flowmaestro.nodes.registry import REGISTRY
from quintet_server.services.flowmaestro.workflow.definition import Definition, Region, Regions
from quintet_server.services.flowmaestro.workflow.parsing import parse_definition

_KEPT_COUNT = 256
_kept: OrderedDict[str, Compiled] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Compiled:
    """What all executions of one definition share.

    `inside` names, for each loop, the nodes of its body and of the loops in it.
    """

    definition: Definition
    regions: Regions
    inside: Mapping[str, frozenset[str]]
    total_nodes: int
    _configs: dict[str, NodeConfig] = field(default_factory=dict)
    _types: dict[str, NodeType] = field(default_factory=dict)

    def type(self, node_id: str) -> NodeType:
        """The type of a node."""
        found = self._types.get(node_id)
        if found is None:
            found = self._types[node_id] = REGISTRY.get(self.definition.nodes[node_id].type)
        return found

    def config(self, node_id: str) -> NodeConfig:
        """The validated configuration of a node."""
        config = self._configs.get(node_id)
        if config is None:
            model = self.type(node_id).config
            given = self.definition.nodes[node_id].config
            config = self._configs[node_id] = model.model_validate(given)
        return config


def compile_definition(raw: Mapping[str, Any]) -> Compiled:
    """Parse a definition. Raises InvalidDefinition with everything that is wrong with it."""
    definition, _warnings = parse_definition(raw, REGISTRY)
    regions = definition.regions
    inside = {loop: _inside(regions, region) for loop, region in regions.bodies.items()}
    return Compiled(definition, regions, inside, regions.total_nodes)


def kept(digest: str) -> Compiled | None:
    """A definition compiled before, by the digest of its text: equal texts compile equally."""
    compiled = _kept.get(digest)
    if compiled is not None:
        _kept.move_to_end(digest)
    return compiled


def keep(digest: str, compiled: Compiled) -> None:
    """Keep a compiled definition; the least recently used one beyond the bound is forgotten."""
    _kept[digest] = compiled
    if len(_kept) > _KEPT_COUNT:
        _kept.popitem(last=False)


def _inside(regions: Regions, region: Region) -> frozenset[str]:
    nodes = set(region.nodes)
    for node_id in region.nodes:
        if node_id in regions.bodies:
            nodes |= _inside(regions, regions.bodies[node_id])
    return frozenset(nodes)
