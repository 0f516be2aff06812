"""The endpoints of the catalog, and the start of the room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from pydantic import BaseModel

from quintet_server.engines.hooks.target import guarded_client
from quintet_server.services.ghostflow.catalog import (
    campaigns,
    documents,
    operations,
    sources,
    verification,
)
from quintet_server.services.ghostflow.catalog.campaigns import CAMPAIGNS, CreateCampaign
from quintet_server.services.ghostflow.catalog.domains import DOMAINS, CreateDomain
from quintet_server.services.ghostflow.catalog.networks import (
    NETWORKS,
    CreateNetwork,
    rotate_key,
)
from quintet_server.services.ghostflow.catalog.offers import OFFERS, CreateOffer
from quintet_server.services.ghostflow.catalog.resource import Resource, ResourceBody
from quintet_server.services.ghostflow.catalog.sources import SOURCES, CreateSource
from quintet_server.services.ghostflow.catalog.verification import (
    HOST_PREFIXES,
    HOST_ROUTES,
    PUBLIC_PREFIXES,
    SECONDS,
    Verifier,
)
from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.endpoints import Endpoint, Handler
from quintet_server.services.ghostflow.listing import SEARCHED_PAGE
from quintet_server.services.ghostflow.parameters import Param, choice_of

__all__ = ["ENDPOINTS", "HOST_PREFIXES", "HOST_ROUTES", "PUBLIC_PREFIXES", "start"]


def _status(resource: Resource) -> tuple[Param, ...]:
    """The states that a list can be asked for."""
    return (choice_of("status", (*resource.statuses, "all")),) if resource.statuses else ()


def _endpoints(
    resource: Resource,
    made_of: type[ResourceBody],
    one: type[BaseModel],
    many: type[BaseModel],
    *,
    create: Handler | None = None,
) -> tuple[Endpoint, ...]:
    """The six lines that every resource has."""
    plural, noun = resource.plural, resource.noun.lower()
    path, item = f"/{plural}", f"/{plural}/{{id}}"
    read, write = f"read:{plural}", f"write:{plural}"
    change = partial(operations.change, resource)
    return (
        Endpoint(
            path=path,
            handler=partial(operations.list_, resource),
            operation_id=f"{plural}.list",
            summary=f"The {plural} of the team, newest first",
            scope=read,
            response=many,
            query=(*SEARCHED_PAGE, *_status(resource)),
            description="Query: `limit`, `cursor`, `search`, `status`, `sort`. The total is in "
            "`X-Total-Count`; when more follows, `X-Next-Cursor` and `Link` say how to go on.",
        ),
        Endpoint(
            path=path,
            method="POST",
            handler=create or partial(operations.create, resource),
            operation_id=f"{plural}.create",
            summary=f"Make a {noun}",
            scope=write,
            request=made_of,
            response=one,
            status=201,
        ),
        Endpoint(
            path=item,
            handler=partial(operations.get, resource),
            operation_id=f"{plural}.get",
            summary=f"One {noun}",
            scope=read,
            response=one,
        ),
        Endpoint(
            path=item,
            method="PATCH",
            handler=change,
            operation_id=f"{plural}.update",
            summary=f"Change what is sent of a {noun}",
            scope=write,
            request=resource.body,
            response=one,
            description="With `If-Match`, only if it still has that version.",
        ),
        Endpoint(
            path=item,
            method="PUT",
            handler=change,
            operation_id=f"{plural}.put",
            summary="The same as PATCH, for clients that have no PATCH",
            scope=write,
            request=resource.body,
            response=one,
        ),
        Endpoint(
            path=item,
            method="DELETE",
            handler=partial(operations.delete, resource),
            operation_id=f"{plural}.delete",
            summary=f"Delete a {noun}",
            scope=write,
            response=documents.Deleted,
        ),
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    *_endpoints(CAMPAIGNS, CreateCampaign, documents.Campaign, documents.Campaigns),
    Endpoint(
        path="/campaigns/{id}/clone",
        method="POST",
        handler=campaigns.clone,
        operation_id="campaigns.clone",
        summary="Make a paused campaign like this one, with another link",
        scope="write:campaigns",
        response=documents.Campaign,
        status=201,
    ),
    *_endpoints(OFFERS, CreateOffer, documents.Offer, documents.Offers),
    Endpoint(  # before the paths that an id would stand in
        path="/sources/templates",
        handler=sources.templates,
        operation_id="sources.templates",
        summary="Parameters of well-known sources",
        scope="read:sources",
        response=documents.SourceTemplates,
    ),
    *_endpoints(SOURCES, CreateSource, documents.Source, documents.Sources, create=sources.create),
    *_endpoints(NETWORKS, CreateNetwork, documents.Network, documents.Networks),
    Endpoint(
        path="/networks/{id}/rotate-key",
        method="POST",
        handler=rotate_key,
        operation_id="networks.rotateKey",
        summary="Give a network another postback key; the old one is of no use any more",
        scope="write:networks",
        response=documents.Network,
    ),
    *_endpoints(DOMAINS, CreateDomain, documents.Domain, documents.Domains),
    Endpoint(
        path="/domains/{id}/verify",
        method="POST",
        handler=verification.verify,
        operation_id="domains.verify",
        summary="Look whether a domain shows its token",
        scope="write:domains",
        response=documents.Domain,
    ),
)


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Open what domains are verified with; returns what closes it."""
    client = guarded_client(allow_private=parts.allow_private_targets, timeout_seconds=SECONDS)
    verifier = parts.rooms[Verifier] = Verifier(client)
    return verifier.close
