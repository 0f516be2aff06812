"""Declared queries as they are given: names, sources, texts and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.pages.model import PARAM_TYPES, SOURCES, DeclaredQuery, Param
from quintet_server.services.amdahl.pages.verifier.verdict import Findings, pointer, shown
from quintet_server.services.amdahl.rendering.params import values_of

__all__ = ["QUERIES_MAX_COUNT", "SEARCH_COLUMNS", "Declared", "check_queries"]

QUERIES_MAX_COUNT = 50
SEARCH_COLUMNS = ("id", "title", "snippet", "score", "source")
"""What the sources cluster_search and kb_search give."""

_PATH = "/declared_queries"
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_MENTION = re.compile("@([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
_PARAMS_MAX_COUNT = 50
_SQL_MAX_BYTES = 64 * 1024
_SEARCH_MAX_CHARS = 2000
_CORPORA = ("interactions",)
_KEYS: Mapping[str, tuple[str, ...]] = {
    "sql": ("name", "source", "sql", "params"),
    "cluster_search": ("name", "source", "query", "target", "params"),
    "kb_search": ("name", "source", "query", "params"),
}
_PARAM_KEYS = ("type", "default", "required")


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared.

    `names` has every name, `sound` the queries without a fault, with where they stand.
    """

    names: frozenset[str]
    sound: tuple[tuple[DeclaredQuery, str], ...]


def check_queries(given: Any, findings: Findings) -> Declared:
    """Check the list of queries; none at all is as good as an empty one."""
    if given is None:
        given = []
    if not isinstance(given, list):
        _bad(findings, _PATH, f"must be a list, not {shown(given)}")
        return Declared(frozenset(), ())
    if len(given) > QUERIES_MAX_COUNT:
        _bad(findings, _PATH, f"a page has at most {QUERIES_MAX_COUNT} queries")
    names: dict[str, int] = {}
    sound = []
    for index, shape in enumerate(given[:QUERIES_MAX_COUNT]):
        path = pointer(_PATH, index)
        before = findings.count
        query = _check_query(shape, path, findings)
        name = shape.get("name") if isinstance(shape, dict) else None
        if isinstance(name, str) and names.setdefault(name, index) != index:
            at = pointer(path, "name")
            _bad(findings, at, f"{shown(name)} is the name of another query already")
        if query is not None and findings.count == before:
            sound.append((query, path))
    return Declared(frozenset(names), tuple(sound))


def _check_query(shape: Any, path: str, findings: Findings) -> DeclaredQuery | None:
    if not isinstance(shape, dict):
        _bad(findings, path, f"must be an object, not {shown(shape)}")
        return None
    shape = {key: value for key, value in shape.items() if value is not None}
    _check_name(shape, path, findings)
    source = shape.get("source", "sql" if "sql" in shape else None)
    if not isinstance(source, str) or source not in SOURCES:
        message = f"must be one of {', '.join(SOURCES)}"
        _bad(findings, pointer(path, "source"), message, allowed=SOURCES)
        return None
    for key in shape.keys() - set(_KEYS[source]):
        message = f"a query of the source {source} has no {shown(key)}"
        _bad(findings, pointer(path, key), message, allowed=_KEYS[source])
    params = _check_params(shape.get("params", {}), pointer(path, "params"), findings)
    text = _check_text(shape, source, path, findings)
    if text is None or not isinstance(shape.get("name"), str):
        return None
    _warn_unused(shape["name"], text, params, findings)
    return DeclaredQuery(
        name=shape["name"],
        source=source,
        sql=text if source == "sql" else None,
        query=None if source == "sql" else text,
        target=_check_target(shape, path, findings) if source == "cluster_search" else None,
        params=params,
    )


def _check_name(shape: Mapping[str, Any], path: str, findings: Findings) -> None:
    name = shape.get("name")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        message = "must be a name of letters, digits and _, at most 64, not beginning with a digit"
        _bad(findings, pointer(path, "name"), message)


def _check_text(shape: Mapping[str, Any], source: str, path: str, findings: Findings) -> str | None:
    key = "sql" if source == "sql" else "query"
    text, at = shape.get(key), pointer(path, key)
    if not isinstance(text, str) or not text.strip():
        wanted = "one SELECT" if source == "sql" else "the text to look for"
        _bad(findings, at, f"must be {wanted}, as a string")
        return None
    if source == "sql" and len(text.encode("utf-8", "replace")) > _SQL_MAX_BYTES:
        _bad(findings, at, f"has more than {_SQL_MAX_BYTES} bytes")
        return None
    if source != "sql" and len(text) > _SEARCH_MAX_CHARS:
        _bad(findings, at, f"has more than {_SEARCH_MAX_CHARS} characters")
        return None
    return text


def _check_target(shape: Mapping[str, Any], path: str, findings: Findings) -> str:
    target = shape.get("target", _CORPORA[0])
    if not isinstance(target, str) or target not in _CORPORA:
        message = f"must be one of {', '.join(_CORPORA)}"
        _bad(findings, pointer(path, "target"), message, allowed=_CORPORA)
        return _CORPORA[0]
    return target


def _check_params(given: Any, path: str, findings: Findings) -> dict[str, Param]:
    if not isinstance(given, dict) or len(given) > _PARAMS_MAX_COUNT:
        message = f"must be an object of at most {_PARAMS_MAX_COUNT} names with their types"
        _bad(findings, path, message)
        return {}
    found: dict[str, Param] = {}
    spellings: dict[str, str] = {}
    for name, hint in given.items():
        at = pointer(path, name)
        if _NAME.fullmatch(name) is None:
            _bad(findings, at, f"{shown(name)} is no name for a parameter")
        elif spellings.setdefault(name.lower(), name) != name:  # SQL tells no case apart
            _bad(findings, at, f"{shown(name)} is another spelling of a parameter")
        elif (param := _check_param(name, hint, at, findings)) is not None:
            found[name] = param
    return found


def _check_param(name: str, hint: Any, path: str, findings: Findings) -> Param | None:
    shape = hint if isinstance(hint, dict) else {"type": hint}
    shape = {key: value for key, value in shape.items() if value is not None}
    for key in shape.keys() - set(_PARAM_KEYS):
        message = f"a parameter has no {shown(key)}"
        _bad(findings, pointer(path, key), message, allowed=_PARAM_KEYS)
    type_ = shape.get("type")
    if not isinstance(type_, str) or type_ not in PARAM_TYPES:
        at = pointer(path, "type") if isinstance(hint, dict) else path
        _bad(findings, at, f"must be one of {', '.join(PARAM_TYPES)}", allowed=PARAM_TYPES)
        return None
    required = shape.get("required", False)
    if not isinstance(required, bool):
        _bad(findings, pointer(path, "required"), "must be true or false")
        return None
    param = Param(type_, shape.get("default"), required)
    if param.default is not None and (told := _fault_of_default(name, param)) is not None:
        _bad(findings, pointer(path, "default"), told)
        return None
    return param


def _fault_of_default(name: str, param: Param) -> str | None:
    """Why the default could not be taken in a rendering."""
    try:
        values_of(DeclaredQuery("", "sql", params={name: param}), {})
    except ApiError as refusal:
        return refusal.message.removeprefix(f"params.{name}: ")
    return None


def _warn_unused(name: str, text: str, params: Mapping[str, Param], findings: Findings) -> None:
    mentioned = {mention.lower() for mention in _MENTION.findall(text)}
    for param in params:
        if param.lower() not in mentioned:
            findings.warn("unused_param", query=name, param=param)


def _bad(
    findings: Findings, path: str, message: str, allowed: tuple[str, ...] | None = None
) -> None:
    findings.add("queries", "bad_shape", path, message, allowed=allowed)
