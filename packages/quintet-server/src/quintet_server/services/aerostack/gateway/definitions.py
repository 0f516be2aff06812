"""What `quintet apply` can define here: APIs on offer, and consumers with their wallets."""

from __future__ import annotations

from quintet_server.definitions.kinds import Kind
from quintet_server.services.aerostack.context import SERVICE
from quintet_server.services.aerostack.gateway.apis import ApiSpec, apply_api
from quintet_server.services.aerostack.gateway.consumers import ConsumerSpec, apply_consumer

__all__ = ["KINDS"]

KINDS: tuple[Kind, ...] = (
    Kind(SERVICE, "gateway-api", ApiSpec, apply_api),
    Kind(SERVICE, "gateway-consumer", ConsumerSpec, apply_consumer, order=1),
)
