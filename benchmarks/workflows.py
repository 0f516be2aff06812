"""Workflows for measurements, and telling a server of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.support.server import ServerProcess

# So that the limits of a key are not what is measured.
SETTINGS = {
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "1000000",
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_DAY": "1000000",
}

Nodes = dict[str, dict[str, Any]]


def workflow(name: str, nodes: Nodes, edges: Sequence[str]) -> dict[str, Any]:
    """A definition; an edge is `source target` or `source target handle`."""
    return {
        "service": "flowmaestro",
        "kind": "workflow",
        "name": name,
        "spec": {"nodes": nodes, "edges": [_edge(*edge.split()) for edge in edges]},
    }


def _edge(source: str, target: str, handle: str | None = None) -> dict[str, str]:
    edge = {"source": source, "target": target}
    return {**edge, "sourceHandle": handle} if handle else edge


def quick(name: str, count: int) -> dict[str, Any]:
    """So many nodes that need no time: an input, texts made of it, an output."""
    nodes: Nodes = {"in": {"type": "input", "config": {"inputName": "name"}}}
    for number in range(1, count - 1):
        config = {"outputName": f"t{number}", "template": f"{number}: hello {{{{name}}}}"}
        nodes[f"n{number}"] = {"type": "templateOutput", "config": config}
    nodes["out"] = {"type": "output", "config": {"outputName": "x", "value": "{{t1}}"}}
    return workflow(name, nodes, [f"{source} {target}" for source, target in pairwise(nodes)])


def apply(server: ServerProcess, *documents: dict[str, Any]) -> None:
    """Define them, as an operator does."""
    with tempfile.TemporaryDirectory(prefix="quintet-bench-") as folder:
        file = Path(folder) / "bench.yaml"
        # JSON is YAML.
        file.write_text("\n---\n".join(json.dumps(document) for document in documents))
        command = [sys.executable, "-m", "quintet_server", "apply", "-f", str(file)]
        subprocess.run(
            [*command, "--database-url", server.database_url],
            check=True,
            stdout=subprocess.DEVNULL,
            env=dict(os.environ),
        )
