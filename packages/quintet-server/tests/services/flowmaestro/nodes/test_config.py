from __future__ import annotations

import pytest

from quintet_server.services.flowmaestro.nodes.registry import REGISTRY


@pytest.mark.parametrize(
    ("type", "config", "told"),
    [
        ("http", {}, "nodes.n.config.url: is required"),
        ("http", {"url": " "}, "nodes.n.config.url: must not be empty"),
        ("http", {"url": ["x"]}, 'nodes.n.config.url: must be text, not ["x"]'),
        (
            "http",
            {"url": "http://x", "timeout": 301},
            "nodes.n.config.timeout: must be a number from 1 to 300, not 301",
        ),
        (
            "http",
            {"url": "http://x", "retryCount": 1.5},
            "nodes.n.config.retryCount: must be a whole number from 0 to 5, not 1.5",
        ),
        (
            "http",
            {"url": "http://x", "method": "FETCH"},
            "nodes.n.config.method: must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, "
            "not 'FETCH'",
        ),
        ("output", {"outputName": "a"}, "nodes.n.config.value: is required"),
        ("output", {"value": 1}, "nodes.n.config.outputName: is required"),
        ("templateOutput", {"outputName": "a"}, "nodes.n.config.template: is required"),
        ("llm", {"model": "m", "prompt": ""}, "nodes.n.config.prompt: must not be empty"),
        (
            "llm",
            {"model": "m", "prompt": "p", "temperature": True},
            "nodes.n.config.temperature: must be a number from 0 to 2, not true",
        ),
        ("conditional", {}, "nodes.n.config.leftValue: is required"),
        (
            "conditional",
            {"conditionType": "expression", "expression": "a >"},
            "nodes.n.config.expression: Unexpected end of the expression (at character 4)",
        ),
        ("switch", {"expression": "x"}, "nodes.n.config.cases: is required"),
        ("loop", {}, "nodes.n.config.arrayPath: is required"),
        ("loop", {"loopType": "while"}, "nodes.n.config.condition: is required"),
        ("loop", {"loopType": "count"}, "nodes.n.config.count: is required"),
        (
            "loop",
            {"arrayPath": "a", "maxIterations": 10_001},
            "nodes.n.config.maxIterations: must be a whole number from 1 to 10000, not 10001",
        ),
        ("wait", {}, "nodes.n.config.duration: is required"),
        (
            "wait",
            {"waitType": "until", "timestamp": "soon"},
            "nodes.n.config.timestamp: must be an ISO 8601 date and time, not 'soon'",
        ),
        (
            "wait",
            {"timestamp": "2030-01-01", "timezone": "Mars/Base"},
            "nodes.n.config.timezone: 'Mars/Base' is unknown",
        ),
        ("code", {"code": "  "}, "nodes.n.config.code: must not be empty"),
        (
            "code",
            {"language": "javascript", "code": "1"},
            "nodes.n.config.language: javascript is not executed by this server; write it in "
            "python",
        ),
        (
            "code",
            {"code": "def"},
            "nodes.n.config.code: is not valid Python: invalid syntax (<code>, line 1)",
        ),
        ("knowledgeBaseQuery", {"query": "x"}, "nodes.n.config.knowledgeBaseId: is required"),
        ("shared-memory", {}, "nodes.n.config.key: is required"),
        ("shared-memory", {"operation": "search"}, "nodes.n.config.searchQuery: is required"),
        ("humanReview", {}, "nodes.n.config.prompt: is required"),
        (
            "humanReview",
            {"prompt": "?", "validation": {"pattern": "("}},
            "nodes.n.config.validation.pattern: is no pattern this server knows (look-around is "
            "not supported)",
        ),
    ],
)
def test_config_wrong_is_told_with_node_and_field(complaints, type, config, told):
    assert told in complaints(type, config)


def test_config_router_with_one_route_or_twice_the_same_is_refused(complaints):
    one = {"prompt": "p", "outputVariable": "r", "routes": [{"value": "a"}]}
    assert any("routes" in told for told in complaints("router", one))
    twice = {**one, "routes": [{"value": "a"}, {"value": "A"}]}
    assert complaints("router", twice) == ["nodes.n.config.routes: have the same value twice"]


@pytest.mark.parametrize(
    ("type", "config"),
    [
        ("http", {"url": "{{u}}", "timeout": "{{t}}", "method": "{{m}}", "retryCount": "{{r}}"}),
        ("llm", {"model": "{{m}}", "prompt": "{{p}}", "temperature": "{{t}}", "topP": "{{x}}"}),
        ("wait", {"durationValue": "{{n}}", "durationUnit": "{{u}}"}),
        ("wait", {"waitType": "until", "timestamp": "{{at}}", "timezone": "{{tz}}"}),
        ("loop", {"loopType": "count", "count": "{{n}}", "maxIterations": "{{m}}"}),
        ("code", {"code": "result = 1", "timeout": "{{t}}", "memory": "{{m}}"}),
        ("knowledgeBaseQuery", {"knowledgeBaseId": "{{k}}", "query": "{{q}}", "topK": "{{n}}"}),
        ("conditional", {"leftValue": "{{a}}", "operator": "{{op}}", "rightValue": "{{b}}"}),
        ("input", {"inputName": "a", "required": "{{r}}"}),
    ],
)
def test_config_with_templates_for_numbers_choices_and_flags_passes(complaints, type, config):
    assert complaints(type, config) == []


@pytest.mark.parametrize(
    ("type", "config"),
    [
        ("http", {"url": "http://x", "timeout": "30", "retryCount": "2", "method": "post"}),
        ("http", {"url": "http://x", "headers": None, "timeout": None, "authType": None}),
        ("http", {"url": "http://x", "headers": {"a": 1}, "queryParams": {"b": True}}),
        ("http", {"url": "http://x", "position": {"x": 1}, "label": "Fetch", "color": "red"}),
        ("output", {"outputName": "a", "value": None}),
        ("output", {"outputName": "a", "value": {"deep": ["{{x}}"]}, "format": "json"}),
        ("llm", {"model": "m", "prompt": "p", "topP": None, "provider": "OpenAI"}),
        ("conditional", {"leftValue": None, "operator": "isNull"}),
        ("while", {"condition": "loop.index < 3"}),
        ("repeat", {"count": 3}),
        ("loop", {"collection": "{{items}}"}),
        ("loop", {"items": [1, 2]}),
        ("delay", {"duration": 5}),
        ("input", {}),
        ("humanReview", {"message": "ok?"}),
    ],
)
def test_config_in_other_spellings_passes(complaints, type, config):
    assert complaints(type, config) == []


def test_config_with_a_misspelt_key_is_warned_about(complaints):
    config = {"model": "m", "prompt": "p", "temprature": 1, "label": "x"}
    assert complaints("llm", config) == []
    assert complaints("llm", config, "warning") == [
        "nodes.n.config.temprature: is not known here; did you mean temperature?"
    ]


@pytest.mark.parametrize("config", [{"url": 1}, "text", None, 3, []])
def test_config_of_any_shape_never_breaks_the_validation(complaints, config):
    for name in REGISTRY.names():
        complaints(name, config)


@pytest.mark.parametrize(
    ("value", "told"),
    [("abc", "'abc'"), (500, "500"), ([1], "[1]"), (True, "true")],
)
async def test_config_templates_are_checked_when_they_are_resolved(failure, value, told):
    config = {"model": "m", "prompt": "p", "temperature": "{{t}}"}
    error = await failure("llm", config, {"t": value})
    assert error.message == f"temperature must be a number from 0 to 2, not {told}"
    assert not error.retryable


async def test_config_template_with_a_broken_expression_names_the_field(failure):
    error = await failure("output", {"outputName": "a", "value": "{{ a > }}"}, {})
    assert error.message.startswith("value: ")
    assert error.code == "bad_expression"
