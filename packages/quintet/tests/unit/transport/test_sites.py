"""The place that a warning names is the user's, not ours."""

from __future__ import annotations

import asyncio
import re
import sys
import types
from typing import Any

import pytest

from quintet.transport.sites import creation_site, warn_unclosed


def run_as(name: str, source: str, **names: Any) -> dict[str, Any]:
    """Run ``source`` as if it were in the module ``name``."""
    scope = {"__name__": name, **names}
    exec(compile(source, f"/somewhere/{name.replace('.', '/')}.py", "exec"), scope)
    return scope


def test_site_is_the_line_that_asks() -> None:
    assert re.fullmatch(rf"{re.escape(__file__)}:\d+", creation_site())


def test_frames_of_the_runtime_are_passed_over() -> None:
    ours = run_as("quintet._sync.client", "def make():\n    return site()", site=creation_site)
    user = run_as("app", "\n\nplace = make()", make=ours["make"])
    assert user["place"] == "/somewhere/app.py:3"


def test_frames_of_an_sdk_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "someapi._wire", types.ModuleType("someapi._wire"))
    sdk = run_as("someapi.client", "def make():\n    return site()", site=creation_site)
    user = run_as("app", "place = make()", make=sdk["make"])
    assert user["place"] == "/somewhere/app.py:1"


def test_package_that_only_looks_like_the_runtime_is_the_users() -> None:
    user = run_as("quintet_tools", "place = site()", site=creation_site)
    assert user["place"] == "/somewhere/quintet_tools.py:1"


def test_code_without_a_module_is_the_users() -> None:
    scope: dict[str, Any] = {"site": creation_site}
    exec(compile("place = site()", "<typed>", "exec"), scope)
    assert scope["place"] == "<typed>:1"


def test_site_without_a_user_is_unknown() -> None:
    # A thread's frames end in the standard library, so it needs a stack that is all ours.
    import threading

    seen: list[str] = []
    ours = run_as("quintet.x", "def run():\n    seen.append(site())", site=creation_site, seen=seen)
    thread = threading.Thread(target=ours["run"])
    thread.start()
    thread.join()
    assert "threading.py:" in seen[0]


async def test_site_in_a_task_is_the_coroutines_of_the_user() -> None:
    ours = run_as("quintet.y", "async def make():\n    return site()", site=creation_site)
    user = run_as("app", "async def main():\n\n    return await make()", make=ours["make"])
    assert await asyncio.create_task(user["main"]()) == "/somewhere/app.py:3"


def test_warning_says_what_and_where() -> None:
    with pytest.warns(ResourceWarning, match=r"^unclosed client with 2 things, made at app.py:3$"):
        warn_unclosed("client with 2 things", "app.py:3")
