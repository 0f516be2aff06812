"""The profiles that every project has, and how profiles look on the wire.

Turns, temperatures, artifacts and parameters are the vendor's, version 1.0 of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.services.amdahl.agents.model import Kind, Profile
from quintet_server.services.amdahl.wire import instant

__all__ = ["BUILT_IN", "params_schema", "profile_object"]


def params_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schema of an object whose properties are all optional; others pass unread."""
    return {"type": "object", "properties": dict(properties)}


def _texts(**descriptions: str) -> dict[str, Any]:
    return {
        name: {"type": "string", "description": description}
        for name, description in descriptions.items()
    }


_DEPTH = {
    "type": "string",
    "enum": ["quick", "standard", "deep", "high"],
    "description": "How far to go; high is another word for deep.",
}
_ON_QUESTION = {
    "type": "string",
    "enum": ["pause", "auto", "none"],
    "description": "Whether to ask back, to choose what is likeliest, or to leave it open.",
}

_PROFILES = (
    Profile(
        id="content_writer",
        name="Content writer",
        description="Writes a piece of content from the workspace's own data, after its outline "
        "has been approved.",
        kind="content_writer",
        max_turns=25,
        temperature=0.3,
        artifact_type="content_piece",
        input_params_schema=params_schema(
            _texts(
                project_id="The content project it belongs to.",
                channel="Where it will appear: blog, linkedin, newsletter, …",
                content_type="What kind of piece it is.",
                audience="Whom it is for.",
                voice_profile_id="Whose voice it is written in.",
            )
        ),
        pauses="outline approval",
    ),
    Profile(
        id="researcher",
        name="Researcher",
        description="Answers a question with findings, each of which names its sources in the "
        "workspace's data.",
        kind="researcher",
        max_turns=20,
        temperature=0.2,
        artifact_type="research_report",
        input_params_schema=params_schema(
            {
                **_texts(audience="Whom it is for."),
                "depth": _DEPTH,
                "must_cover": {
                    "type": "array",
                    "items": {"type": "string"},
                    "maxItems": 20,
                    "description": "Questions that must be answered.",
                },
            }
        ),
    ),
    Profile(
        id="copilot",
        name="Copilot",
        description="Answers questions about the workspace's data, and asks back if it has to.",
        kind="copilot",
        max_turns=15,
        temperature=0.4,
        input_params_schema=params_schema({"depth": _DEPTH, "on_question": _ON_QUESTION}),
        pauses="may ask a question",
    ),
    Profile(
        id="orchestrator",
        name="Orchestrator",
        description="Splits a larger task into parts and has each of them worked on.",
        kind="orchestrator",
        max_turns=50,
        temperature=0.2,
        input_params_schema=params_schema(
            {
                "depth": _DEPTH,
                "on_question": _ON_QUESTION,
                **_texts(audience="Whom it is for.", channel="Where what is written will appear."),
            }
        ),
        pauses="may ask a question",
    ),
)

BUILT_IN: Mapping[Kind, Profile] = {profile.kind: profile for profile in _PROFILES}
"""By kind, which is also their id."""


def profile_object(profile: Profile, created_at: Any, updated_at: Any) -> dict[str, Any]:
    """A profile as the API shows it: the vendor's five names, and ours behind them."""
    return {
        "id": profile.id,
        "name": profile.name,
        "description": profile.description,
        "producesArtifactType": profile.artifact_type,
        "inputParamsSchema": dict(profile.input_params_schema),
        "version": profile.version,
        "kind": profile.kind,
        "max_turns": profile.max_turns,
        "temperature": profile.temperature,
        "pauses": profile.pauses,
        "built_in": profile.id in BUILT_IN,
        "created_at": instant(created_at),
        "updated_at": instant(updated_at),
    }
