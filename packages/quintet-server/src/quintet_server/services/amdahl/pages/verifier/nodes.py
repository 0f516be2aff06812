"""The tree of a spec, node by node: components that exist, where they may stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quintet_server.services.amdahl.pages.catalog import CATALOG, LAYOUTS, Component
from quintet_server.services.amdahl.pages.verifier.bindings import Bindings
from quintet_server.services.amdahl.pages.verifier.canonical import NODE_KEYS, SPEC_KEYS
from quintet_server.services.amdahl.pages.verifier.props import check_props
from quintet_server.services.amdahl.pages.verifier.verdict import Findings, Kind, pointer, shown

__all__ = ["DEPTH_MAX_COUNT", "NODES_MAX_COUNT", "check_spec"]

DEPTH_MAX_COUNT = 20
"""Nodes from the root down to the deepest one."""
NODES_MAX_COUNT = 500
_CUSTOM = "Custom"


def check_spec(spec: Any, bindings: Bindings, *, may_custom: bool) -> None:
    """Check a spec in the canonical form; finds everything that is wrong with it."""
    findings = bindings.findings
    if not isinstance(spec, dict) or "root" not in spec:
        message = 'must be an object such as {"version": 1, "root": {"type": "Section"}}'
        findings.add("spec", "bad_shape", "", message)
        return
    for key in spec.keys() - set(SPEC_KEYS):
        message = f"a spec has no {shown(key)}"
        findings.add("spec", "bad_shape", pointer("", key), message, allowed=SPEC_KEYS)
    if type(spec["version"]) is not int or spec["version"] != 1:
        findings.add("spec", "bad_shape", "/version", "must be 1, the only version there is")
    if spec.get("layout", LAYOUTS[0]) not in LAYOUTS:
        message = f"must be one of {', '.join(LAYOUTS)}"
        findings.add("spec", "bad_shape", "/layout", message, allowed=LAYOUTS)
    _Walk(bindings, may_custom).node(spec["root"], "/root", 1)
    _check_single(spec, findings)


def _check_single(spec: Mapping[str, Any], findings: Findings) -> None:
    """The layout is presentation only, so a root that does not suit it is no error."""
    root = spec["root"]
    if spec.get("layout") != "single" or not isinstance(root, dict):
        return
    component = _component(root.get("type"))
    if component is not None and component.group != "data-viz":
        findings.warn("layout_unsuited", path="/layout", layout="single", root=component.name)


class _Walk:
    """One pass over the nodes."""

    def __init__(self, bindings: Bindings, may_custom: bool) -> None:
        self._bindings = bindings
        self._findings = bindings.findings
        self._may_custom = may_custom
        self._count = 0

    def node(
        self, node: Any, path: str, depth: int, only: tuple[str, ...] = (), parent: str = ""
    ) -> None:
        """Check a node and what is in it; `only`: what the parent takes, if not everything."""
        add = self._findings.add
        self._count += 1
        if self._count == NODES_MAX_COUNT + 1:
            add("spec", "bad_shape", path, f"a spec has at most {NODES_MAX_COUNT} nodes")
        if self._count > NODES_MAX_COUNT:
            return
        if depth > DEPTH_MAX_COUNT:
            message = f"nodes are nested at most {DEPTH_MAX_COUNT} deep"
            add("spec", "bad_shape", path, message)
            return
        if not isinstance(node, dict):
            kind: Kind = "bad_child" if depth > 1 else "bad_shape"
            message = f'must be a node such as {{"type": "Text"}}, not {shown(node)}'
            add("spec", kind, path, message)
            return
        component = self._typed(node, path)
        if component is not None and only and component.name not in only:
            message = f"{parent} takes only {', '.join(only)}, not {component.name}"
            add("spec", "bad_child", path, message, allowed=only)
        self._inside(node, component, path, depth)

    def _typed(self, node: Mapping[str, Any], path: str) -> Component | None:
        name = node.get("type")
        component = _component(name)
        if component is None:
            at = pointer(path, "type")
            if not isinstance(name, str):
                message = "a node needs the name of its component"
                self._findings.add("spec", "bad_shape", at, message, allowed=sorted(CATALOG))
            else:
                message = f"there is no component {shown(name)}"
                allowed = sorted(CATALOG)
                self._findings.add("spec", "unknown_component", at, message, allowed=allowed)
        elif component.name == _CUSTOM:
            self._custom(path)
        return component

    def _custom(self, path: str) -> None:
        self._findings.uses_custom = True
        if not self._may_custom:
            message = "Custom needs a key with the scope pages:admin"
            self._findings.add("custom", "custom_forbidden", path, message)

    def _inside(
        self, node: Mapping[str, Any], component: Component | None, path: str, depth: int
    ) -> None:
        for key in node.keys() - set(NODE_KEYS):
            message = f"{shown(key)} belongs into props, and only once"
            self._findings.add("spec", "bad_shape", pointer(path, key), message, allowed=NODE_KEYS)
        props = node.get("props", {})
        if not isinstance(props, dict):
            message = f"must be an object, not {shown(props)}"
            self._findings.add("spec", "bad_shape", pointer(path, "props"), message)
        elif component is not None:
            check_props(component, props, pointer(path, "props"), self._bindings)
        self._children(node.get("children", []), component, pointer(path, "children"), depth)

    def _children(self, children: Any, component: Component | None, path: str, depth: int) -> None:
        takes = "any" if component is None else component.children
        name = "" if component is None else component.name
        if takes == "none" and children != []:
            message = f"{name} takes no children"
            self._findings.add("spec", "bad_child", path, message)
        elif not isinstance(children, list):
            message = f"must be a list of nodes, not {shown(children)}"
            self._findings.add("spec", "bad_shape", path, message)
            return
        if not isinstance(children, list):
            return
        only = takes if isinstance(takes, tuple) else ()
        for index, child in enumerate(children):
            self.node(child, pointer(path, index), depth + 1, only, name)


def _component(name: Any) -> Component | None:
    return CATALOG.get(name) if isinstance(name, str) else None
