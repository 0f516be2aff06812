"""The public surface: every name is where it says, and import costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import quintet


def test_every_public_name_can_be_had_and_is_listed() -> None:
    for name in quintet.__all__:
        assert getattr(quintet, name) is not None
    assert dir(quintet) == sorted(quintet.__all__)
    assert set(quintet._HOMES) | {"__version__"} == set(quintet.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        quintet.Nonsense  # noqa: B018


def loaded_by(code: str) -> set[str]:
    script = (
        f"import sys; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_of_it() -> None:
    assert {name for name in loaded_by("import quintet") if name.startswith("quintet")} == {
        "quintet"
    }


def test_blocking_client_loads_no_asyncio_and_no_http_library() -> None:
    code = (
        "from quintet import ApiClient, ClientOptions, Service; "
        "ApiClient(Service(name='x', user_agent='x'), ClientOptions(base_url='http://x'), tuple)"
    )
    loaded = loaded_by(code)
    for heavy in ("asyncio", "httpx", "httpcore", "httptools", "ssl", "anyio"):
        assert heavy not in loaded
