"""What counts as an import, and what counts as a cycle."""

from __future__ import annotations

from pathlib import Path

from tools.import_graph import cycles, imports_of, landed


def read(tmp_path: Path, source: str, name: str = "demo/inner/job.py") -> list[tuple[str, bool]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return [(each.target, each.typing_only) for each in imports_of(module, path)]


def test_imports_in_functions_and_branches_are_found(tmp_path: Path) -> None:
    source = "def f():\n    import a.b\ntry:\n    from c import d\nexcept E:\n    pass\n"
    assert read(tmp_path, source) == [("a.b", False), ("c.d", False)]


def test_typing_only_imports_are_found_and_marked(tmp_path: Path) -> None:
    source = "if TYPE_CHECKING:\n    from a import b\nelse:\n    import c\n"
    assert read(tmp_path, source) == [("a.b", True), ("c", False)]


def test_relative_imports_are_resolved_from_module_and_package(tmp_path: Path) -> None:
    assert read(tmp_path, "from . import a\nfrom ..b import c\n") == [
        ("demo.inner.a", False),
        ("demo.b.c", False),
    ]
    package = "demo/inner/__init__.py"
    assert read(tmp_path, "from .a import b\n", package) == [("demo.inner.a.b", False)]


def test_import_lands_on_the_module_that_defines_the_name() -> None:
    modules = {"demo", "demo.job"}
    assert landed("demo.job.Job", modules) == "demo.job"
    assert landed("demo.Job", modules) == "demo"
    assert landed("other.thing", modules) == "other"


def test_acyclic_graph_has_no_cycle() -> None:
    assert not cycles({"a": {"b", "c"}, "b": {"c"}, "c": set()})


def test_cycle_is_shown_as_a_closed_path() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert cycles(edges) == [["a", "b", "c", "a"]]


def test_module_importing_itself_is_a_cycle() -> None:
    assert cycles({"a": {"a"}}) == [["a", "a"]]


def test_separate_cycles_are_told_apart() -> None:
    assert len(cycles({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c"}, "e": {"a", "c"}})) == 2
