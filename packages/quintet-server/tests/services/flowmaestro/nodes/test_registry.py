from __future__ import annotations

import pytest

from quintet_server.services.flowmaestro.nodes.registry import REGISTRY


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("input", "input"),
        ("trigger", "input"),
        ("condition", "conditional"),
        ("if", "conditional"),
        ("forEach", "loop"),
        ("while", "loop"),
        ("repeat", "loop"),
        ("delay", "wait"),
        ("sleep", "wait"),
        ("kbQuery", "knowledgeBaseQuery"),
        ("knowledge-base-query", "knowledgeBaseQuery"),
        ("HTTP", "http"),
        ("human-review", "humanReview"),
        ("shared-memory", "shared-memory"),
        ("sharedMemory", "shared-memory"),
        ("template-output", "templateOutput"),
        ("router", "router"),
    ],
)
def test_registry_names_and_aliases_lead_to_the_type(name, type):
    assert REGISTRY.canonical(name) == type
    assert REGISTRY.get(name).name == type


def test_registry_has_every_type_of_the_contract():
    types = {REGISTRY.canonical(name) for name in REGISTRY.names()}
    assert types == {
        "input",
        "output",
        "templateOutput",
        "conditional",
        "switch",
        "loop",
        "transform",
        "wait",
        "http",
        "code",
        "llm",
        "knowledgeBaseQuery",
        "router",
        "shared-memory",
        "humanReview",
    }


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("integration", "http"),
        ("action", "http"),
        ("imageGeneration", "media"),
        ("image-generation", "media"),
        ("file_upload", "knowledgeBaseQuery"),
        ("parallel", "several edges"),
    ],
)
def test_registry_types_it_does_not_execute_are_refused_with_what_to_use(name, instead):
    assert REGISTRY.canonical(name) == name
    [problem] = REGISTRY.problems("n", name, {})
    assert problem.severity == "error"
    assert problem.code == "UNSUPPORTED_TYPE"
    assert instead in problem.message


@pytest.mark.parametrize("name", ["htpp", "comment", "", "__class__"])
def test_registry_unknown_types_have_no_canonical_name(name):
    assert REGISTRY.canonical(name) is None


def test_registry_marks_what_acts_outside_the_run():
    with_effect = {name for name in REGISTRY.names() if REGISTRY.get(name).has_effect}
    assert with_effect == {"http", "httpRequest", "code", "llm", "router"}
