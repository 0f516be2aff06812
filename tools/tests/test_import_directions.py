"""Each rule of the direction gate is shown one wrong edge, and its right neighbour."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.import_directions import violations
from tools.tests.conftest import Write

RUNTIME = {
    "quintet/__init__.py": "",
    "quintet/errors.py": "",
    "quintet/secrets.py": "",
    "quintet/drive.py": "from quintet.core.call import run\n",
    "quintet/hooks.py": "import logging\n",
    "quintet/core/__init__.py": "",
    "quintet/core/call.py": "from quintet.errors import E\n",
    "quintet/transport/__init__.py": "",
    "quintet/transport/interface.py": "from quintet.core.call import Request\n",
    "quintet/transport/httpx.py": "import httpx\n",
    "quintet/_async/client.py": "from quintet.drive import AsyncDriver\n",
}
SERVER = {
    "quintet_server/__init__.py": "",
    "quintet_server/settings.py": "import os\n",
    "quintet_server/app.py": "from quintet_server.services.flare import routes\n",
    "quintet_server/store/pool.py": "from quintet_server.settings import Settings\n",
    "quintet_server/engines/work.py": "from quintet_server.store.pool import Pool\n",
    "quintet_server/http/auth.py": "from quintet_server.store.pool import Pool\n",
    "quintet_server/services/__init__.py": "",
    "quintet_server/services/flare/__init__.py": "",
    "quintet_server/services/flare/routes.py": (
        "from quintet_server.engines.work import Queue\nfrom quintet_server.http.auth import key\n"
        "from quintet_server.services.flare import rules\n"
    ),
    "quintet_server/services/flare/rules.py": "",
    "quintet_server/services/amdahl/__init__.py": "",
}
SDK = {
    "ghostflow/__init__.py": "from quintet.errors import E\n",
    "ghostflow/types.py": "if TYPE_CHECKING:\n    import httpx\n",
}


@pytest.fixture
def house(package: Write) -> Path:
    """Three packages in which every import points the right way."""
    package("quintet", RUNTIME, depends=("httpx",))
    package("quintet-server", SERVER, floor="3.11")
    return package("ghostflow", SDK, depends=("quintet", "httpx"))


def add(house: Path, module: str, source: str) -> list[str]:
    top = module.split("/")[0]
    dist = {"quintet_server": "quintet-server"}.get(top, top)
    path = house / "packages" / dist / "src" / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return violations(house)


def test_house_in_order_has_no_violations(house: Path) -> None:
    assert violations(house) == []


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("quintet/x.py", "import ghostflow", "quintet imports nothing of ours"),
        ("quintet_server/x.py", "import quintet", "quintet-server imports nothing of ours"),
        ("ghostflow/x.py", "import quintet_server", "imports quintet and nothing else of ours"),
        ("ghostflow/x.py", "import tools.layout", "do not know the repository"),
        ("ghostflow/x.py", "import httpx", "names an HTTP library in types only"),
        ("ghostflow/_async/x.py", "from ghostflow._sync import y", "_async does not know _sync"),
        ("ghostflow/x.py", "import sqlite3, attrs", "its pyproject does not name"),
        ("quintet/core/x.py", "import quintet.drive", "quintet.core may import only"),
        ("quintet/core/x.py", "from quintet import hooks", "quintet.core may import only"),
        ("quintet/core/x.py", "import time", "cannot block, log, tell the time"),
        ("quintet/core/x.py", "def f():\n    import asyncio", "cannot block"),
        ("quintet/core/x.py", "from concurrent import futures", "cannot block"),
        ("quintet/core/x.py", "import httpx", "stands on the standard library alone"),
        ("quintet/errors.py", "from quintet import core", "quintet.errors may import only"),
        ("quintet/drive.py", "import quintet.transport.httpx", "quintet.drive may import only"),
        ("quintet/transport/x.py", "import quintet._async.client", "quintet.transport may import"),
        ("quintet/hooks.py", "import httpx", "only quintet.transport names an HTTP library"),
        ("quintet_server/store/x.py", "import quintet_server.engines.work", "store may import"),
        ("quintet_server/engines/x.py", "import quintet_server.http.auth", "engines may import"),
        (
            "quintet_server/engines/x.py",
            "if TYPE_CHECKING:\n    from quintet_server.services import flare",
            "engines may import",
        ),
        ("quintet_server/http/x.py", "import quintet_server.engines.work", "http may import only"),
        ("quintet_server/store/x.py", "import quintet_server.app", "built from the rooms"),
        (
            "quintet_server/services/amdahl/x.py",
            "from quintet_server.services.flare import rules",
            "services do not import each other",
        ),
    ],
)
def test_wrong_edge_is_named_with_module_line_and_rule(
    house: Path, module: str, source: str, reason: str
) -> None:
    found = add(house, module, source)
    assert any(reason in each for each in found), found
    name = module.removesuffix(".py").replace("/", ".")
    assert all(each.startswith((f"{name}:", "cycle:")) for each in found)


def test_core_may_use_the_standard_library(house: Path) -> None:
    assert add(house, "quintet/core/x.py", "import json\nfrom dataclasses import dataclass\n") == []


def test_names_that_only_a_type_checker_needs_are_free(house: Path) -> None:
    source = "if TYPE_CHECKING:\n    from typing_extensions import Self\n"
    assert add(house, "ghostflow/x.py", source) == []
    assert len(add(house, "ghostflow/x.py", "from typing_extensions import Self\n")) == 1


def test_only_the_driver_throws_into_a_program(house: Path) -> None:
    source = "def run(program):\n    program.throw(ValueError())\n"
    assert add(house, "ghostflow/x.py", source) == [
        "ghostflow.x:2: throws: only quintet.drive drives"
    ]
    (house / "packages/ghostflow/src/ghostflow/x.py").unlink()
    assert add(house, "quintet/drive.py", source) == []


def test_cycle_through_a_typing_only_import_is_found(house: Path) -> None:
    add(house, "ghostflow/a.py", "from ghostflow.b import B\n")
    found = add(house, "ghostflow/b.py", "if TYPE_CHECKING:\n    from ghostflow.a import A\n")
    assert found == ["cycle: ghostflow.a -> ghostflow.b -> ghostflow.a"]


def test_extra_of_a_dependency_is_declared_with_it(package: Write) -> None:
    root = package("demo", {"demo/__init__.py": "import coverage, yaml"}, depends=("libcst",))
    assert len(violations(root)) == 2  # libcst needs yaml, but its user has not asked for it
    root = package(
        "demo", {"demo/__init__.py": "import nodejs_wheel"}, depends=("pyright[nodejs]",)
    )
    assert violations(root) == []
