"""All functions of transform expressions, and the methods of JavaScript that mean the same."""

from __future__ import annotations

from typing import Final

from quintet_server.services.flowmaestro.expressions.transforms.list_functions import LISTS
from quintet_server.services.flowmaestro.expressions.transforms.machine import Builtin
from quintet_server.services.flowmaestro.expressions.transforms.number_functions import NUMBERS
from quintet_server.services.flowmaestro.expressions.transforms.object_functions import OBJECTS
from quintet_server.services.flowmaestro.expressions.transforms.text_functions import TEXTS

_ALIASES: Final = {
    "avg": "average",
    "toUpperCase": "uppercase",
    "toLowerCase": "lowercase",
    "size": "count",
}
FUNCTIONS: Final[dict[str, Builtin]] = {**NUMBERS, **LISTS, **OBJECTS, **TEXTS}
"""By name, without the `$`."""
FUNCTIONS.update({alias: FUNCTIONS[name] for alias, name in _ALIASES.items()})

METHODS: Final[dict[str, Builtin]] = {
    method: FUNCTIONS[name]
    for method, name in {
        "map": "map",
        "filter": "filter",
        "reduce": "reduce",
        "find": "find",
        "some": "some",
        "every": "every",
        "sort": "sort",
        "toSorted": "sort",
        "reverse": "reverse",
        "concat": "append",
        "flat": "flatten",
        "slice": "slice",
        "includes": "contains",
        "join": "join",
        "split": "split",
        "trim": "trim",
        "toUpperCase": "uppercase",
        "toLowerCase": "lowercase",
        "startsWith": "startsWith",
        "endsWith": "endsWith",
        "substring": "slice",
        "replaceAll": "replace",
        "toString": "string",
    }.items()
}
"""Methods of JavaScript by the functions that do the same: `x.name.toUpperCase()`."""
