"""The one form a spec is stored and answered in, from the forms that are accepted.

The guide posts a bare node, with what should be props beside its type:
`{"type": "Table", "data": {"$query": "q"}}`. The canonical form is
`{"version": 1, "root": {"type": "Table", "props": {"data": …}}}`. Nothing is dropped on the way
that somebody could have meant; what does not fit stays where it is, for the verifier to name.
"""

from __future__ import annotations

from typing import Any

__all__ = ["NODE_KEYS", "SPEC_KEYS", "canonical"]

SPEC_KEYS = ("version", "root", "layout")
NODE_KEYS = ("type", "props", "children")


def canonical(spec: Any) -> Any:
    """The canonical form of a spec; what is none comes back as it is.

    Expects a value that has passed :func:`~.plain.fault_of`.
    """
    if not isinstance(spec, dict):
        return spec
    if "root" not in spec and "type" in spec:
        around = {key: spec[key] for key in ("version", "layout") if key in spec}
        spec = {**around, "root": {key: spec[key] for key in spec if key not in around}}
    if "root" not in spec:
        return spec
    rest = {key: value for key, value in spec.items() if key not in SPEC_KEYS}
    found = {"version": spec.get("version", 1), "root": _node(spec["root"]), **rest}
    if spec.get("layout") is not None:
        found["layout"] = spec["layout"]
    return found


def _node(node: Any) -> Any:
    """A node with its stray keys moved into its props; nulls count as not there."""
    if not isinstance(node, dict):
        return node
    rest = {key: value for key, value in node.items() if key not in NODE_KEYS}
    props = node.get("props")
    if props is None or isinstance(props, dict):
        props = {**(props or {})}
        for key in [key for key in rest if key not in props]:
            props[key] = rest.pop(key)
        props = {key: value for key, value in props.items() if value is not None}
    children = node.get("children")
    if isinstance(children, list):
        children = [_node(child) for child in children]
    found = {key: node[key] for key in ("type",) if key in node} | rest
    if props is not None and props != {}:
        found["props"] = props
    if children is not None and children != []:
        found["children"] = children
    return found
