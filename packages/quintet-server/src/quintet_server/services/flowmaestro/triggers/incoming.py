"""`/hooks/{id}`: requests from outside that fire webhook triggers.

Ours: the vendor shows the address of such a trigger in its editor only. There is no API key; the
trigger says how a caller proves itself. Ids of triggers are unique within a project: `?project=`
names it, `default` unless given, as in definition files.

The body becomes the inputs: a JSON object or a form as it is, other JSON and text under `payload`;
without a body the query does.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from quintet_server.http.body import read_body
from quintet_server.http.errors import ApiError
from quintet_server.http.responses import reply_response
from quintet_server.services.flowmaestro.context import FlowMaestro
from quintet_server.services.flowmaestro.errors import invalid, not_found
from quintet_server.services.flowmaestro.triggers import store
from quintet_server.services.flowmaestro.triggers.config import WebhookConfig
from quintet_server.services.flowmaestro.triggers.firing import fire, fired_object
from quintet_server.services.flowmaestro.wire import ok_reply

_SIGNATURE_HEADERS = (
    "x-flowmaestro-signature",
    "x-hub-signature-256",
    "x-signature-256",
    "x-webhook-signature",
    "x-signature",
)
_FORM = "application/x-www-form-urlencoded"
_FIELDS_MAX = 1_000


async def receive(request: Request) -> Response:
    """Fire the trigger in the path.

    The request is told 404 for anything but a webhook trigger, then 405, then 401: who cannot
    prove itself learns no more than that there is a trigger.
    """
    parts: FlowMaestro = request.app.state.flowmaestro
    trigger_id = str(request.path_params["id"]).replace("\x00", "\ufffd")
    project = request.query_params.get("project", "default").replace("\x00", "\ufffd")
    async with parts.db.connection() as conn:
        trigger = await store.find_webhook(conn, project, trigger_id)
    if trigger is None:
        raise not_found("Trigger", trigger_id)
    config = trigger.config
    assert isinstance(config, WebhookConfig)  # looked for by type
    if request.method not in config.methods:
        message = f"This trigger is called with {' or '.join(config.methods)}"
        allowed = {"Allow": ", ".join(config.methods)}
        raise ApiError(405, "validation_error", message, headers=allowed)
    body = await read_body(request, max_bytes=parts.settings.trigger_body_max_bytes)
    if not _is_proven(config, request, body):
        raise ApiError(401, "invalid_api_key", "The request does not prove who sent it")
    inputs = _inputs(request, body)
    async with parts.db.transaction() as conn:
        record = await fire(parts, conn, trigger, inputs)
        return reply_response(ok_reply(request, fired_object(record, trigger), 202))


def _is_proven(config: WebhookConfig, request: Request, body: bytes) -> bool:
    secret = (config.secret or "").encode()
    if config.auth_type == "none":
        return True
    if config.auth_type == "api_key":
        given = request.headers.get(config.header_name, "")
    elif config.auth_type == "bearer":
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else ""
    else:
        given = _signature(config, request)
        secret = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(given.encode("latin-1", "replace"), secret)


def _signature(config: WebhookConfig, request: Request) -> str:
    """The hex digits, without the `sha256=` or `v1=` in front of them."""
    own = config.signature_header
    for name in _SIGNATURE_HEADERS if own is None else (own,):
        if given := request.headers.get(name):
            return given.rpartition("=")[2].strip().lower()
    return ""


def _inputs(request: Request, body: bytes) -> dict[str, Any]:
    if not body.strip():
        query = dict(request.query_params)
        query.pop("project", None)
        return query
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == _FORM:
        return _form(body)
    if media_type.endswith("json") or media_type == "":
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise invalid(f"The request body is not valid JSON: {error}") from None
        return value if isinstance(value, dict) else {"payload": value}
    if media_type.startswith("multipart/"):
        raise ApiError(415, "validation_error", "Send JSON, a URL-encoded form, or text")
    return {"payload": body.decode("utf-8", "replace")}


def _form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError as error:
        raise invalid(f"The request body is not a form: {error}") from None
    return dict(pairs)


INCOMING = tuple(
    (method, "/hooks/{id}", receive) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
)
