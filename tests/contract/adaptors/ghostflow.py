"""GhostFlow, described to the contract checks: towards a server of one's own, and the hosted one.

The hosted service is not known to honour idempotency keys, so there the same POST is no write that
may be repeated.
"""

from __future__ import annotations

from typing import Any

from ghostflow import AsyncGhostFlowClient, GhostFlowClient, GhostFlowError
from quintet.testing import reply
from quintet.testing.contract import Adaptor, Call

KEY = "gf_0123456789abcdefghijABCDEFGHIJ0123456789abc"
OWN = "https://track.example/ghostflow/api/v1"
HOSTED = "https://devcore.getghostflow.io/api/v1"
CAMPAIGN = {"id": "019d8e2f-5a3b-7c4d-8e6f-0123456789ab", "name": "S", "url": "https://a.example"}
CREATE = Call(lambda gf: gf.campaigns.create("S", "https://a.example"), reply(201, json=CAMPAIGN))


def adaptor(client: Any, blocking: bool, base_url: str) -> Adaptor:
    def make(**options: Any) -> Any:
        return client(KEY, base_url, **options)

    own = base_url == OWN
    return Adaptor(
        name="ghostflow" if own else "ghostflow-hosted",
        blocking=blocking,
        make=make,
        error=GhostFlowError,
        key=KEY,
        read=Call(lambda gf: gf.get("/campaigns"), reply(200, json=[CAMPAIGN])),
        write=CREATE if own else None,
        unsafe=None if own else CREATE,
        retried=(408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524),
        given_up=(400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 501, 505),
    )


ADAPTORS = [
    adaptor(client, blocking, base_url)
    for base_url in (OWN, HOSTED)
    for client, blocking in ((GhostFlowClient, True), (AsyncGhostFlowClient, False))
]
