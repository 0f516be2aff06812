"""The paths of the gateway: below the mount, and the same at the root of the host.

OpenAI's clients take `…/v1/ai/gateway/<slug>` or `…/api/gateway/<slug>/v1` as their base URL.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from quintet_server.services.aerostack.endpoints import Endpoint
from quintet_server.services.aerostack.gateway.accounts import (
    BillingLog,
    BillingLogged,
    billing_log,
    my_usage,
    my_wallet,
)
from quintet_server.services.aerostack.gateway.chatting import (
    chat_completions,
    get_model,
    list_models,
)
from quintet_server.services.aerostack.gateway.definitions import KINDS
from quintet_server.services.aerostack.gateway.embedding import embeddings
from quintet_server.services.aerostack.gateway.serving import Handler, for_openai_too

__all__ = ["ENDPOINTS", "HOST_PREFIXES", "HOST_ROUTES", "KINDS", "PUBLIC_PREFIXES", "ROUTES"]

_HOST = "/api/gateway"
_MOUNTED = "/ai/gateway"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/gateway/billing/log",
        handler=billing_log,
        operation_id="gatewayBillingLog",
        summary="Charge a consumer for units used outside the gateway",
        scope="billing",
        request=BillingLog,
        response=BillingLogged,
    ),
)
# Method, path below /ai/gateway, path below /api/gateway, handler. What is the caller's own comes
# first: `me` is no slug.
_TABLE: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", "/me/wallet", "/me/wallet", my_wallet),
    ("GET", "/me/usage", "/me/usage", my_usage),
    ("POST", "/{slug}/chat/completions", "/{slug}/v1/chat/completions", chat_completions),
    ("POST", "/{slug}/embeddings", "/{slug}/v1/embeddings", embeddings),
    ("GET", "/{slug}/models", "/{slug}/v1/models", list_models),
    ("GET", "/{slug}/models/{model:path}", "/{slug}/v1/models/{model:path}", get_model),
)


def _routes(prefix: str, column: int) -> tuple[BaseRoute, ...]:
    return tuple(
        Route(f"{prefix}{row[column]}", for_openai_too(row[3]), methods=[row[0]]) for row in _TABLE
    )


ROUTES = _routes(_MOUNTED, 1)
HOST_ROUTES = _routes(_HOST, 2)
HOST_PREFIXES = (_HOST,)
PUBLIC_PREFIXES = (f"{_MOUNTED}/", f"{_HOST}/")
