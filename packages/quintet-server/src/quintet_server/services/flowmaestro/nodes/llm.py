"""llm: a text by a language model.

Every provider's name is accepted; what answers is the model of this server, local or behind
`AI_BASE_URL`, and the output says which (`model`, `provider`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatEnd,
    ChatError,
    ChatFailed,
    ChatMessage,
    ChatRequest,
    ChatUnavailable,
)
from quintet_server.services.flowmaestro.nodes.config import (
    Between,
    Choice,
    NodeConfig,
    RequiredText,
    Text,
)
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named

if TYPE_CHECKING:
    from quintet_server.engines.chat.engine import Chat

PROVIDERS = ("openai", "anthropic", "google", "cohere", "huggingface", "xai", "local")


class LlmConfig(NodeConfig):
    """`connectionId` is accepted and not needed: the operator configures the model."""

    provider: Annotated[str, Choice(PROVIDERS)] = "local"
    model: RequiredText
    prompt: RequiredText
    system_prompt: Text = ""
    temperature: Annotated[float, Between(0, 2)] = 0.7
    max_tokens: Annotated[int, Between(1, 1_000_000, whole=True)] = 1000
    top_p: Annotated[float | None, Between(0, 1)] = None
    connection_id: Text = ""
    output_variable: str = ""


async def execute(call: NodeCall) -> NodeResult:
    """`{text, usage: {promptTokens, completionTokens, totalTokens}, model, provider}`.

    Raises:
        NodeError: an empty prompt, no model, or no answer.
    """
    config = resolved(call.config, call.scope)
    assert isinstance(config, LlmConfig)
    if not config.prompt.strip():
        raise NodeError("prompt is empty", "invalid_config")
    messages = [ChatMessage("user", config.prompt)]
    if config.system_prompt.strip():
        messages.insert(0, ChatMessage("system", config.system_prompt))
    request = ChatRequest(
        messages=tuple(messages),
        model=config.model,
        temperature=config.temperature,
        max_tokens=config.max_tokens,
        top_p=config.top_p,
    )
    end = await completed(call.parts.chat, request)
    return named(config.output_variable, answer_of(end))


def answer_of(end: ChatEnd) -> dict[str, Any]:
    """A finished answer as nodes put it out."""
    return {"text": end.text, "usage": usage_of(end), "model": end.model, "provider": end.provider}


def usage_of(end: ChatEnd) -> dict[str, int]:
    """The tokens of an answer, in the spelling of node outputs."""
    return {
        "promptTokens": end.usage.prompt_tokens,
        "completionTokens": end.usage.completion_tokens,
        "totalTokens": end.usage.total_tokens,
    }


async def completed(chat: Chat, request: ChatRequest) -> ChatEnd:
    """The whole answer, in one attempt: whoever runs the node sees to further ones.

    Raises:
        NodeError: no answer; `retryable` if the engine or the way to it broke or had too much to
            do.
    """
    try:
        return await chat.complete(request)
    except (ChatFailed, ChatBusy) as error:
        raise NodeError(error.message, "model_failed", retryable=True) from error
    except ChatUnavailable as error:
        raise NodeError(error.message, "model_unavailable") from error
    except ChatError as error:
        raise NodeError(error.message, "model_refused") from error


TYPE = NodeType("llm", LlmConfig, execute, has_effect=True)
