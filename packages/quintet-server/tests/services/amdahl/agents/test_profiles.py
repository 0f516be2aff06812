"""Profiles: the built-in ones, those a project defines, and what is wrong with a definition."""

from __future__ import annotations

import pytest

from quintet_server.definitions.apply import BadDefinitions
from quintet_server.services.amdahl.agents.desk import Result


def document(id="digest", /, **spec):
    return {"kind": "profile", "name": id, "spec": {"kind": "researcher", **spec}}


async def test_built_in_profiles_have_the_documented_numbers(api):
    answer = await api.ask("GET", "/agent-profiles")
    assert (answer["total"], answer["has_more"], answer["next_cursor"]) == (4, False, None)
    shown = {
        one["id"]: (
            one["max_turns"],
            one["temperature"],
            one["producesArtifactType"],
            sorted(one["inputParamsSchema"]["properties"]),
        )
        for one in answer["items"]
    }
    assert shown == {
        "content_writer": (
            25,
            0.3,
            "content_piece",
            ["audience", "channel", "content_type", "project_id", "voice_profile_id"],
        ),
        "researcher": (20, 0.2, "research_report", ["audience", "depth", "must_cover"]),
        "copilot": (15, 0.4, None, ["depth", "on_question"]),
        "orchestrator": (50, 0.2, None, ["audience", "channel", "depth", "on_question"]),
    }
    assert {one["version"] for one in answer["items"]} == {"1.0"}


async def test_a_profile_is_read_by_its_id_and_others_are_404(api):
    one = await api.ask("GET", "/agent-profiles/copilot")
    assert (one["name"], one["built_in"], one["kind"]) == ("Copilot", True, "copilot")
    await api.refused("GET", "/agent-profiles/none", None, 404, "not_found")


async def test_profiles_are_paged_both_ways(api, tmp_path):
    await api.apply(tmp_path, document("first"), document("second"))
    everything = [one["id"] for one in (await api.ask("GET", "/agent-profiles"))["items"]]
    assert len(everything) == 6
    first = await api.ask("GET", "/agent-profiles?limit=4")
    rest = await api.ask("GET", f"/agent-profiles?limit=4&cursor={first['next_cursor']}")
    by_offset = await api.ask("GET", "/agent-profiles?limit=4&offset=4")
    assert [one["id"] for one in first["items"] + rest["items"]] == everything
    assert by_offset["items"] == rest["items"]
    assert (rest["next_cursor"], rest["has_more"]) == (None, False)


async def test_a_defined_profile_runs_with_what_it_says_and_the_rest_of_its_kind(agents, tmp_path):
    @agents.script
    async def shows(desk):
        profile = desk.profile
        return Result(
            profile.instructions,
            data={
                "kind": profile.kind,
                "turns": profile.max_turns,
                "temperature": profile.temperature,
                "artifact": profile.artifact_type,
            },
        )

    schema = {
        "type": "object",
        "properties": {"since": {"$ref": "#/$defs/year"}},
        "required": ["since"],
        "$defs": {"year": {"type": "integer", "minimum": 2000}},
    }
    spec = {"name": "Digest", "instructions": "Be brief.", "input_params_schema": schema}
    api = agents.api
    defined = document(**spec, max_turns=7)
    assert await api.apply(tmp_path, defined) == ["created"]
    assert await api.apply(tmp_path, defined) == ["unchanged"]
    shown = await api.ask("GET", "/agent-profiles/digest")
    assert (shown["name"], shown["built_in"], shown["inputParamsSchema"]) == (
        "Digest",
        False,
        schema,
    )
    status = await agents.ended("shows", "digest", since=2024)
    assert status["result"]["text"] == "Be brief."
    assert status["result"]["data"] == {
        "kind": "researcher",
        "turns": 7,
        "temperature": 0.2,
        "artifact": "research_report",
    }
    body = {"profile_id": "digest", "task": "shows", "input_params": {"since": 1}}
    error = await api.refused("POST", "/agents/run", body, 400, "invalid_argument")
    assert error["details"]["field"] == "input_params.since"
    other = await api.other_project()
    await other.refused("POST", "/agents/run", body, 400, "invalid_argument")


async def test_a_changed_profile_concerns_later_sessions_only(agents, tmp_path):
    @agents.script
    async def waits(desk):
        await desk.ask("q", "text", {}, {"type": "object"})
        return Result(desk.profile.instructions)

    await agents.api.apply(tmp_path, document(instructions="old"))
    status = await agents.ended("waits", "digest")
    assert await agents.api.apply(tmp_path, document(instructions="new")) == ["updated"]
    await agents.resume(status["session_id"], text="x")
    assert (await agents.settled(status["session_id"]))["result"]["text"] == "old"


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    [
        ({"kind": "poet"}, "spec.kind", "content_writer"),
        ({"max_turns": 0}, "spec.max_turns", "greater"),
        ({"max_turns": "3"}, "spec.max_turns", "integer"),
        ({"temperature": 3}, "spec.temperature", "less"),
        ({"artifact_type": "Big One"}, "spec.artifact_type", "pattern"),
        ({"colour": "red"}, "spec.colour", "no such field"),
        (
            {"input_params_schema": {"type": "object", "properties": {"a": {"type": "text"}}}},
            "spec.input_params_schema.properties.a.type",
            "text",
        ),
        ({"input_params_schema": {"type": "array"}}, "spec.input_params_schema.type", "object"),
        ({"input_params_schema": {"properties": {}}}, "spec.input_params_schema", "object"),
        (
            {"input_params_schema": {"type": "object", "$ref": "http://127.0.0.1:9/x"}},
            "spec.input_params_schema",
            "refers",
        ),
        (
            {"input_params_schema": {"type": "object", "$ref": "#"}},
            "spec.input_params_schema",
            "refers",
        ),
    ],
)
async def test_what_is_wrong_with_a_definition_names_file_line_and_field(
    api, tmp_path, spec, field, said
):
    with pytest.raises(BadDefinitions) as bad:
        await api.apply(tmp_path, document(**spec))
    [mistake] = bad.value.mistakes
    assert (mistake.field, mistake.line) == (field, 1)
    assert mistake.file.parent == tmp_path
    assert said in mistake.message


async def test_the_line_of_a_mistake_is_that_of_its_field(api, tmp_path):
    text = """
        service: amdahl
        kind: profile
        name: digest
        spec:
          kind: researcher
          input_params_schema:
            type: object
            properties:
              a: {type: words}
        """
    with pytest.raises(BadDefinitions) as bad:
        await api.apply(tmp_path, text)
    assert bad.value.mistakes[0].line == 9


@pytest.mark.parametrize("name", ["researcher", "Big One", "ä", "x" * 65])
async def test_names_that_cannot_be_ids_are_refused(api, tmp_path, name):
    with pytest.raises(BadDefinitions) as bad:
        await api.apply(tmp_path, document(name))
    assert repr(name) in str(bad.value)
