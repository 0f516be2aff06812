"""From nodes and queries to what is sent: nothing leaves here that does not fit together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from amdahl._arguments import given, names
from amdahl.errors import MisuseError
from amdahl.page.charts import DataNode
from amdahl.page.layout import Section
from amdahl.page.node import Node
from amdahl.page.queries import Query

__all__ = ["content", "page"]

Layout = Literal["dashboard", "single", "document"]

_LAYOUTS = ("dashboard", "single", "document")
_MAX_NAME_CHARS = 200
_MAX_TAGS, _MAX_TAG_CHARS = 20, 50
_MAX_QUERIES, _MAX_NODES, _MAX_DEPTH = 50, 500, 20
_MAX_SPEC_BYTES = 256 * 1024


def page(
    name: str,
    *nodes: Node,
    queries: Iterable[Query] = (),
    layout: Layout | None = None,
    description: str | None = None,
    tags: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Return the body that makes a page: ``client.pages.create(**body)``.

    Args:
        name: 1 to 200 characters.
        nodes: What it shows; several are put into a :class:`Section`.
        queries: Further queries to declare; those that the nodes hold are declared by themselves.
        layout: ``"dashboard"`` if unsaid; ``"single"`` is one component that shows data.
        description: For people.
        tags: At most 20, of at most 50 characters.

    Raises:
        MisuseError: A node refers to a query that is not declared, or a bound is passed.
    """
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= _MAX_NAME_CHARS:
        raise MisuseError(message=f"name must have 1 to {_MAX_NAME_CHARS} characters")
    listed = names("tags", tags)
    if listed is not None and (
        len(listed) > _MAX_TAGS
        or not all(isinstance(tag, str) and 1 <= len(tag) <= _MAX_TAG_CHARS for tag in listed)
    ):
        raise MisuseError(
            message=f"tags must be at most {_MAX_TAGS}, of 1 to {_MAX_TAG_CHARS} characters"
        )
    built = content(*nodes, queries=queries, layout=layout)
    return given(name=name.strip(), description=description, tags=listed, **built)


def content(
    *nodes: Node, queries: Iterable[Query] = (), layout: Layout | None = None
) -> dict[str, Any]:
    """Return what a page shows, its spec and its queries: ``client.pages.update(id, **body)``.

    See :func:`page` for the arguments and the errors.
    """
    root = _root(nodes, layout)
    declared = _declared(root, queries)
    for binding in root.bindings():
        if binding.name not in declared:
            known = ", ".join(declared) or "none"
            raise MisuseError(
                message=f"the query {binding.name!r} is not declared; there are: {known}"
            )
    spec = given(version=1, root=root.to_dict(), layout=layout)
    if len(json.dumps(spec, ensure_ascii=False).encode()) > _MAX_SPEC_BYTES:
        raise MisuseError(message=f"the spec is larger than {_MAX_SPEC_BYTES} bytes")
    return {"spec": spec, "declared_queries": [query.to_dict() for query in declared.values()]}


def _root(nodes: tuple[Node, ...], layout: str | None) -> Node:
    if not nodes:
        raise MisuseError(message="a page shows at least one node")
    for node in nodes:
        if not isinstance(node, Node):
            raise MisuseError(message=_no_node(node))
    if layout is not None and layout not in _LAYOUTS:
        raise MisuseError(message=f"layout must be one of {', '.join(_LAYOUTS)}")
    root = nodes[0] if len(nodes) == 1 else Section(*nodes)
    if layout == "single" and not isinstance(root, DataNode):
        raise MisuseError(message="the layout 'single' is one component that shows data")
    if root.count() > _MAX_NODES:
        raise MisuseError(message=f"a page has at most {_MAX_NODES} nodes, not {root.count()}")
    if root.depth() > _MAX_DEPTH:
        raise MisuseError(message=f"nodes stand at most {_MAX_DEPTH} deep, not {root.depth()}")
    return root


def _no_node(given: object) -> str:
    """What came instead of a node, and what to do about it."""
    if isinstance(given, str):
        came, advice = "a str", ": wrap it in Text(…)"
    elif isinstance(given, (list, tuple)):
        came, advice = f"a {type(given).__name__}", ": unpack it, page(name, *nodes)"
    elif isinstance(given, Query):
        came, advice = "a query", ": give it to a chart or a Table, or as queries=[…]"
    else:
        came, advice = f"{type(given).__name__}", ""
    return f"a page shows nothing but nodes, and this is {came}{advice}"


def _declared(root: Node, queries: Iterable[Query]) -> dict[str, Query]:
    """The queries by name: those given, then those that the nodes hold."""
    found: dict[str, Query] = {}
    held = (binding.query for binding in root.bindings() if binding.query is not None)
    for query in (*queries, *held):
        if found.setdefault(query.name, query) != query:
            raise MisuseError(message=f"two queries have the name {query.name!r}")
    if len(found) > _MAX_QUERIES:
        raise MisuseError(message=f"a page has at most {_MAX_QUERIES} queries, not {len(found)}")
    return found
