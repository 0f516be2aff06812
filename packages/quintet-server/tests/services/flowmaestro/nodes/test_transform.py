from __future__ import annotations

import time

import pytest

DATA = {
    "rows": [{"n": 2, "g": "a"}, {"n": 3, "g": "b"}, {"n": 1, "g": "a"}],
    "min": 2,
    "word": "a' || true || 'b",
    "letter": "a",
    "one": {"x": 1, "y": {"z": [5, 6]}},
    "two": {"x": 2, "w": 3},
    "list": [1, 2],
    "json": '{"a": [1, {"b": null}]}',
    "xml": "<order id='7'><item>a</item><item>b</item><note lang='de'>x</note></order>",
}


def config(operation, expression="", data="{{rows}}", **more):
    given = {"operation": operation, "inputData": data, "expression": expression}
    return {**given, "outputVariable": "r", **more}


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (config("map", "item.n * 2"), [4, 6, 2]),
        (config("map", "x => x.n + 1"), [3, 4, 2]),
        (
            config("map", '{"v": $.n, "i": index}'),
            [{"v": 2, "i": 0}, {"v": 3, "i": 1}, {"v": 1, "i": 2}],
        ),
        (config("map", "item.n + {{min}}"), [4, 5, 3]),
        (config("filter", "item.n >= {{min}}"), [DATA["rows"][0], DATA["rows"][1]]),
        (config("filter", "x => x.n > 2"), [DATA["rows"][1]]),
        (config("filter", "items[n > 2]"), [DATA["rows"][1]]),
        (config("filter", "g == '{{letter}}'"), [DATA["rows"][0], DATA["rows"][2]]),
        (config("filter", "g == '{{word}}'"), []),
        (config("filter", "g == {{word}}"), []),
        (config("reduce", "(acc, x) => acc + x.n", initialValue=10), 16),
        (config("reduce", "acc + item.n", initialValue="0"), 6),
        (config("reduce", "$sum(items.n)"), 6),
        (config("sort", "n"), [DATA["rows"][2], DATA["rows"][0], DATA["rows"][1]]),
        (config("sort", "-n"), [DATA["rows"][1], DATA["rows"][0], DATA["rows"][2]]),
        (config("sort", "item.n desc"), [DATA["rows"][1], DATA["rows"][0], DATA["rows"][2]]),
        (
            config("sort", "(a, b) => b.n - a.n"),
            [DATA["rows"][1], DATA["rows"][0], DATA["rows"][2]],
        ),
        (config("sort", "missing"), DATA["rows"]),
        (config("sort", "", "[3, 1, 2]"), [1, 2, 3]),
        (config("merge", "${two}", "${one}"), {"x": 2, "y": {"z": [5, 6]}, "w": 3}),
        (config("merge", "{{two}}, {{one}}", "{{one}}"), {"x": 1, "w": 3, "y": {"z": [5, 6]}}),
        (config("merge", "${list}", "{{list}}"), [1, 2]),
        (config("merge", "${list}", [0]), [0, 1, 2]),
        (config("merge", "", [[1], [2, 3]]), [1, 2, 3]),
        (config("merge", "", "{{rows}}"), {"n": 1, "g": "a"}),
        (config("extract", "y.z[1]", "one"), 6),
        (config("extract", "nothing.here", "one"), None),
        (config("extract", "g", "{{rows}}"), ["a", "b", "a"]),
        (config("extract", "[0].n", "{{rows}}"), 2),
        (config("custom", "$count(items)"), 3),
        (config("custom", '{"total": $sum(items.n), "min": min}'), {"total": 6, "min": 2}),
        (config("parseJSON", "", "{{json}}"), {"a": [1, {"b": None}]}),
        (config("parseJSON", "", '{"k": 1}'), {"k": 1}),
        (
            config("parseXML", "", "{{xml}}"),
            {"order": {"id": "7", "item": ["a", "b"], "note": {"lang": "de", "#text": "x"}}},
        ),
        (config("passthrough", "", "{{one}}"), DATA["one"]),
        (config("passthrough", "", "plain text"), "plain text"),
        (config("passthrough", "", {"a": "{{min}}"}), {"a": 2}),
        (config("map", "item", "{{json_list}}"), [1, 2]),
    ],
)
async def test_transform_operations(run, given, result):
    outcome = await run("transform", given, {**DATA, "json_list": "[1,2]"})
    assert outcome.output == {"r": result}
    assert outcome.variables == {"r": result}


async def test_transform_without_output_variable_puts_out_nothing(run, complaints):
    given = config("map", "item.n", outputVariable="")
    assert (await run("transform", given, DATA)).output == {}
    assert complaints("transform", given) == []
    assert complaints("transform", given, "warning") == [
        "nodes.n.config.outputVariable: is empty: the result is dropped"
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (config("map", "item.n", "{{min}}"), "must be a list"),
        (config("filter", "item.n", "{{nothing}}"), "must be a list"),
        (config("parseJSON", "", "{{one}}"), "inputData must be text for parseJSON"),
        (config("parseJSON", "", "{{word}}"), "inputData is not valid JSON"),
        (config("parseXML", "", "<a>"), "not well-formed XML"),
        (config("parseXML", "", "<a></b>"), "not well-formed XML"),
        (config("merge", "${list}", "{{one}}"), "merge needs lists only, or objects only"),
        (config("custom", "unknown(1)"), "expression: "),
        (config("custom", "__import__('os')"), "expression: "),
    ],
)
async def test_transform_that_cannot_be_done_fails(failure, complaints, given, told):
    if complaints("transform", given):
        return  # refused before it ever runs: even better
    error = await failure("transform", given, DATA)
    assert told in error.message
    assert not error.retryable


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"inputData": "x"}, "nodes.n.config.operation: is required"),
        ({"operation": "map", "expression": "item"}, "nodes.n.config.inputData: is required"),
        (config("map"), "nodes.n.config.expression: is required for map"),
        (config("map", "item.("), "nodes.n.config.expression: "),
        (config("explode"), "nodes.n.config.operation: must be one of map, filter"),
    ],
)
def test_transform_config_that_is_wrong_is_told(complaints, given, told):
    assert any(complaint.startswith(told) for complaint in complaints("transform", given))


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    ],
)
async def test_transform_xml_with_entities_is_refused(failure, xml):
    error = await failure("transform", config("parseXML", "", "{{x}}"), {"x": xml})
    assert error.message == "XML with a document type or entities is refused"


async def test_transform_xml_nested_without_end_is_refused(failure):
    error = await failure("transform", config("parseXML", "", "{{x}}"), {"x": "<a>" * 5000})
    assert error.message == "The XML is nested deeper than 100"


async def test_transform_xml_that_mentions_a_doctype_in_text_is_read(run):
    xml = "<a><![CDATA[<!DOCTYPE]]></a>"
    result = await run("transform", config("parseXML", "", "{{x}}"), {"x": xml})
    assert result.output == {"r": {"a": "<!DOCTYPE"}}


async def test_transform_that_never_ends_is_stopped(failure):
    given = config("custom", "$map($range(1, 100000), x => $sum($range(1, 100000)))")
    started = time.monotonic()
    error = await failure("transform", given, DATA)
    assert "steps" in error.message
    assert time.monotonic() - started < 60
