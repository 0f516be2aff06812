"""What a workflow asks for."""

from __future__ import annotations

from typing import Any

import pytest

from quintet_server.services.flowmaestro.workflow.inputs import (
    input_fields,
    input_schema,
    missing_inputs,
)

from .support import graph, parsed


def asking(**configs: dict[str, Any]) -> Any:
    nodes = {node: {"type": "input", "config": config} for node, config in configs.items()}
    return parsed({"nodes": nodes})


@pytest.mark.parametrize(
    ("config", "schema"),
    [
        ({}, {"type": "string"}),
        ({"inputType": "text"}, {"type": "string"}),
        ({"inputType": "file"}, {"type": "string"}),
        ({"inputType": "number"}, {"type": "number"}),
        ({"inputType": "boolean"}, {"type": "boolean"}),
        ({"inputType": "checkbox"}, {"type": "boolean"}),
        ({"inputType": "json"}, {}),
        (
            {"inputType": "select", "options": ["a", {"value": "b", "label": "B"}]},
            {"type": "string", "enum": ["a", "b"]},
        ),
        ({"defaultValue": 0, "inputType": "number"}, {"type": "number", "default": 0}),
        ({"value": "x"}, {"type": "string", "default": "x"}),
        ({"value": "", "defaultValue": ""}, {"type": "string"}),
    ],
)
def test_schema_of_an_input(config: dict[str, Any], schema: dict[str, Any]) -> None:
    given = {"inputName": "x", "label": "The X", "description": "What", **config}
    properties = input_schema(asking(a=given))["properties"]
    assert properties == {"x": {"title": "The X", "description": "What", **schema}}


def test_inputs_are_keyed_by_the_name_the_workflow_reads() -> None:
    definition = asking(
        a={"inputName": "one"},
        b={"variableName": "two", "required": False},
        c={"inputVariable": "three", "defaultValue": 3},
        d={},
        e={"inputName": "one", "label": "again"},
    )
    schema = input_schema(definition)
    assert list(schema["properties"]) == ["one", "two", "three"]
    assert schema["required"] == ["one"]
    assert input_fields(definition) == {
        "one": {"type": "text", "label": "one", "required": True, "description": ""},
        "two": {"type": "text", "label": "input", "required": False, "description": ""},
        "three": {"type": "text", "label": "input", "required": True, "description": ""},
    }


def test_fields_carry_their_options() -> None:
    fields = input_fields(asking(a={"inputName": "x", "inputType": "select", "options": ["a"]}))
    assert fields is not None
    assert fields["x"]["options"] == ["a"]


def test_a_workflow_without_input_nodes_has_no_fields() -> None:
    definition = parsed(graph("a", ""))
    assert input_fields(definition) is None
    assert input_schema(definition) == {"type": "object", "properties": {}, "required": []}


def test_missing_are_required_inputs_that_are_absent_or_null() -> None:
    definition = asking(
        a={"inputName": "one"},
        b={"inputName": "two"},
        c={"inputName": "three", "required": False},
        d={"inputName": "four", "defaultValue": "x"},
        e={"inputName": "five"},
    )
    assert missing_inputs(definition, {"two": None, "five": ""}) == [
        {"field": "inputs.one", "message": "Input 'one' is required"},
        {"field": "inputs.two", "message": "Input 'two' is required"},
    ]
    assert missing_inputs(definition, {"one": 0, "two": False, "five": []}) == []
