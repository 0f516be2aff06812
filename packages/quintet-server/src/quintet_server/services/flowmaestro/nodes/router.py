"""router: a language model chooses the branch; without one, the words do."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from quintet_server.engines.chat.model import ChatEnd, ChatMessage, ChatRequest
from quintet_server.services.flowmaestro.nodes.config import (
    Between,
    Choice,
    Meets,
    Name,
    NodeConfig,
    RequiredText,
    Text,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.llm import PROVIDERS, completed, usage_of
from quintet_server.services.flowmaestro.nodes.model import NodeCall, NodeResult, NodeType
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.words import overlap, words_of

_INSTRUCTION = (
    "You sort messages into exactly one of the given routes. Answer with the value of the route "
    "that fits the message best, and with nothing else."
)


class Route(BaseModel):
    """`value` is the handle of the branch; label and description say what belongs there."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    value: Name
    label: Text = ""
    description: Text = ""


class RouterConfig(NodeConfig):
    """What is to be sorted is in `prompt`."""

    prompt: RequiredText
    routes: Annotated[tuple[Route, ...], Field(min_length=2), Meets.AS_VALUE]
    default_route: Text = ""
    output_variable: Name
    system_prompt: Text = ""
    provider: Annotated[str, Choice(PROVIDERS)] = "local"
    model: Text = ""
    temperature: Annotated[float, Between(0, 2)] = 0.0

    @model_validator(mode="after")
    def _values_differ(self) -> RouterConfig:
        values = [route.value.strip().lower() for route in self.routes]
        if len(set(values)) < len(values):
            raise refusal("have the same value twice", "routes")
        return self


async def execute(call: NodeCall) -> NodeResult:
    """`{outputVariable: route, _routerMetadata}`; the route's value is the handle.

    Raises:
        NodeError: the model there is cannot be reached.
    """
    config = resolved(call.config, call.scope)
    assert isinstance(config, RouterConfig)
    if call.parts.chat.is_available:
        chosen, metadata = await _asked(call, config)
    else:
        chosen, metadata = _by_words(config)
    details = {**metadata, "routes": [route.value for route in config.routes]}
    return NodeResult(
        {config.output_variable: chosen, "_routerMetadata": details},
        frozenset({chosen}),
        {config.output_variable: chosen},
    )


async def _asked(call: NodeCall, config: RouterConfig) -> tuple[str, dict[str, Any]]:
    routes = "\n".join(
        f"- {route.value}: {' – '.join(filter(None, (route.label, route.description)))}"
        for route in config.routes
    )
    request = ChatRequest(
        messages=(
            ChatMessage("system", f"{config.system_prompt or _INSTRUCTION}\n\nRoutes:\n{routes}"),
            ChatMessage("user", config.prompt),
        ),
        model=config.model or None,
        temperature=config.temperature,
        max_tokens=100,
        response_schema={
            "type": "object",
            "properties": {
                "route": {"type": "string", "enum": [route.value for route in config.routes]}
            },
            "required": ["route"],
            "additionalProperties": False,
        },
    )
    end = await completed(call.parts.chat, request)
    found = _route_in(end, config)
    return found or _otherwise(config), {
        "method": "model",
        "isDefault": found is None,
        "model": end.model,
        "provider": end.provider,
        "usage": usage_of(end),
    }


def _route_in(end: ChatEnd, config: RouterConfig) -> str | None:
    """The route an answer names: as asked for, or, from models without schemas, by its text."""
    try:
        parsed = orjson.loads(end.text)
    except orjson.JSONDecodeError:
        parsed = None
    said = parsed.get("route") if isinstance(parsed, dict) else end.text
    wanted = str(said).strip().strip("\"'.").lower()
    for route in config.routes:
        if wanted in (route.value.strip().lower(), route.label.strip().lower() or None):
            return route.value
    return None


def _by_words(config: RouterConfig) -> tuple[str, dict[str, Any]]:
    """The route whose label and description share most words with the prompt."""
    wanted = words_of(config.prompt)
    scores = {
        route.value: overlap(words_of(f"{route.value} {route.label} {route.description}"), wanted)
        for route in config.routes
    }
    best = max(scores, key=lambda value: scores[value])
    found = scores[best] > 0
    metadata = {"method": "keywords", "isDefault": not found, "scores": scores}
    return best if found else _otherwise(config), metadata


def _otherwise(config: RouterConfig) -> str:
    return config.default_route or config.routes[0].value


TYPE = NodeType("router", RouterConfig, execute, has_effect=True)
