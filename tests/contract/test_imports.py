"""What importing a client class must not load, and what making a client must not: sets, not times.

Why, and how it is kept so, is said in `quintet.lazy_resources`.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

CLASSES = {
    "ghostflow": "GhostFlowClient",
    "amdahl": "AmdahlClient",
    "aerostack": "SDK",
    "zeridion_flare": "FlareClient",
    "flowmaestro": "FlowMaestroClient",
}
MAKE = {
    "ghostflow": "GhostFlowClient('gf_k')",
    "amdahl": "AmdahlClient('https://a.example', 'k')",
    "aerostack": "SDK('k')",
    "zeridion_flare": "FlareClient('k')",
    "flowmaestro": "FlowMaestroClient('k')",
}
NEVER = {
    *("asyncio", "concurrent.futures", "email", "http.client", "inspect", "logging", "socket"),
    *("ssl", "urllib.parse", "urllib.request", "dataclasses", "decimal", "datetime", "uuid"),
    *("secrets", "random", "hashlib", "hmac", "tempfile", "pathlib", "typing_extensions"),
    *("httpx", "httpcore", "httptools", "anyio", "pydantic", "requests"),
}
WITH_THE_FIRST_CLIENT = {"copy", "json", "threading", "weakref", "zlib"}
RUNTIME_OF_A_CLIENT = {
    *("quintet._sync.client", "quintet.drive", "quintet.hooks"),
    *("quintet.both_faces", "quintet.lazy_resources", "quintet.transport"),
    *("quintet.core.attempts", "quintet.core.call", "quintet.core.codings", "quintet.core.plan"),
    *("quintet.core.decoding", "quintet.core.redaction", "quintet.core.response"),
}
SHAPES = {
    "ghostflow": {"ghostflow.types", "ghostflow.webhooks", "ghostflow.postbacks"},
    "amdahl": {"amdahl.types", "amdahl.webhooks", "amdahl.page"},
    "aerostack": {"aerostack.models", "aerostack._requests", "aerostack._wire"},
    "zeridion_flare": {
        *("zeridion_flare.types", "zeridion_flare.webhooks", "zeridion_flare.worker"),
    },
    "flowmaestro": {"flowmaestro.types", "flowmaestro.webhooks", "flowmaestro.cli"},
}


def loaded_by(statement: str) -> set[str]:
    """The modules that a statement brings into a fresh interpreter."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("package", CLASSES)
def test_importing_a_client_class_loads_nothing_that_only_a_client_needs(package: str) -> None:
    loaded = loaded_by(f"from {package} import {CLASSES[package]}")
    assert f"{package}.errors" in loaded
    unwanted = NEVER | WITH_THE_FIRST_CLIENT | RUNTIME_OF_A_CLIENT | SHAPES[package]
    assert loaded & unwanted == set()


@pytest.mark.parametrize("package", ["ghostflow", "amdahl", "flowmaestro"])
def test_importing_a_client_class_loads_no_resource(package: str) -> None:
    loaded = loaded_by(f"from {package} import {CLASSES[package]}")
    faces = {name for name in loaded if name.startswith((f"{package}._sync.", f"{package}._async"))}
    assert faces == {f"{package}._sync.client"}


@pytest.mark.parametrize("package", CLASSES)
def test_making_a_client_loads_no_engine_and_no_shapes(package: str) -> None:
    loaded = loaded_by(f"from {package} import {CLASSES[package]}; {MAKE[package]}")
    assert "quintet.options" in loaded
    assert loaded & (NEVER | SHAPES[package]) == set()


@pytest.mark.parametrize(
    ("package", "resource", "others"),
    [
        ("ghostflow", "campaigns", {"offers", "reports", "webhooks"}),
        ("amdahl", "data", {"pages", "chat", "webhooks"}),
        ("flowmaestro", "workflows", {"agents", "executions", "webhooks"}),
    ],
)
def test_a_resource_is_loaded_when_it_is_asked_for_and_no_other_with_it(
    package: str, resource: str, others: set[str]
) -> None:
    loaded = loaded_by(f"from {package} import {CLASSES[package]}; {MAKE[package]}.{resource}")
    assert f"{package}._sync.{resource}" in loaded
    assert loaded & {f"{package}._sync.{name}" for name in others} == set()
