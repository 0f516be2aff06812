"""A warning for variables that look like settings and are none: most are typing mistakes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches

import typer

__all__ = ["unknown_variables", "warn_of_unknown_variables"]

_PREFIX = "QUINTET_"
# Of the SDKs' runtime, which the server does not import: settings, though none of the server's.
_OF_THE_RUNTIME = frozenset({"TRANSPORT"})


def warn_of_unknown_variables(known: Iterable[str]) -> None:
    """Name on standard error every ``QUINTET_…`` of the environment that is not ``known``."""
    for name, nearest in unknown_variables(os.environ, known).items():
        hint = f"did you mean {nearest}?" if nearest else "`quintet settings` lists them all"
        typer.echo(f"quintet: warning: there is no setting {name}: {hint}", err=True)


def unknown_variables(present: Iterable[str], known: Iterable[str]) -> dict[str, str | None]:
    """Return the unknown names among ``present``, each with the known one that is most like it.

    None if nothing is like it. Case does not matter, as it does not when settings are read. What
    the SDKs' runtime reads is not unknown: it is often exported in the same terminal.
    """
    # Compared without the prefix: with it, everything is a little like everything.
    ends = [name.removeprefix(_PREFIX) for name in known if name.startswith(_PREFIX)]
    found: dict[str, str | None] = {}
    for name in sorted(present):
        end = name.upper().removeprefix(_PREFIX)
        if name.upper().startswith(_PREFIX) and end not in ends and end not in _OF_THE_RUNTIME:
            nearest = get_close_matches(end, ends, n=1)
            found[name] = _PREFIX + nearest[0] if nearest else None
    return found
