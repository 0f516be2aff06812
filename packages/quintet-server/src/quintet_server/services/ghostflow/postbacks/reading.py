"""From a request to what it reports: parameters under the network's names, amounts, words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

import orjson
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from quintet_server.http.body import read_body
from quintet_server.services.ghostflow.conversions.model import DEFAULT_EVENT
from quintet_server.services.ghostflow.conversions.recording import Report
from quintet_server.services.ghostflow.conversions.statuses import read_word
from quintet_server.services.ghostflow.errors import invalid, unsupported_media_type
from quintet_server.services.ghostflow.postbacks.networks import Network
from quintet_server.services.ghostflow.wire import AMOUNT_MAX, MICROS

__all__ = ["EVENT_MAX_CHARS", "TX_ID_MAX_CHARS", "Said", "read_click_id", "read_parameters", "said"]

PARAMETERS_MAX_COUNT = 100
VALUE_MAX_CHARS = 2_048
BODY_MAX_BYTES = 64 * 1024
TX_ID_MAX_CHARS = 255
EVENT_MAX_CHARS = 100

_AMOUNT = re.compile(r"\+?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# How networks write the place of a value in a URL: {payout}, {{payout}}, ${payout}, [payout],
# %payout%, #payout#.
_NAME = r"\s*[A-Za-z_][\w.: -]*"
_MACRO = re.compile(rf"\$?\{{\{{?{_NAME}\}}\}}?|\[{_NAME}\]|%%?{_NAME}%%?|##?{_NAME}##?", re.ASCII)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Said:
    """What a postback says, by our names, as text; None where it says nothing."""

    click_id: str | None
    payout: str | None
    status: str | None
    tx_id: str | None
    currency: str | None
    event: str | None

    def report(self, network: Network) -> Report | None:
        """What it reports; None if no click can have such an id.

        Raises:
            ApiError: 400: no click is named, the payout is no amount, the currency is none, or
                either of them is a macro still; or a text is too long.
        """
        if self.click_id is None:
            name = network.parameter("clickId")
            raise invalid(f"{name}: is required", name)
        click_id = read_click_id(self.click_id)
        if click_id is None:
            _check_replaced(network, "clickId", self.click_id)
        status = self._text(network, "status", TX_ID_MAX_CHARS)
        event = self._text(network, "event", EVENT_MAX_CHARS)
        tx_id = self._text(network, "txId", TX_ID_MAX_CHARS)
        payout, currency = self._payout(network), self._currency(network)
        if click_id is None:
            return None
        return Report(
            click_id=click_id,
            status=read_word(status, network.status_map),
            event=event or DEFAULT_EVENT,
            tx_id=tx_id or "",
            original_status=status,
            payout=payout,
            currency=currency,
        )

    def _text(self, network: Network, name: str, most: int) -> str | None:
        text = {"status": self.status, "event": self.event, "txId": self.tx_id}[name]
        if text is not None and (len(text) > most or _CONTROL.search(text)):
            shown = network.parameter(name)
            message = f"{shown}: must have at most {most} characters, no control ones among them"
            raise invalid(message, shown)
        return text

    def _payout(self, network: Network) -> int | None:
        """In micro-units; finer amounts are rounded: networks send what they have computed."""
        if self.payout is None:
            return None
        amount = Decimal(self.payout) if _AMOUNT.fullmatch(self.payout) else Decimal("NaN")
        if amount.is_nan() or amount > AMOUNT_MAX:
            _check_replaced(network, "payout", self.payout)
            name = network.parameter("payout")
            raise invalid(f"{name}: must be a number from 0 to {AMOUNT_MAX}", name)
        return int((amount * MICROS).to_integral_value(ROUND_HALF_EVEN))

    def _currency(self, network: Network) -> str | None:
        if self.currency is None:
            return None
        code = self.currency.upper()
        if not _CURRENCY.fullmatch(code):
            _check_replaced(network, "currency", self.currency)
            name = network.parameter("currency")
            raise invalid(f"{name}: must be an ISO 4217 code such as USD", name)
        return code


def _check_replaced(network: Network, name: str, text: str) -> None:
    """Raises ApiError: 400 for a macro in the place of a value."""
    if _MACRO.fullmatch(text):
        shown = network.parameter(name)
        message = f"{shown}: is {text[:100]!r}, a macro that the network has not replaced"
        raise invalid(message, shown)


def said(network: Network, params: Mapping[str, str]) -> Said:
    """What the parameters say under the network's names; an empty value says nothing."""

    def of(name: str) -> str | None:
        return params.get(network.parameter(name), "").strip() or None

    return Said(
        click_id=of("clickId"),
        payout=of("payout"),
        status=of("status"),
        tx_id=of("txId"),
        currency=of("currency"),
        event=of("event"),
    )


def read_click_id(text: str) -> UUID | None:
    """The id of a click; None if it is not one as we write them."""
    try:
        id = UUID(text)
    except ValueError:
        return None
    return id if str(id) == text.lower() else None


async def read_parameters(request: Request) -> dict[str, str]:
    """The parameters of a postback: its query, and what its body has besides.

    Of a repeated name the first counts; the query goes before the body. Values are cut, not
    refused, where no limit of their own is checked later.

    Raises:
        ApiError: 400 for a body that is not what it says it is, 413, 415.
    """
    found: dict[str, str] = {}
    for name, value in [*request.query_params.multi_items(), *await _body(request)]:
        if len(found) < PARAMETERS_MAX_COUNT:
            found.setdefault(_clean(name), _clean(value))
    return found


def _clean(text: str) -> str:
    """Text that the database can hold."""
    return text.replace("\x00", "\ufffd")[:VALUE_MAX_CHARS]


async def _body(request: Request) -> Iterable[tuple[str, str]]:
    if request.method != "POST":
        return []
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await read_body(request, max_bytes=BODY_MAX_BYTES)
    if not raw.strip():
        return []
    if kind in _FORMS:
        return _texts(await _form(request, raw))
    if kind in ("", "application/json") or kind.endswith("+json"):
        return _scalars(raw)
    raise unsupported_media_type(kind)


async def _form(request: Request, raw: bytes) -> FormData:
    async def receive() -> Any:
        return {"type": "http.request", "body": raw, "more_body": False}

    try:
        return await Request(request.scope, receive).form(
            max_files=0, max_fields=PARAMETERS_MAX_COUNT
        )
    except HTTPException as error:  # what Starlette makes of a form that is none
        raise invalid(f"The request body is no form: {error.detail}") from None


def _texts(form: FormData) -> Iterable[tuple[str, str]]:
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _scalars(raw: bytes) -> Iterable[tuple[str, str]]:
    """The members of a JSON object that are single values, as text; others say nothing here."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The request body is not valid JSON: {error.msg}") from None
    if not isinstance(body, dict):
        raise invalid("The request body must be a JSON object")
    return [(name, text) for name, value in body.items() if (text := _text(value)) is not None]


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)  # of a float the shortest text, which is what was sent
    return value if isinstance(value, str) else None
