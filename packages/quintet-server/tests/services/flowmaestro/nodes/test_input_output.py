from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("config", "inputs", "output"),
    [
        ({}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ({"inputName": "a"}, {"a": 1, "b": 2}, {"a": "1"}),
        ({"variableName": "a", "inputType": "number"}, {"a": "1.5"}, {"a": 1.5}),
        ({"inputVariable": "a", "inputType": "number"}, {"a": 3}, {"a": 3}),
        ({"inputName": "a", "inputType": "boolean"}, {"a": "false"}, {"a": False}),
        ({"inputName": "a", "inputType": "boolean"}, {"a": 1}, {"a": True}),
        ({"inputName": "a", "inputType": "json"}, {"a": '{"x": [1]}'}, {"a": {"x": [1]}}),
        ({"inputName": "a", "inputType": "json"}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"inputName": "a"}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"inputName": "a", "defaultValue": "d", "value": "v"}, {}, {"a": "d"}),
        ({"inputName": "a", "value": "v"}, {}, {"a": "v"}),
        ({"inputName": "a", "value": "v"}, {"a": None}, {"a": "v"}),
        ({"inputName": "a", "inputType": "number", "defaultValue": "{{b}}"}, {"b": 7}, {"a": 7}),
        ({"inputName": "a", "required": False}, {}, {"a": None}),
        ({"inputName": "a", "required": "false"}, {}, {"a": None}),
    ],
)
async def test_input_takes_the_runs_value_or_a_default(run, config, inputs, output):
    assert (await run("input", config, inputs)).output == output


@pytest.mark.parametrize(
    ("config", "inputs", "told"),
    [
        ({"inputName": "a"}, {}, "Input 'a' is required"),
        ({"inputName": "a", "inputType": "number"}, {"a": "x"}, "Input 'a' must be a number"),
        ({"inputName": "a", "inputType": "number"}, {"a": True}, "Input 'a' must be a number"),
        ({"inputName": "a", "inputType": "boolean"}, {"a": "x"}, "Input 'a' must be true or false"),
    ],
)
async def test_input_missing_or_of_another_type_fails(failure, config, inputs, told):
    error = await failure("input", config, inputs)
    assert error.message == told
    assert not error.retryable


async def test_input_broken_json_says_where(failure):
    error = await failure("input", {"inputName": "a", "inputType": "json"}, {"a": "{"})
    assert error.message.startswith("Input 'a' is not valid JSON: ")


@pytest.mark.parametrize(
    ("value", "format", "data", "output"),
    [
        ("{{a}}", "string", {"a": 1.0}, "1"),
        ("{{a}}", "string", {"a": {"x": [1, None]}}, '{"x":[1,null]}'),
        ("{{a}}", "string", {"a": True}, "true"),
        ("{{a}}", "string", {}, None),
        ("x {{a}} y", "string", {}, "x {{a}} y"),
        ("x {{a}} y", "string", {"a": 2}, "x 2 y"),
        ("{{a}}", "json", {"a": {"x": 1}}, {"x": 1}),
        ("{{a}}", "json", {"a": '{"x": 1}'}, {"x": 1}),
        ("{{a}}", "json", {"a": "{x"}, "{x"),
        ({"n": "{{a}}", "t": "v{{a}}"}, "json", {"a": 1}, {"n": 1, "t": "v1"}),
        ("{{a}}", "number", {"a": "12.50"}, 12.5),
        ("{{a}}", "number", {"a": 3}, 3),
        ("{{a}}", "number", {"a": True}, 1),
        ("{{a}}", "number", {}, None),
        ("{{a}}", "boolean", {"a": "false"}, False),
        ("{{a}}", "boolean", {"a": "yes"}, True),
        ("{{a}}", "boolean", {"a": 0}, False),
        ("{{a}}", "boolean", {"a": []}, True),
        ("{{a}}", "boolean", {}, False),
    ],
)
async def test_output_converts_to_its_format(run, value, format, data, output):
    config = {"outputName": "o", "value": value, "format": format}
    assert (await run("output", config, data)).output == {"o": output}


async def test_output_number_of_words_fails(failure):
    error = await failure("output", {"outputName": "o", "value": "many", "format": "number"})
    assert error.message == "value cannot be read as a number: 'many'"


async def test_output_larger_than_the_limit_fails(failure):
    config = {"outputName": "o", "value": "{{a}}{{a}}"}
    error = await failure("output", config, {"a": "x" * 600_000})
    assert error.code == "output_too_large"
    assert "1048576" in error.message


async def test_output_with_nul_becomes_storable(run):
    result = await run("output", {"outputName": "o", "value": "{{a}}"}, {"a": "x\x00y"})
    assert result.output == {"o": "x\ufffdy"}


async def test_template_output_markdown_is_interpolated_text(run):
    config = {"outputName": "o", "template": "# {{a}}\n"}
    assert (await run("templateOutput", config, {"a": "<b>"})).output == {"o": "# <b>\n"}


async def test_template_output_html_shows_raw_html_and_refuses_scripts(run):
    config = {
        "outputName": "o",
        "outputFormat": "html",
        "template": "# {{t}}\n\n[x](javascript:alert(1)) *a*\n\n| a |\n|---|\n| 1 |\n",
    }
    html = (await run("templateOutput", config, {"t": "<script>alert(1)</script>"})).output["o"]
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in html
    assert "<em>a</em>" in html
    assert "<table>" in html
    assert "href" not in html
