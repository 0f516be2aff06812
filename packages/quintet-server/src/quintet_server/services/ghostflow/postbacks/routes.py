"""`/postback/{key}` for networks, and `/postbacks`, the log of what came and went."""

from __future__ import annotations

from starlette.routing import Route

from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.postbacks.listing import QUERY, list_postbacks
from quintet_server.services.ghostflow.postbacks.receiving import METHODS, PATH, receive_postback
from quintet_server.services.ghostflow.postbacks.running import start
from quintet_server.services.ghostflow.postbacks.shapes import PostbackList

__all__ = [
    "ENDPOINTS",
    "HOST_PREFIXES",
    "HOST_ROUTES",
    "PUBLIC_PREFIXES",
    "SECRET_PREFIXES",
    "start",
]

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/postbacks",
        handler=list_postbacks,
        operation_id="postbacks.list",
        summary="List postbacks",
        description="Newest first. Filters: direction (in, out), outcome, status, campaignId, "
        "offerId, sourceId, networkId, event, clickId, txId, conversionId; from and to: two days, "
        "both inclusive, in timezone (the team's unless given), or two instants, the second "
        "exclusive; either may be missing.",
        scope="read:stats",
        response=PostbackList,
        query=QUERY,
    ),
)
HOST_ROUTES = (Route(f"{PATH}/{{key}}", receive_postback, methods=METHODS),)
HOST_PREFIXES: tuple[str, ...] = (f"{PATH}/",)
PUBLIC_PREFIXES: tuple[str, ...] = (f"{PATH}/",)
SECRET_PREFIXES: tuple[str, ...] = (f"{PATH}/",)
