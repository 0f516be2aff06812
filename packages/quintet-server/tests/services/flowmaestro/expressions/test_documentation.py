"""What the pages of the documentation say, tried out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from quintet_server.services.flowmaestro.expressions import errors
from quintet_server.services.flowmaestro.expressions.interpolation import resolve
from quintet_server.services.flowmaestro.expressions.placeholders import MAX_PLACEHOLDERS
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.expressions.transform import evaluate_transform
from quintet_server.services.flowmaestro.expressions.transforms.functions import FUNCTIONS, METHODS
from quintet_server.services.flowmaestro.nodes.registry import REGISTRY
from quintet_server.services.flowmaestro.workflow.parsing import parse_definition

PAGES = Path(__file__).resolve().parents[6] / "docs" / "flowmaestro"
TEXT = (PAGES / "expressions.md").read_text(encoding="utf-8")
DATA: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0])
ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \|$", re.MULTILINE)


def rows(heading: str) -> Iterator[tuple[str, Any]]:
    table = TEXT.split(f"| {heading} |")[1].split("\n\n")[0]
    for source, value in ROW.findall(table):
        yield source.replace("\\|", "|"), json.loads(value)


@pytest.mark.parametrize(("source", "value"), list(rows("placeholder")))
def test_placeholder_has_the_documented_value(source: str, value: Any) -> None:
    assert resolve(source, Scope.of(inputs=DATA)) == value


@pytest.mark.parametrize(("source", "value"), list(rows("transform")))
def test_transform_has_the_documented_result(source: str, value: Any) -> None:
    assert evaluate_transform(source, DATA["items"], Scope.of(inputs=DATA)) == value


def test_every_function_and_method_is_named() -> None:
    assert [name for name in FUNCTIONS if not re.search(rf"\b{name}\b", TEXT)] == []
    assert [name for name in METHODS if not re.search(rf"\b{name}\b", TEXT)] == []


def test_bounds_are_those_of_the_code() -> None:
    table = TEXT.split("| bound | value |")[1]
    for bound in (
        errors.MAX_SOURCE_LENGTH,
        errors.MAX_DEPTH,
        MAX_PLACEHOLDERS,
        errors.MAX_STEPS,
        errors.MAX_TEXT_LENGTH,
        errors.MAX_VALUES,
        errors.MAX_VALUE_DEPTH,
    ):
        assert f"{bound:,}" in table


def workflows() -> Iterator[Any]:
    for page in sorted(PAGES.glob("*.md")):
        blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for block in blocks:
            for document in yaml.safe_load_all(block):
                if document.get("kind") == "workflow":
                    yield pytest.param(document["spec"], id=f"{page.stem}:{document['name']}")


@pytest.mark.parametrize("spec", list(workflows()))
def test_documented_workflow_has_neither_errors_nor_warnings(spec: dict[str, Any]) -> None:
    assert parse_definition(spec, REGISTRY)[1] == []
