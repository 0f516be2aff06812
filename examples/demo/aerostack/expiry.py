"""The cache: a value that comes back as it was, a counter, and an hour that passes at once."""

from __future__ import annotations

from aerostack import SDK
from examples.demo.processes import Server
from examples.demo.report import Report, console

_HOUR = 3600
VALUE = {"theme": "dark", "seats": 2**63 + 1, "since": None}


def outlive(sdk: SDK, server: Server, report: Report) -> None:
    """Set values with and without a time to live, and move the database's clock past it."""
    console.print("\n[bold]The cache:[/] a value for an hour, and one that stays …")
    sdk.cache.cache_set({"key": "settings", "value": VALUE, "ttl": _HOUR})
    sdk.cache.cache_set({"key": "version", "value": 1})
    found = sdk.cache.cache_get({"key": "settings"})
    fine = bool(found.exists) and found.value == VALUE
    report.line("a value in the cache", "came back as it was", f"for {_HOUR} s", fine=fine)
    sums = [sdk.cache.cache_increment({"key": "visits"}).value for _ in range(3)]
    counted = " ".join(map(str, sums))
    report.line("  a counter", counted, f"{len(sums)} calls", fine=sums == [1, 2, 3])
    said = server.clock("advance", f"{_HOUR + 1}s")
    console.print(f"  quintet clock advance {_HOUR + 1}s: {said}", style="dim")
    try:
        gone = sdk.cache.cache_get({"key": "settings"})
        kept = sdk.cache.cache_get({"key": "version"})
    finally:
        said = server.clock("reset")
    console.print(f"  quintet clock reset: {said}", style="dim")
    outcome = f"{'still there' if gone.exists else 'gone'}, the other {_state(kept.exists)}"
    console.print(f"  the first is {outcome}", style="dim")
    fine = not gone.exists and bool(kept.exists) and kept.value == 1
    report.line("  an hour and a second later", outcome, "by the clock", fine=fine)


def _state(exists: bool | None) -> str:
    return "kept" if exists else "gone as well"
