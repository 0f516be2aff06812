from __future__ import annotations

import time

import pytest

from quintet_server.services.flowmaestro.nodes import human_review
from quintet_server.services.flowmaestro.nodes.model import NodeError, NodeResult


def test_review_pauses_with_what_a_person_needs_to_know(call_of):
    config = {
        "prompt": "Refund {{amount}}?",
        "variableName": "decision",
        "inputType": "select",
        "options": ["yes", {"value": "no", "label": "No!"}],
        "validation": {"minLength": 2},
    }
    assert human_review.plan(call_of("humanReview", config, {"amount": 5})) == human_review.Review(
        {
            "reason": "human_review",
            "node_id": "n",
            "node_name": "Node",
            "prompt": "Refund 5?",
            "variable_name": "decision",
            "input_type": "select",
            "required": True,
            "default_value": None,
            "options": ["yes", "no"],
            "validation": {"minLength": 2},
        }
    )


def test_review_answered_by_the_inputs_does_not_pause(call_of):
    config = {"prompt": "?", "variableName": "n", "inputType": "number", "outputVariable": "o"}
    result = human_review.plan(call_of("humanReview", config, {"n": "4"}))
    assert isinstance(result, NodeResult)
    assert result.output == result.variables == {"o": 4}


def test_review_with_a_wrong_input_fails(call_of):
    config = {"prompt": "?", "variableName": "n", "inputType": "number"}
    with pytest.raises(NodeError, match="'n' must be a number"):
        human_review.plan(call_of("humanReview", config, {"n": "x"}))


def test_review_not_required_takes_the_default(call_of):
    config = {"prompt": "?", "variableName": "n", "required": False, "defaultValue": "{{d}}"}
    result = human_review.plan(call_of("humanReview", config, {"d": 7}))
    assert isinstance(result, NodeResult)
    assert result.output == {"n": 7}


@pytest.mark.parametrize(
    ("config", "value", "output"),
    [
        ({}, "hello", "hello"),
        ({}, {"v": "hello"}, "hello"),
        ({"inputType": "number"}, "1.5", 1.5),
        ({"inputType": "number", "validation": {"min": 1, "max": 2}}, 2, 2),
        ({"inputType": "boolean"}, "yes", True),
        ({"inputType": "boolean"}, False, False),
        ({"inputType": "json"}, '{"a": 1}', {"a": 1}),
        ({"inputType": "json"}, {"v": 1}, {"v": 1}),
        ({"inputType": "select", "options": [1, 2]}, 2, "2"),
        ({"defaultValue": "d"}, None, "d"),
        ({"defaultValue": "d"}, "", "d"),
        ({"required": False}, None, None),
        ({"validation": {"pattern": "^[a-z]+$"}}, "abc", "abc"),
    ],
)
def test_review_answer_becomes_its_type(call_of, config, value, output):
    call = call_of("humanReview", {"prompt": "?", "variableName": "v", **config})
    assert human_review.answer(call.config, value).output == {"v": output}


@pytest.mark.parametrize(
    ("config", "value", "told"),
    [
        ({}, None, "'v' is required"),
        ({}, {"other": 1}, "'v' must be text"),
        ({"inputType": "number"}, "x", "'v' must be a number"),
        ({"inputType": "number"}, [1], "'v' must be a number"),
        ({"inputType": "number", "validation": {"min": 1.5}}, 1, "'v' must be at least 1.5"),
        ({"inputType": "number", "validation": {"max": 2}}, 3, "'v' must be at most 2"),
        ({"inputType": "boolean"}, "maybe", "'v' must be true or false"),
        ({"inputType": "json"}, "{", "'v' is not valid JSON"),
        ({"inputType": "select", "options": ["a", "b"]}, "c", "'v' must be one of a, b"),
        ({"validation": {"minLength": 3}}, "ab", "'v' must have at least 3 characters"),
        ({"validation": {"maxLength": 1}}, "ab", "'v' must have at most 1 characters"),
        ({"validation": {"pattern": "^x$"}}, "ab", "'v' must match the pattern ^x$"),
        ({"validation": {"pattern": "^x$", "message": "is not x"}}, "ab", "'v' is not x"),
    ],
)
def test_review_answer_that_breaks_a_rule_names_the_field(call_of, config, value, told):
    call = call_of("humanReview", {"prompt": "?", "variableName": "v", **config})
    with pytest.raises(NodeError) as caught:
        human_review.answer(call.config, value)
    assert caught.value.message.startswith(told)
    assert caught.value.code == "invalid_answer"


def test_review_pattern_that_backtracks_elsewhere_is_quick(call_of):
    config = {"prompt": "?", "validation": {"pattern": "^(a+)+$"}}
    call = call_of("humanReview", config)
    started = time.monotonic()
    with pytest.raises(NodeError):
        human_review.answer(call.config, "a" * 5000 + "b")
    assert time.monotonic() - started < 60
