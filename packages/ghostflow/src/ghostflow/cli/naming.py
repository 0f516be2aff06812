"""Finding things by what people call them: an id, a slug, a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ghostflow import GhostFlowClient
from ghostflow.cli.measures import NOTHING
from ghostflow.cli.wording import CommandError
from ghostflow.errors import NotFoundError, PermissionDeniedError

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PLURALS = {noun: f"{noun}s" for noun in ("campaign", "offer", "source", "network", "domain")}
_LISTED = {"campaign", "offer", "source"}
_NAMES = ("slug", "name", "host")

Item = Mapping[str, Any]


def is_id(word: str) -> bool:
    """Return whether a word is an id rather than a name."""
    return _UUID.fullmatch(word) is not None


def find(client: GhostFlowClient, noun: str, word: str) -> Item:
    """Return what is called so: by its id, else its slug, its name, its name in another case.

    Args:
        noun: ``campaign``, ``offer``, ``source``, ``network`` or ``domain``.

    Raises:
        CommandError: Nothing is, or several are.
    """
    resource = getattr(client, _PLURALS[noun])
    try:
        if is_id(word):
            found: Item = resource.get(word)
            return found
        return _named(noun, word, lambda: resource.iter(**_ALL.get(noun, {})))
    except NotFoundError as error:
        if error.code != "NOT_FOUND":
            raise
        raise CommandError(missing(noun, word)) from None


def find_id(client: GhostFlowClient, noun: str, word: str) -> str:
    """Return the id of what is called so; an id is itself, whether there is such a thing or not."""
    return word if is_id(word) else str(find(client, noun, word)["id"])


def missing(noun: str, word: str) -> str:
    """Return the line that says that nothing is called so."""
    plural = _PLURALS[noun]
    where = f"ghostflow {plural} list" if noun in _LISTED else f"GhostFlowClient().{plural}.list()"
    return f"NOT_FOUND: no {noun} {word!r}; `{where}` shows what there is"


_ALL = {"campaign": {"status": "all"}}
"""How archived ones are listed as well."""


def _named(noun: str, word: str, walk: Callable[[], Iterable[Item]]) -> Item:
    folded, alike = word.casefold(), []
    same: list[Item] = []
    for item in walk():
        names = [str(item[key]) for key in _NAMES if item.get(key)]
        if item.get("slug") == word:
            return item
        if word in names:
            same.append(item)
        elif folded in map(str.casefold, names):
            alike.append(item)
    found = same or alike
    if len(found) > 1:
        key = "slug" if all(item.get("slug") for item in found) else "id"  # as `list` shows them
        keys = ", ".join(str(item[key]) for item in found[:5])
        count = f"CONFLICT: {len(found)} {noun}s are called {word!r}"
        raise CommandError(f"{count}; use {'a slug' if key == 'slug' else 'an id'}: {keys}")
    if not found:
        raise CommandError(missing(noun, word))
    return found[0]


class Names:
    """The names of campaigns and such, for rows that hold their ids; fetched when first asked for.

    What cannot be found out, because it was deleted or the key may not read it, keeps its id.
    """

    def __init__(self, client: GhostFlowClient) -> None:
        self._client = client
        self._known: dict[str, dict[str, str]] = {}

    def of(self, noun: str, id: Any) -> str:
        """Return the name of a thing, a dash if there is none."""
        if not id:
            return NOTHING
        known = self._known.get(noun)
        if known is None or str(id) not in known:
            # Once more for what came since; and then not again for the same id.
            known = {str(id): str(id), **(known or {}), **self._fetched(noun)}
            self._known[noun] = known
        return known[str(id)]

    def _fetched(self, noun: str) -> dict[str, str]:
        resource = getattr(self._client, _PLURALS[noun])
        try:
            items = list(resource.iter(**_ALL.get(noun, {})))
        except (PermissionDeniedError, NotFoundError):
            return {}
        return {str(item["id"]): str(item.get("name") or item["id"]) for item in items}
