"""Networks: who pays for conversions, and reports them by postback."""

# ruff: noqa: N815 - the names are the wire's

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ghostflow.types.shared import Stored


class Network(Stored):
    """An affiliate network. ``postbackKey`` is a secret: whoever has it can report conversions."""

    currency: str
    paramMap: dict[str, str]
    statusMap: dict[str, str]
    postbackKey: str
    postbackUrl: str
    requireIp: list[str]


class NetworkFields(TypedDict, total=False):
    """What can be said of a network besides its name.

    Attributes:
        currency: Of payouts whose postback names none.
        param_map: The network's parameter name for each of ``clickId``, ``payout``, ``status``,
            ``txId``, ``currency``, ``event``.
        status_map: The network's word for a status, and ours for it.
        require_ip: Address ranges that postbacks must come from; none means any.
    """

    currency: str
    param_map: Mapping[str, str]
    status_map: Mapping[str, str]
    require_ip: Sequence[str]


class NetworkChanges(NetworkFields, total=False):
    """What can be changed of a network."""

    name: str
