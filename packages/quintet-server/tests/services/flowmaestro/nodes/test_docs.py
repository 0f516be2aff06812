"""The page about nodes: every type has its section, every example is a valid node."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from quintet_server.services.flowmaestro.nodes.config import spellings
from quintet_server.services.flowmaestro.nodes.registry import REGISTRY

PAGE = Path(__file__).parents[6] / "docs" / "flowmaestro" / "nodes.md"
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S))
EXAMPLES = [
    (type, id, node)
    for type, text in SECTIONS.items()
    for block in re.findall(r"```yaml\n(.*?)```", text, re.S)
    for id, node in yaml.safe_load(block).items()
]
TYPES = sorted({REGISTRY.get(name).name for name in REGISTRY.names()})


def test_page_has_a_section_and_an_example_for_every_type():
    assert sorted(SECTIONS) == TYPES
    assert {type for type, _, _ in EXAMPLES} == set(TYPES)


@pytest.mark.parametrize(("type", "id", "node"), EXAMPLES)
def test_page_examples_are_valid_nodes_without_warnings(type: str, id: str, node: Any):
    assert REGISTRY.canonical(node["type"]) == type
    assert list(REGISTRY.problems(id, node["type"], node["config"])) == []


@pytest.mark.parametrize("type", TYPES)
def test_page_names_every_field_of_a_type(type: str):
    for name, info in REGISTRY.get(type).config.model_fields.items():
        assert f"`{spellings(name, info)[0]}`" in SECTIONS[type], name
