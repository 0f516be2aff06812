"""The findings as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["report"]

_BY = {
    "argument": "asked for by name",
    "environment": "the environment variable QUINTET_TRANSPORT says so",
    "default": "nobody asked for another",
}


def report(found: Mapping[str, Any]) -> str:
    """Return the findings of :func:`~quintet.doctor.examine`, one line each."""
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    engine = found["engine"]
    by = _BY.get(engine["chosen_by"], "see below")
    yield f"engine      {engine['name']} ({by})"
    yield from _section("versions", found["versions"], absent="not installed")
    yield from _section("proxies", found["proxies"] or {"http, https": "none"})
    yield from _section("trust", found["trust"], absent="not set")
    yield f"decoders    {', '.join(found['decoders'])}"
    yield from _section("limits", found["limits"], absent="none")
    yield from _section("process", found["process"])
    if "url" in found:
        yield from _journey(found["url"])
    yield ""
    problems = found["problems"]
    for problem in problems:
        yield f"PROBLEM     {problem}"
    if not problems:
        yield "no problem found"


def _section(title: str, values: Mapping[str, Any], absent: str = "none") -> Iterator[str]:
    yield title
    for name, value in values.items():
        yield f"  {name:20} {_shown(value, absent)}"


def _journey(way: Mapping[str, Any]) -> Iterator[str]:
    yield f"way to      {way['url'] or 'the URL'}"
    for step in way["steps"]:
        mark = "ok" if step["ok"] else "FAILED"
        yield f"  {step['step']:20} {mark}, {step['milliseconds']:g} ms"
        for name, value in step.items():
            if name in ("step", "ok", "milliseconds", "problem"):
                continue
            for each in value if isinstance(value, list) else [value]:
                yield f"    {name:18} {_shown(each, 'none')}"


def _shown(value: Any, absent: str) -> str:
    if value is None:
        return absent
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
