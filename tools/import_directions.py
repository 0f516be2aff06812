"""Gate: imports point one way, in every package, typing-only imports included; no cycles.

    packages: the SDKs import `quintet` and nothing else of ours; the runtime and the server
              import nothing of ours
    runtime:  _async, _sync -> drive -> core -> standard library
    server:   services -> engines, http -> store

The rules stand in the tables below; the code only looks things up in them.
"""

from __future__ import annotations

import ast
import importlib.metadata
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.import_graph import Import, cycles, imports_of, landed
from tools.layout import ROOT, Package, packages, report

RUNTIME, SERVER = "quintet", "quintet-server"
DRIVER = "quintet.drive"

# Rooms of the runtime, first match wins: what a module of this room may import of the runtime.
# Everything else of the runtime (clients, hooks, testing) stands above the rooms and is free.
GROUND = ("quintet.errors",)
RUNTIME_ROOMS: Mapping[str, tuple[str, ...]] = {
    "quintet.errors": (),
    "quintet.core": ("quintet.core", *GROUND),
    "quintet.transport": ("quintet.transport", "quintet.core", "quintet.secrets", *GROUND),
    "quintet.drive": ("quintet.core", "quintet.transport.interface", *GROUND),
}
# The core can neither block, nor log, nor tell the time, nor toss a coin: all come as arguments.
CORE_NEVER = frozenset(
    [
        "asyncio",
        "concurrent",
        "http.client",
        "logging",
        "multiprocessing",
        "queue",
        "random",
        "sched",
        "secrets",
        "select",
        "selectors",
        "signal",
        "socket",
        "socketserver",
        "ssl",
        "subprocess",
        "threading",
        "time",
        "urllib.request",
    ]
)
HTTP_LIBRARIES = frozenset(
    ("httpx", "httpx2", "httpcore", "httpcore2", "httptools", "h11", "requests", "aiohttp")
)

# Rooms of the server: what each may import. A module beside the rooms (settings, logs) may be
# imported by all of them as long as it imports none of them itself.
SERVER_ROOMS: Mapping[str, tuple[str, ...]] = {
    "store": ("store",),
    "definitions": ("definitions", "store"),
    "engines": ("engines", "store"),
    "http": ("definitions", "http", "store"),
    "services": ("definitions", "engines", "http", "store"),
}
# Every type checker knows these, and nothing needs them at run time.
BROUGHT_BY_CHECKERS = ("typing_extensions", "_typeshed")
NEVER_IMPORTED = ("tools", "tests", "benchmarks", "examples")


@dataclass(frozen=True)
class Graph:
    """All modules of the repository and the imports of each."""

    owner: Mapping[str, Package]
    imports: tuple[Import, ...]

    def edges(self) -> dict[str, set[str]]:
        """Module to modules of ours, without the imports from outside."""
        edges: dict[str, set[str]] = {module: set() for module in self.owner}
        for each in self.imports:
            target = landed(each.target, self.owner)
            if target in self.owner:
                edges[each.importer].add(target)
        return edges

    @cached_property
    def above_the_rooms(self) -> frozenset[str]:
        """Modules beside the server's rooms that import a room, directly or through their like."""
        beside = [
            (each.importer, landed(each.target, self.owner))
            for each in self.imports
            if self.owner[each.importer].dist == SERVER and _room(each.importer, self) is None
        ]
        above: set[str] = set()
        while True:
            more = {
                importer
                for importer, target in beside
                if target in above or _room(target, self) is not None
            }
            if more <= above:
                return frozenset(above)
            above |= more

    @cached_property
    def folders(self) -> frozenset[str]:
        """The names of all modules that hold other modules."""
        return frozenset(module.rpartition(".")[0] for module in self.owner)


Rule = Callable[[Import, Package, Graph], Iterator[str]]


def read(root: Path = ROOT) -> Graph:
    """Parse every module under every `src`."""
    owner: dict[str, Package] = {}
    imports: list[Import] = []
    for package in packages(root):
        for module, path in package.modules().items():
            owner[module] = package
            imports += imports_of(module, path)
    return Graph(owner, tuple(imports))


def violations(root: Path = ROOT) -> list[str]:
    """Every wrong edge and every cycle, each as one line."""
    graph = read(root)
    found = [
        f"{each.importer}:{each.line}: imports {each.target}: {reason}"
        for each in graph.imports
        for rule in RULES
        for reason in rule(each, graph.owner[each.importer], graph)
    ]
    found += drivers(root)
    found += [f"cycle: {' -> '.join(path)}" for path in cycles(graph.edges())]
    return found


def between_packages(each: Import, package: Package, graph: Graph) -> Iterator[str]:
    """SDKs import only the runtime; runtime and server nothing of ours."""
    target = graph.owner.get(landed(each.target, graph.owner))
    if target and target.dist != package.dist:
        if package.dist in (RUNTIME, SERVER):
            yield f"{package.dist} imports nothing of ours"
        elif target.dist != RUNTIME:
            yield f"an SDK imports {RUNTIME} and nothing else of ours"
    if each.target.split(".")[0] in NEVER_IMPORTED:
        yield "packages do not know the repository around them"


def inside_the_runtime(each: Import, package: Package, graph: Graph) -> Iterator[str]:
    """Clients -> drive -> core -> standard library."""
    if package.dist != RUNTIME:
        return
    room = next((room for room in RUNTIME_ROOMS if _within(each.importer, room)), None)
    target = landed(each.target, graph.owner)
    allowed = RUNTIME_ROOMS[room] if room else ()
    if room and target in graph.owner and not any(_within(target, each) for each in allowed):
        yield f"{room} may import only {', '.join(allowed) or 'the standard library'}"
    if room == "quintet.core":
        if any(_within(each.target, never) for never in CORE_NEVER):
            yield "the core cannot block, log, tell the time or toss a coin"
        elif target not in graph.owner and not _is_standard(each.target):
            yield "the core stands on the standard library alone"
    if _top(each.target) in HTTP_LIBRARIES and not _within(each.importer, "quintet.transport"):
        yield "only quintet.transport names an HTTP library"


def of_the_clients(each: Import, package: Package, graph: Graph) -> Iterator[str]:
    """Each face imports its own kind; in an SDK an HTTP library appears in types only."""
    for mine, other in (("_async", "_sync"), ("_sync", "_async")):
        if mine in each.importer.split(".") and other in each.target.split("."):
            yield f"{mine} does not know {other}"
    if package.dist in (RUNTIME, SERVER):
        return
    if _top(each.target) in HTTP_LIBRARIES and not each.typing_only:
        yield "an SDK names an HTTP library in types only"


def inside_the_server(each: Import, package: Package, graph: Graph) -> Iterator[str]:
    """Services -> engines, http -> store; services never each other."""
    if package.dist != SERVER:
        return
    target = landed(each.target, graph.owner)
    here, there = _room(each.importer, graph), _room(target, graph)
    if here is None or target not in graph.owner:
        return
    if there is None:
        if target in graph.above_the_rooms:
            yield f"{here} does not know what is built from the rooms"
    elif here == there == "services":
        mine, other = _service(each.importer, graph), _service(target, graph)
        if mine and other and mine != other:
            yield "services do not import each other"
    elif there not in SERVER_ROOMS[here]:
        yield f"{here} may import only {', '.join(SERVER_ROOMS[here])}"


def declared(each: Import, package: Package, graph: Graph) -> Iterator[str]:
    """What a package imports from outside, its pyproject names, or an extra of it does."""
    top = _top(each.target)
    if landed(each.target, graph.owner) in graph.owner or top in NEVER_IMPORTED:
        return
    if _is_standard(top) or top == package.import_name:
        return
    if each.typing_only and top in BROUGHT_BY_CHECKERS:
        return
    if not _providers(top) & _declared(package):
        yield "its pyproject does not name the distribution that provides it"


def drivers(root: Path = ROOT) -> list[str]:
    """Every place outside `quintet.drive` that steps a program: throwing into one is the sign."""
    found = []
    for package in packages(root):
        for module, path in package.modules().items():
            if package.dist == SERVER or module == DRIVER:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Attribute(attr="throw")):
                        found.append(f"{module}:{node.lineno}: throws: only {DRIVER} drives")
                    case _:
                        pass
    return found


RULES: tuple[Rule, ...] = (
    between_packages,
    inside_the_runtime,
    of_the_clients,
    inside_the_server,
    declared,
)


def _within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def _top(module: str) -> str:
    return module.split(".")[0]


def _is_standard(module: str) -> bool:
    return _top(module) in sys.stdlib_module_names


def _room(module: str, graph: Graph) -> str | None:
    parts = module.split(".")
    owner = graph.owner.get(module)
    if owner is None or owner.dist != SERVER or len(parts) < 2:
        return None
    return parts[1] if parts[1] in SERVER_ROOMS else None


def _service(module: str, graph: Graph) -> str | None:
    """The service a module belongs to; None for what stands beside the services."""
    parts = module.split(".")
    name = ".".join(parts[:3])
    return name if len(parts) > 3 or (len(parts) == 3 and name in graph.folders) else None


@cache
def _installed() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def _providers(top: str) -> set[str]:
    return {canonicalize_name(name) for name in [top, *_installed().get(top, [])]}


def _declared(package: Package) -> frozenset[str]:
    """The distributions that a pyproject names, with those of the extras it asks for."""
    project = package.project["project"]
    listed = [*project.get("dependencies", [])]
    for extra in project.get("optional-dependencies", {}).values():
        listed += extra
    return _distributions(tuple(listed))


@cache
def _distributions(listed: tuple[str, ...]) -> frozenset[str]:
    named: set[str] = set()
    for requirement in map(Requirement, listed):
        named.add(canonicalize_name(requirement.name))
        named |= _brought_by_extras(requirement)
    return frozenset(named)


def _brought_by_extras(requirement: Requirement) -> set[str]:
    """`psycopg[pool]` names psycopg-pool as well."""
    if not requirement.extras:
        return set()
    try:
        stated = map(Requirement, importlib.metadata.requires(requirement.name) or ())
    except importlib.metadata.PackageNotFoundError:
        return set()
    return {
        canonicalize_name(each.name)
        for each in stated
        if each.marker
        and any(each.marker.evaluate({"extra": extra}) for extra in requirement.extras)
    }


if __name__ == "__main__":
    sys.exit(report(violations(), "see the tables in tools/import_directions.py"))
