"""Networks: who reports conversions, in which words, under which key, from which addresses."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from starlette.responses import Response

from quintet_server.services.ghostflow.catalog import operations
from quintet_server.services.ghostflow.catalog.fields import (
    ConversionStatus,
    Key,
    ParameterName,
    TeamCurrency,
    each_once,
)
from quintet_server.services.ghostflow.catalog.links import origin, postback_url
from quintet_server.services.ghostflow.catalog.references import refuse_if_in_offers
from quintet_server.services.ghostflow.catalog.resource import (
    Part,
    ReadOnly,
    Resource,
    ResourceBody,
    Row,
    Values,
    show_common,
)
from quintet_server.services.ghostflow.context import Call, write
from quintet_server.services.ghostflow.wire import Name
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["NETWORKS", "PARAMETERS", "CreateNetwork", "NetworkBody", "rotate_key"]

PARAMETERS: Mapping[str, str] = {
    "clickId": "click_id",
    "payout": "payout",
    "status": "status",
    "txId": "tx_id",
    "currency": "currency",
    "event": "event",
}
"""What a postback can say, and the parameters it is said in unless a network has others."""

_BASE62 = string.ascii_letters + string.digits
_KEY_CHARS = 32
_WORDS_MAX = 200
_ADDRESSES_MAX = 200


class ParamMap(Part):
    """The names of a network's parameters."""

    click_id: ParameterName = PARAMETERS["clickId"]
    payout: ParameterName = PARAMETERS["payout"]
    status: ParameterName = PARAMETERS["status"]
    tx_id: ParameterName = PARAMETERS["txId"]
    currency: ParameterName = PARAMETERS["currency"]
    event: ParameterName = PARAMETERS["event"]

    @model_validator(mode="after")
    def _tells_apart(self) -> ParamMap:
        names = list(self.named().values())
        if len(set(names)) < len(names):
            raise ValueError("must give each of them a name of its own")
        return self

    def named(self) -> dict[str, str]:
        """All of them."""
        return self.model_dump(by_alias=True)

    def stored(self) -> dict[str, Any]:
        """What differs from the defaults."""
        return {key: name for key, name in self.named().items() if name != PARAMETERS[key]}


def _status_map(given: dict[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for word, status in given.items():
        if lowered.setdefault(word.lower(), status) != status:
            raise ValueError(f"says two things of {word.lower()!r}: words are read without case")
    return lowered


def _cidr(given: str) -> str:
    try:
        return str(ip_network(given.strip(), strict=False))
    except ValueError:
        raise ValueError("must be an address or a range such as 203.0.113.0/24") from None


StatusMap = Annotated[
    dict[Key, ConversionStatus], Field(max_length=_WORDS_MAX), AfterValidator(_status_map)
]
Cidr = Annotated[str, StringConstraints(max_length=100), AfterValidator(_cidr)]
Cidrs = Annotated[list[Cidr], Field(max_length=_ADDRESSES_MAX), AfterValidator(each_once)]


class NetworkBody(ResourceBody):
    """A change of a network."""

    currency: TeamCurrency = None
    param_map: ParamMap = ParamMap()
    status_map: StatusMap = Field(default_factory=dict)
    require_ip: Cidrs = Field(default_factory=list)
    postback_key: ReadOnly = None
    postback_url: ReadOnly = None


class CreateNetwork(NetworkBody):
    """A new network."""

    name: Name


def _show(call: Call, row: Row) -> dict[str, Any]:
    parameters = {**PARAMETERS, **row["param_map"]}
    return {
        **show_common(row),
        "currency": row["currency"] or call.team.currency,
        "paramMap": parameters,
        "statusMap": row["status_map"],
        "postbackKey": row["postback_key"],
        "postbackUrl": postback_url(origin(call), row["postback_key"], parameters),
        "requireIp": row["require_ip"],
    }


async def _prepare(_call: Call, _conn: Connection, old: Row | None, values: Values) -> None:
    if old is None:
        values["postback_key"] = _new_key()


def _new_key() -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(_KEY_CHARS))


async def _untie(call: Call, conn: Connection, row: Row) -> None:
    await refuse_if_in_offers(conn, call.team.id, row["id"])


NETWORKS = Resource(
    noun="Network",
    plural="networks",
    table="ghostflow_networks",
    body=NetworkBody,
    show=_show,
    more_columns=("postback_key",),
    json_columns=frozenset({"param_map", "status_map"}),
    prepare=_prepare,
    untie=_untie,
)


async def rotate_key(call: Call) -> Response:
    """`POST /networks/{id}/rotate-key`: another key; the old one is of no use from now on."""

    async def action(conn: Connection) -> Reply:
        row = await operations.locked(NETWORKS, call, conn)
        new = await operations.apply(NETWORKS, call, conn, row, {"postback_key": _new_key()})
        return operations.reply(NETWORKS, call, new)

    return await write(call, action)
