"""`kind: webhook` of definition files.

A document's name is what makes applying it again an update; the id is made here, as two projects
may use one name. No call shows a secret later, so a receiver that checks signatures needs one that
is written in the document; without it one is made that nobody sees.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from quintet_server.definitions.apply import DefinitionError
from quintet_server.definitions.kinds import Kind, Outcome
from quintet_server.engines.hooks.formats import Formats
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.signing import SECRET_PREFIX
from quintet_server.engines.hooks.subscriptions import Subscriptions
from quintet_server.services.flowmaestro.context import SERVICE
from quintet_server.services.flowmaestro.settings import FlowMaestroSettings
from quintet_server.services.flowmaestro.webhooks import store
from quintet_server.services.flowmaestro.webhooks.checking import Refused, Wanted, for_change
from quintet_server.services.flowmaestro.webhooks.format import hook_format
from quintet_server.services.flowmaestro.webhooks.store import Webhook
from quintet_server.settings import ServerSettings
from quintet_server.store.database import Connection, Database

_HINT = "QUINTET_ALLOW_PRIVATE_TARGETS=true, for server and command, permits private addresses"


class WebhookSpec(BaseModel):
    """As in a request to create one, and beside that its secret, and whether it is on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str
    events: list[str]
    name: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    secret: str | None = Field(
        default=None, min_length=32, max_length=200, pattern=rf"^{SECRET_PREFIX}[!-~]+$"
    )
    is_active: bool = Field(
        default=True, validation_alias=AliasChoices("is_active", "enabled", "isActive")
    )


async def apply_webhook(conn: Connection, project_id: str, name: str, spec: WebhookSpec) -> Outcome:
    """Create or update a webhook."""
    settings, subscriptions = FlowMaestroSettings(), _subscriptions()
    webhook = await _known(conn, subscriptions, project_id, name)
    try:
        wanted = for_change(_body(name, spec), https_required=settings.webhook_https_required)
        if webhook is None:
            await store.create(
                conn, subscriptions, project_id, wanted, secret=spec.secret, defined_as=name
            )
            return "created"
        if _is_same(webhook, wanted, spec.secret):
            return "unchanged"
        await store.change(conn, subscriptions, webhook, wanted, secret=spec.secret)
    except Refused as error:
        hint = f" ({_HINT})" if "cannot be called" in str(error) else ""
        raise DefinitionError(f"{error}{hint}", error.field) from error
    return "updated"


def _body(name: str, spec: WebhookSpec) -> dict[str, Any]:
    shown = spec.model_dump(exclude={"secret"})
    return {**shown, "name": spec.name or name}


async def _known(
    conn: Connection, subscriptions: Subscriptions, project_id: str, name: str
) -> Webhook | None:
    webhook_id = await store.find_defined(conn, project_id, name)
    if webhook_id is None:
        return None
    return await store.find(conn, subscriptions, project_id, webhook_id)


def _is_same(webhook: Webhook, wanted: Wanted, secret: str | None) -> bool:
    stored = webhook.subscription
    return (
        webhook.name == wanted.name
        and stored.url == wanted.url
        and stored.events == wanted.events
        and dict(stored.headers) == dict(wanted.headers or {})
        and stored.enabled == wanted.is_active
        and (secret is None or stored.secrets[0] == secret)
    )


def _subscriptions() -> Subscriptions:
    formats = Formats()
    formats.register(SERVICE, hook_format(FlowMaestroSettings()))
    return Subscriptions(
        cast("Database", None),  # definitions are written on the connection they are given
        formats,
        HookSettings(),
        allow_private=ServerSettings().allow_private_targets,
    )


KINDS = (Kind("flowmaestro", "webhook", WebhookSpec, apply_webhook),)
