"""`kind: agent` of `quintet apply`."""

from __future__ import annotations

import pytest

from quintet_server.definitions.apply import BadDefinitions


async def test_applying_again_changes_nothing(talk):
    document = {"kind": "agent", "name": "one", "spec": {"system_prompt": "Hi"}}
    assert await talk.apply(talk.folder, document) == ["created"]
    assert await talk.apply(talk.folder, document) == ["unchanged"]
    changed = {**document, "spec": {"system_prompt": "Ho"}}
    assert await talk.apply(talk.folder, changed) == ["updated"]
    agent = await talk.data("/agents/agent_one")
    assert agent["system_prompt"] == "Ho"
    assert agent["created_at"] <= agent["updated_at"]


async def test_a_name_that_is_an_id_stays_as_it_is(talk):
    await talk.apply(talk.folder, {"kind": "agent", "name": "agent_abc123", "spec": {}})
    assert (await talk.data("/agents/agent_abc123"))["name"] == "agent_abc123"


async def test_an_agent_can_have_a_name_for_people(talk):
    spec = {"name": "The Helper", "model": "m", "provider": "p"}
    await talk.apply(talk.folder, {"kind": "agent", "name": "x", "spec": spec})
    agent = await talk.data("/agents/agent_x")
    assert (agent["name"], agent["model"], agent["provider"]) == ("The Helper", "m", "p")


FLOW = {"nodes": {"in": {"type": "input", "config": {"inputName": "a"}}}, "edges": []}


@pytest.mark.parametrize(
    ("tool", "what"),
    [
        ({"type": "knowledge_base", "knowledge_base": "none"}, "knowledge base 'kb_none'"),
        ({"type": "workflow", "workflow": "none"}, "workflow 'wf_none'"),
    ],
)
async def test_what_a_tool_names_must_be_there(talk, tool, what):
    with pytest.raises(BadDefinitions, match=f"there is no {what} in this project") as caught:
        spec = {"tools": [{"name": "t", **tool}]}
        await talk.apply(talk.folder, {"kind": "agent", "name": "a", "spec": spec})
    [mistake] = caught.value.mistakes
    assert mistake.field == f"spec.tools.0.{tool['type']}"


async def test_every_kind_of_tool_can_be_given(talk):
    yaml = """
        service: flowmaestro
        kind: agent
        name: all
        spec:
          tools:
            - {name: docs, type: knowledge_base, knowledgeBaseId: manual, top_k: 3}
            - {name: flow, type: workflow, workflow_id: wf_x, timeout_seconds: 5}
            - name: web
              type: http
              method: POST
              url: https://example.test/{{ id }}
              headers: {x-key: k}
              parameters: {properties: {id: {type: integer}}, required: [id]}
    """
    base = {"kind": "knowledge_base", "name": "manual", "spec": {}}
    flow = {"kind": "workflow", "name": "x", "spec": FLOW}
    assert await talk.apply(talk.folder, yaml, base, flow) == ["created"] * 3
    tools = (await talk.data("/agents/agent_all"))["available_tools"]
    assert [(one["name"], one["type"]) for one in tools] == [
        ("docs", "knowledge_base"),
        ("flow", "workflow"),
        ("web", "http"),
    ]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"temperature": 3}, "spec.temperature"),
        ({"max_tokens": 0}, "spec.max_tokens"),
        ({"systemPrompt": "x"}, "spec.systemPrompt"),
        ({"tools": [{"name": "a b", "type": "http", "url": "http://x.test"}]}, "spec.tools.0"),
        ({"tools": [{"name": "a", "type": "mail"}]}, "spec.tools.0"),
        ({"tools": [{"name": "a", "type": "http", "url": "ftp://x"}]}, "spec.tools.0"),
        ({"tools": [{"name": "a", "type": "http", "url": "http://{{h}}/"}]}, "spec.tools.0"),
        (
            {
                "tools": [
                    {
                        "name": "a",
                        "type": "http",
                        "url": "http://x",
                        "parameters": {"type": "array"},
                    }
                ]
            },
            "spec.tools.0",
        ),
        (
            {
                "tools": [
                    {"name": "a", "type": "workflow", "workflow": "x"},
                    {"name": "a", "type": "workflow", "workflow": "y"},
                ]
            },
            "spec.tools",
        ),
    ],
)
async def test_a_mistake_names_its_field(talk, spec, field):
    with pytest.raises(BadDefinitions) as caught:
        await talk.apply(talk.folder, {"kind": "agent", "name": "bad", "spec": spec})
    [mistake] = caught.value.mistakes
    assert mistake.field.startswith(field)


@pytest.mark.parametrize("name", ["a/b", "ü", "a b"])
async def test_a_name_that_cannot_stand_in_a_path_is_refused(talk, name):
    with pytest.raises(BadDefinitions):
        await talk.apply(talk.folder, {"kind": "agent", "name": name, "spec": {}})
