"""What `quintet apply` can define here: agents and the tools they may use.

The parameters of a tool are a JSON Schema of an object. A workflow's are those of its inputs unless
given, a knowledge base takes a `query`. Knowledge bases and workflows are named by id or by name;
they must be there, in the same files or applied before.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from psycopg.types.json import Jsonb
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Kind, Outcome
from quintet_server.services.flowmaestro import workflow_store
from quintet_server.services.flowmaestro.knowledge import bases
from quintet_server.services.flowmaestro.references import (
    AGENT,
    KNOWLEDGE_BASE,
    WORKFLOW,
    id_of_name,
    reference,
)
from quintet_server.store.database import Connection

__all__ = ["KINDS", "AgentSpec", "HttpTool", "KnowledgeTool", "Tool", "WorkflowTool"]

# What every model's interface accepts as the name of a function.
_TOOL_NAME = r"^[A-Za-z0-9_-]{1,64}$"

_UPSERT = """
INSERT INTO flowmaestro_agents AS a (project_id, id, name, spec) VALUES (%s, %s, %s, %s)
ON CONFLICT (project_id, id) DO UPDATE
   SET name = excluded.name, spec = excluded.spec, updated_at = quintet_now()
 WHERE (a.name, a.spec) IS DISTINCT FROM (excluded.name, excluded.spec)
RETURNING xmax = 0
"""

Parameters = dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _Tool(_Strict):
    name: str = Field(pattern=_TOOL_NAME)
    description: str = Field(default="", max_length=2_000)


def _checked_parameters(value: Parameters | None) -> Parameters | None:
    if value is None:
        return None
    if value.get("type", "object") != "object":
        raise ValueError("must be the JSON Schema of an object")
    shown = {"type": "object", "properties": {}, **value}
    if not isinstance(shown["properties"], dict):
        raise ValueError("properties must be a mapping of names to schemas")  # noqa: TRY004
    if not isinstance(shown.get("required", []), list):
        raise ValueError("required must be a list of names")  # noqa: TRY004
    return shown


class KnowledgeTool(_Tool):
    """Passages of a knowledge base that fit a question."""

    type: Literal["knowledge_base"]
    knowledge_base: str = Field(
        min_length=1,
        validation_alias=AliasChoices("knowledge_base", "knowledge_base_id", "knowledgeBaseId"),
    )
    top_k: int = Field(default=5, ge=1, le=20)
    threshold: float = Field(default=0.0, ge=0, le=1)


class WorkflowTool(_Tool):
    """A workflow's execution; the tool's result are its outputs."""

    type: Literal["workflow"]
    workflow: str = Field(
        min_length=1, validation_alias=AliasChoices("workflow", "workflow_id", "workflowId")
    )
    parameters: Parameters | None = None
    timeout_seconds: float = Field(default=60.0, gt=0, le=600)

    _parameters = field_validator("parameters")(_checked_parameters)


class HttpTool(_Tool):
    """A request. `{{name}}` in the URL takes an argument, percent-encoded.

    Arguments that the URL does not name go into the query, or for POST, PUT and PATCH into a JSON
    body.
    """

    type: Literal["http"]
    url: str = Field(min_length=1, max_length=2_000)
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    parameters: Parameters | None = None
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)

    _parameters = field_validator("parameters")(_checked_parameters)

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if not value.lower().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        if "{{" in value.split("://", 1)[1].split("/", 1)[0]:
            # A model that chooses the host could be talked into sending the headers anywhere.
            raise ValueError("placeholders may stand in path and query, not in the host")
        return value


Tool = Annotated[KnowledgeTool | WorkflowTool | HttpTool, Field(discriminator="type")]


class AgentSpec(_Strict):
    """An agent. Temperature and length have the defaults of an `llm` node."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    """Shown to people; default: the document's name."""
    description: str | None = Field(default=None, max_length=2_000)
    model: str | None = Field(default=None, min_length=1)
    provider: str | None = Field(default=None, min_length=1)
    system_prompt: str = ""
    temperature: float = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=1_000, ge=1)
    tools: list[Tool] = Field(default_factory=list, max_length=64)

    @field_validator("tools")
    @classmethod
    def _named_once(cls, tools: list[Tool]) -> list[Tool]:
        names = [tool.name for tool in tools]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two tools are named {name!r}")
        return tools


async def apply_agent(conn: Connection, project_id: str, name: str, spec: AgentSpec) -> Outcome:
    """Create or update an agent."""
    for index, tool in enumerate(spec.tools):
        await _check_reference(conn, project_id, index, tool)
    values = (project_id, id_of_name(AGENT, name), spec.name or name, Jsonb(spec.model_dump()))
    row = await (await conn.execute(_UPSERT, values)).fetchone()
    if row is None:
        return "unchanged"
    return "created" if row[0] else "updated"


async def _check_reference(conn: Connection, project_id: str, index: int, tool: Tool) -> None:
    """What a tool names must be there: this kind is applied after those."""
    if isinstance(tool, KnowledgeTool):
        field, id = "knowledge_base", reference(KNOWLEDGE_BASE, tool.knowledge_base)
        is_there: object = await bases.find(conn, project_id, id)
    elif isinstance(tool, WorkflowTool):
        field, id = "workflow", reference(WORKFLOW, tool.workflow)
        is_there = await workflow_store.find(conn, project_id, id)
    else:
        return
    if is_there is None:
        message = f"there is no {field.replace('_', ' ')} {id!r} in this project"
        raise DefinitionError(message, "tools", index, field)


KINDS: tuple[Kind, ...] = (Kind("flowmaestro", "agent", AgentSpec, apply_agent, order=1),)
