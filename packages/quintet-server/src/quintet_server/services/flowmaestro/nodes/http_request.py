"""From an http node's configuration to the request it sends."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson

from quintet_server.services.flowmaestro.expressions.interpolation import interpolate, resolve
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.expressions.values import to_text
from quintet_server.services.flowmaestro.nodes.config import (
    Between,
    Choice,
    NodeConfig,
    Pair,
    Pairs,
    RequiredText,
    Text,
    Value,
)
from quintet_server.services.flowmaestro.nodes.model import NodeError

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_AUTH_ALIASES = {"api_key": "apiKey", "api-key": "apiKey", "api": "apiKey", "key": "apiKey"}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# They describe the message on the wire, which this server writes.
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te"}
    | {"trailer", "expect", "proxy-authorization", "proxy-connection"}
)


class HttpConfig(NodeConfig):
    """One request. `timeout` is in seconds and covers one attempt up to its last byte."""

    method: Annotated[str, Choice(METHODS)] = "GET"
    url: RequiredText
    headers: Pairs = ()
    query_params: Pairs = ()
    auth_type: Annotated[str, Choice(("none", "basic", "bearer", "apiKey"), _AUTH_ALIASES)] = "none"
    auth_credentials: Text = ""
    body_type: Annotated[str, Choice(("json", "form", "raw"), {"text": "raw"})] = "json"
    body: Value = None
    timeout: Annotated[float, Between(1, 300)] = 30.0
    retry_count: Annotated[int, Between(0, 5, whole=True)] = 0
    output_variable: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it is sent. `secrets` are what no message may show."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes
    secrets: tuple[str, ...]


def outgoing(config: HttpConfig, body: bytes, content_type: str, key: str) -> Outgoing:
    """The request of a resolved configuration.

    `key` becomes the `Idempotency-Key` of a write unless the configuration has one: a receiver
    that knows the header acts once, also when a step is repeated after a crash.

    Raises:
        NodeError: a header that cannot be sent, or credentials that are missing.
    """
    headers = _headers(config)
    headers.update(_authorization(config))
    if body and "content-type" not in headers:
        headers["content-type"] = content_type
    if config.method in WRITES:
        headers.setdefault("idempotency-key", quote(key, safe="/[]:._-"))
    headers.setdefault("user-agent", "quintet-flowmaestro")
    headers.setdefault("accept", "*/*")
    # What is counted is what is kept in memory: no compression unless somebody asks for it.
    headers.setdefault("accept-encoding", "identity")
    return Outgoing(
        config.method,
        _with_query(config.url.strip(), config.query_params),
        tuple(headers.items()),
        body,
        _secrets(config, headers),
    )


def _headers(config: HttpConfig) -> dict[str, str]:
    headers: dict[str, str] = {}
    for pair in config.headers:
        name = pair.key.strip().lower()
        if not name:
            continue
        if not _TOKEN.fullmatch(name):
            raise NodeError(f"headers: {pair.key[:60]!r} is no header name", "invalid_config")
        if name in _OURS:
            raise NodeError(f"headers: {pair.key} is set by the server", "invalid_config")
        headers[name] = _header_value(f"headers: the value of {pair.key}", pair.value)
    return headers


def _header_value(what: str, value: Any) -> str:
    text = "" if value is None else to_text(value).strip()
    if _CONTROL.search(text):
        raise NodeError(f"{what} has line breaks or control characters", "invalid_config")
    return text


def _authorization(config: HttpConfig) -> dict[str, str]:
    if config.auth_type == "none":
        return {}
    given = _header_value("authCredentials", config.auth_credentials)
    if not given:
        raise NodeError(f"authCredentials is required for {config.auth_type}", "invalid_config")
    if config.auth_type == "basic":
        if ":" not in given:
            raise NodeError("authCredentials for basic must be user:password", "invalid_config")
        return {"authorization": f"Basic {base64.b64encode(given.encode()).decode()}"}
    if config.auth_type == "bearer":
        return {"authorization": f"Bearer {given}"}
    return {"x-api-key": given}


def _secrets(config: HttpConfig, headers: dict[str, str]) -> tuple[str, ...]:
    found = {config.auth_credentials.strip(), *config.auth_credentials.strip().split(":", 1)}
    found |= {str(pair.value) for pair in (*config.headers, *config.query_params)}
    found |= {headers[name] for name in ("authorization", "x-api-key") if name in headers}
    # The longest first, so that a part never spoils the whole; very short ones are no secrets.
    return tuple(sorted((one for one in found if len(one) >= 4), key=len, reverse=True))


def _with_query(url: str, params: tuple[Pair, ...]) -> str:
    pairs = [(p.key.strip(), _query_text(p.value)) for p in params if p.key.strip()]
    if not pairs:
        return url
    address, hash_sign, fragment = url.partition("#")
    joint = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode(pairs)}{hash_sign}{fragment}"


def _query_text(value: Any) -> str:
    return "" if value is None else to_text(value)


def body_of(config: HttpConfig, template: Any, scope: Scope) -> tuple[bytes, str]:
    """The bytes of the body and their type; `template` is the field before interpolation.

    A text that is JSON already gets its placeholders replaced inside its strings, so that quotes in
    a value cannot change the document; one that becomes JSON only by them is parsed afterwards.

    Raises:
        NodeError: not JSON in the end, or no form.
    """
    if config.method not in _WITH_BODY or template is None or template == "":
        return b"", ""
    match config.body_type:
        case "json":
            return orjson.dumps(_json_body(template, scope)), "application/json"
        case "form":
            return _form(template, scope).encode(), "application/x-www-form-urlencoded"
    value = resolve(template, scope)
    return ("" if value is None else to_text(value)).encode(), "text/plain; charset=utf-8"


def _json_body(template: Any, scope: Scope) -> Any:
    if not isinstance(template, str):
        return resolve(template, scope)
    try:
        return _texts_replaced(orjson.loads(template), scope)
    except orjson.JSONDecodeError:
        value = resolve(template, scope)
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise NodeError(
            f"body is not valid JSON once its placeholders are replaced: {error}", "invalid_config"
        ) from None


def _texts_replaced(value: Any, scope: Scope) -> Any:
    if isinstance(value, str):
        return interpolate(value, scope)
    if isinstance(value, list):
        return [_texts_replaced(item, scope) for item in value]
    if isinstance(value, dict):
        return {
            interpolate(key, scope): _texts_replaced(item, scope) for key, item in value.items()
        }
    return value


def _form(template: Any, scope: Scope) -> str:
    value = resolve(template, scope)
    if isinstance(value, str):
        if not value.lstrip().startswith("{"):
            return value
        value = _json_body(template, scope)
    if isinstance(value, list):
        value = {pair.get("key"): pair.get("value") for pair in value if isinstance(pair, dict)}
    if not isinstance(value, dict):
        raise NodeError("body of type form must be an object or a=1&b=2", "invalid_config")
    return urlencode([(str(key), _query_text(item)) for key, item in value.items()], doseq=False)
