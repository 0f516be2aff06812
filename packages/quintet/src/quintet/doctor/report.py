"""The findings as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["report"]

_BY = {
    "argument": "asked for by name",
    "environment": "the environment variable QUINTET_TRANSPORT says so",
    "default": "nobody asked for another",
    "options": "a NativeTransport, as the options describe it",
}


def report(found: Mapping[str, Any]) -> str:
    """Return the findings of :func:`~quintet.doctor.examine`, one line each.

    Servers and proxies have a say in them, so what could steer a terminal is written out.
    """
    return "\n".join(map(_harmless, _lines(found)))


def _harmless(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in line
    )


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
    for title, key in (("PROBLEM", "problems"), ("WARNING", "warnings"), ("NOTE", "notes")):
        for sentence in found.get(key, ()):
            yield f"{title:11} {sentence}"
    if not found["problems"]:
        yield _conclusion(found)


def _conclusion(found: Mapping[str, Any]) -> str:
    if found["warnings"]:
        return "nothing keeps requests from getting through, but see the warnings"
    if found.get("notes"):
        return "no problem found on the way; the server's answer is the one in the note"
    return "no problem found"


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
