"""The package as a whole: what it exports and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import aerostack
from aerostack import models

FOLDER = Path(aerostack.__file__).parent


def test_every_public_name_is_there() -> None:
    assert len(aerostack.__all__) == len(set(aerostack.__all__))
    assert set(dir(aerostack)) == set(aerostack.__all__)
    for name in aerostack.__all__:
        value = getattr(aerostack, name)
        if isinstance(value, type):
            assert value.__module__ == "aerostack"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = aerostack.nothing


def test_version_is_said_once() -> None:
    assert aerostack.__version__ == aerostack.VERSION == version("aerostack")
    assert aerostack.USER_AGENT.endswith(f"/{aerostack.__version__}")
    assert aerostack.OPENAPI_DOC_VERSION == "1.0.0"


@pytest.mark.parametrize(
    "statement",
    [
        "import aerostack",
        "from aerostack import SDK, errors, models, utils, types, httpclient, _hooks",
        "from aerostack import SDK; SDK('k', server_idx=1).close()",
        "from aerostack import SDK; dir(SDK('k').cache); SDK('k').ai",
        "from aerostack.utils import BackoffStrategy, RetryConfig",
        "from aerostack import errors; errors.ErrorResponse, errors.NoResponseError",
    ],
)
def test_importing_pulls_in_no_more_than_it_needs(statement: str) -> None:
    absent = ("asyncio", "httpx", "httpcore", "pydantic", "pydantic_core", "ssl", "mimetypes")
    check = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_blocking_calls_do_without_asyncio_and_httpx() -> None:
    check = (
        "from aerostack import SDK\n"
        "from quintet.transport.scripted import ScriptedTransport, reply\n"
        "sdk = SDK('k', transport=ScriptedTransport([reply(json={'value': 1})]))\n"
        "assert sdk.cache.cache_get({'key': 'k'}).value == 1\n"
        "import sys; print([m for m in ('asyncio', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_package_is_marked_as_typed() -> None:
    assert (FOLDER / "py.typed").is_file()


def test_every_model_is_exported_and_every_request_has_its_twin() -> None:
    defined = {"Code", "ErrorResponseData"}
    for path in (FOLDER / "models").glob("[!_]*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        defined |= {
            node.name
            for node in tree.body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        }
    # An alias for annotations, no class.
    assert set(models.__all__) - {"Content"} == defined
    for name in models.__all__:
        assert getattr(models, name) is not None
        if name.endswith("RequestBody"):
            assert f"{name}TypedDict" in models.__all__


def test_typed_dictionaries_have_the_fields_of_their_models() -> None:
    for name in models.__all__:
        if not name.endswith("TypedDict") or name == "AiChatStreamRequestBodyTypedDict":
            continue
        model, twin = getattr(models, name.removesuffix("TypedDict")), getattr(models, name)
        assert set(model.model_fields) == set(twin.__annotations__), name
        required = {key for key, field in model.model_fields.items() if field.is_required()}
        stated = {k for k, v in twin.__annotations__.items() if "NotRequired" not in str(v)}
        if twin.__total__:
            assert required == stated, name
        else:
            assert not required, name


@pytest.mark.parametrize("module", ["models", "errors", "types", "utils", "httpclient", "_hooks"])
def test_star_import_of_a_facet_works(module: str) -> None:
    names: dict[str, object] = {}
    exec(f"from aerostack.{module} import *", names)
    listed = __import__(f"aerostack.{module}", fromlist=["__all__"]).__all__
    assert set(listed) <= set(names)
