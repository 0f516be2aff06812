"""What `quintet apply` finds out about a function without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from quintet_server.engines.callables import Target
from quintet_server.engines.callables.lookup import problem_of

SOURCE = """
import math
from json import dumps as to_text

def plain(value): ...
async def later(value, more=1): ...
def anything(*args): ...
def none(): ...
def two(a, b): ...
def named(value, *, key): ...
def fine(value, *, key=1): ...
@math.decorated
def wrapped(): ...
assigned = lambda value: value
typed: object = len
raise SystemExit("must not run")

if math:
    def conditional(value): ...
else:
    other = plain
try:
    def tried(value): ...
except ImportError:
    def fallback(value): ...
class Holder:
    def method(self): ...
    def __call__(self): ...
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "functions.py"
    file.write_text(SOURCE)
    return file


@pytest.mark.parametrize(
    "name",
    [
        *("plain", "later", "anything", "fine", "wrapped", "assigned", "typed", "to_text"),
        *("conditional", "other", "tried", "fallback", "Holder"),
    ],
)
def test_function_that_can_be_called_has_no_problem(file, name):
    assert problem_of(Target(file, name)) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("method", "functions.py has no function method (it has: plain, later, anything, none, "),
        ("none", "functions.py:8: none must take one argument: it takes none"),
        ("two", "functions.py:9: two must take one argument: it takes 2"),
        ("named", "functions.py:10: named must take one argument: it requires keyword"),
    ],
)
def test_function_that_cannot_be_called_is_explained(file, name, message):
    problem = problem_of(Target(file, name))
    assert problem is not None
    assert problem.startswith(message)


def test_missing_or_broken_file_is_explained(tmp_path):
    assert problem_of(Target(tmp_path / "none.py", "x")) == f"there is no file {tmp_path}/none.py"
    assert problem_of(Target(tmp_path, "x")) == f"there is no file {tmp_path}"
    broken = tmp_path / "broken.py"
    broken.write_text("def f(x):\n    return (\n")
    assert problem_of(Target(broken, "f")) == (
        "broken.py is not valid Python: '(' was never closed (line 2)"
    )
    broken.write_bytes(b"\0")
    assert "is not valid Python" in (problem_of(Target(broken, "f")) or "")


@pytest.mark.parametrize("text", ["functions.py", "x.py:", "x.py:a.b", "x.txt:a", ":a", "a\0.py:b"])
def test_target_of_another_form_is_refused(text):
    with pytest.raises(ValueError, match=r"path/to/file\.py:function"):
        Target.parse(text)


def test_target_is_read_back_as_it_is_written():
    target = Target.parse("a/b c:d/f.py:go")
    assert target == Target(Path("a/b c:d/f.py"), "go")
    assert Target.parse(str(target)) == target
