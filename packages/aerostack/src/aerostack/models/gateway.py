"""Wallets and billing of the gateway; its chats are those of ``ai``."""

from __future__ import annotations

from typing_extensions import NotRequired, TypedDict

from aerostack._model import BaseModel, CamelModel

__all__ = [
    "GatewayBillingLogRequestBody",
    "GatewayBillingLogRequestBodyTypedDict",
    "GatewayBillingLogResponseBody",
    "GatewayWalletResponseBody",
    "Wallet",
]


class Wallet(BaseModel):
    """What a consumer has left and has used."""

    balance: float | None = None
    total_consumed: float | None = None
    total_purchased: float | None = None
    plan_type: str | None = None
    hard_limit: float | None = None
    soft_limit: float | None = None


class GatewayWalletResponseBody(BaseModel):
    """The wallet of a consumer."""

    wallet: Wallet | None = None


class GatewayBillingLogRequestBodyTypedDict(TypedDict):
    """What a consumer used."""

    consumer_id: str
    api_id: str
    units: int
    metric: NotRequired[str]


class GatewayBillingLogRequestBody(CamelModel):
    """What a consumer used.

    Attributes:
        consumer_id: Who.
        api_id: Of what.
        units: How much.
        metric: In which unit; ``"units"`` without it.
    """

    consumer_id: str
    api_id: str
    units: int
    metric: str | None = None


class GatewayBillingLogResponseBody(CamelModel):
    """What was debited."""

    success: bool | None = None
    logged_units: int | None = None
