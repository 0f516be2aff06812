"""`GET|POST /postback/{postbackKey}`: a network reports what became of a click.

Whatever comes of it is in the log when the answer leaves, refusals included; only keys that are
nobody's, and postbacks beyond the limit, leave nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.errors import ApiError, Failure
from quintet_server.services.ghostflow.clicks.addresses import Addresses
from quintet_server.services.ghostflow.context import GhostFlow, parts_of
from quintet_server.services.ghostflow.conversions.access import Shared
from quintet_server.services.ghostflow.conversions.recording import (
    ForeignOffer,
    Outcome,
    Report,
    UnknownClick,
    record,
)
from quintet_server.services.ghostflow.errors import click_not_found, forbidden
from quintet_server.services.ghostflow.postbacks.log import Row, add_row
from quintet_server.services.ghostflow.postbacks.networks import (
    Network,
    NetworksByKey,
    PostbackLimits,
)
from quintet_server.services.ghostflow.postbacks.reading import Said, read_parameters, said
from quintet_server.services.ghostflow.postbacks.secrets import shown_params
from quintet_server.services.ghostflow.postbacks.waiting import wait_for_click
from quintet_server.services.ghostflow.wire import ok

__all__ = ["METHODS", "PATH", "receive_postback"]

PATH = "/postback"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All come here, so that all but two are refused alike; what is none of these, the router does."""
TAKEN_METHODS = ("GET", "POST")

# A GET with an effect: nobody in between may answer it from memory.
_HEADERS = (("Cache-Control", "no-store"),)


async def receive_postback(request: Request) -> Response:
    """Take one postback in.

    Raises ApiError: 404 `NOT_FOUND` for an unknown key, `CLICK_NOT_FOUND` for a click that is not
    known (yet: it is tried again for a while), 403 from an address that is not allowed or for
    another network's offer, 400 for a payout that is none, 429.
    """
    parts, key = parts_of(request), request.path_params["key"]
    if request.method not in TAKEN_METHODS:  # HEAD among them: it only looks
        envelope = request.app.state.service.envelope
        allow = {"Allow": ", ".join(TAKEN_METHODS)}
        raise envelope.error(Failure.METHOD_NOT_ALLOWED, "Send GET or POST.", headers=allow)
    network = await parts.room(NetworksByKey).get(key)
    if network is None:
        raise ApiError(404, "NOT_FOUND", "No network has this postback key.")
    parts.room(PostbackLimits).check(network)
    return await _Postback(parts, request, network).take()


class _Postback:
    """One postback of a known network."""

    def __init__(self, parts: GhostFlow, request: Request, network: Network) -> None:
        self._parts = parts
        self._request = request
        self._network = network
        self._params: dict[str, str] = {}
        self._said: Said | None = None

    async def take(self) -> Response:
        try:
            self._check_address()
            self._params = await read_parameters(self._request)
            self._said = said(self._network, self._params)
            report = self._said.report(self._network)
        except ApiError as error:
            async with self._parts.db.connection() as conn:
                await add_row(conn, self._refused(error))
            raise
        if report is None:
            return await self._unknown(None)
        return ok(await self._record(report), headers=_HEADERS)

    async def _unknown(self, report: Report | None) -> Response:
        """404, without a wait for what cannot come."""
        error = click_not_found(self._said.click_id if self._said else "")
        async with self._parts.db.connection() as conn:
            await add_row(conn, self._refused(error))
        raise error

    async def _record(self, report: Report) -> Mapping[str, str]:
        """Write the conversion and the log in one transaction; what to answer."""
        network, parts = self._network, self._parts
        try:
            outcome = await record(
                parts,
                parts.room(Shared),
                network.team,
                report,
                network_id=network.id,
                note=lambda outcome: self._row(outcome.kind, report, outcome),
            )
        except UnknownClick:
            error = click_not_found(report.click_id)
            async with parts.db.connection() as conn:
                await wait_for_click(parts, conn, network, report, self._refused(error, report))
            raise error from None
        except ForeignOffer as refusal:
            error = forbidden(str(refusal))
            async with parts.db.connection() as conn:
                await add_row(conn, self._refused(error, report))
            raise error from None
        return _answer(outcome)

    def _check_address(self) -> None:
        """Raises ApiError: 403 for a postback from elsewhere than the network says it sends."""
        if not self._network.senders:
            return
        peer = self._request.client.host if self._request.client else ""
        headers: Mapping[bytes, bytes] = dict(self._request.scope["headers"])
        ip = self._parts.room(Addresses).client_ip(peer, headers)
        if not self._network.may_send_from(ip):
            raise forbidden(f"Postbacks to this key are not taken from {ip}.")

    def _refused(self, error: ApiError, report: Report | None = None) -> Row:
        outcome = {403: "forbidden", 404: "click_not_found"}.get(error.status, "invalid")
        row = self._row(outcome, report)
        row.http_status, row.reason = error.status, error.message
        return row

    def _row(self, outcome: str, report: Report | None, done: Outcome | None = None) -> Row:
        network, told = self._network, self._said
        row = Row(
            team_id=network.team.id,
            direction="in",
            outcome=outcome,
            http_status=200,
            method=self._request.method,
            network_id=network.id,
            click_id=told.click_id if told else None,
            params=shown_params(self._params, known=network.known, secret=network.key),
        )
        if report is not None:
            row.event, row.tx_id, row.status = report.event, report.tx_id, report.status
        if done is not None:
            conversion = done.conversion
            row.reason, row.conversion_id = done.reason, conversion.id
            row.campaign_id, row.offer_id = conversion.campaign_id, conversion.offer_id
            row.source_id = conversion.source_id
        return row


def _answer(outcome: Outcome) -> Mapping[str, str]:
    answer: dict[str, str] = {"status": outcome.kind}
    if outcome.kind == "created":
        answer["conversionId"] = str(outcome.conversion.id)
    if outcome.reason is not None:
        answer["reason"] = outcome.reason
    return answer
