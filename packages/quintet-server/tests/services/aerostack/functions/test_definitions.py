"""`kind: service` of definition files."""

from __future__ import annotations

import uuid
from pathlib import Path

import orjson
import pytest

from quintet_server.definitions.apply import BadDefinitions, apply_definitions
from quintet_server.services.aerostack.functions.definitions import KINDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "functions.py").write_text("def fine(data):\n    return data\n")
    return tmp_path


async def apply(db, folder: Path, spec, name="a", **head):
    document = {"service": "aerostack", "kind": "service", "name": name, "spec": spec, **head}
    file = folder / f"{uuid.uuid4().hex}.json"
    file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return await apply_definitions(db, file, KINDS)


async def outcome(*args, **kwargs) -> str:
    [applied] = await apply(*args, **kwargs)
    return applied.outcome


async def test_applying_again_changes_nothing(db, folder):
    url = {"url": "https://example.com/a", "headers": {"X-A": "b"}, "timeout": 5}
    assert await outcome(db, folder, url) == "created"
    assert await outcome(db, folder, url) == "unchanged"
    assert await outcome(db, folder, {**url, "timeout": 6}) == "updated"
    assert await outcome(db, folder, {**url, "timeout": 6, "enabled": False}) == "updated"
    assert await outcome(db, folder, {"callable": "functions.py:fine"}) == "updated"
    assert await outcome(db, folder, {"callable": "./functions.py:fine"}) == "unchanged"
    assert await outcome(db, folder, url, project="other") == "created"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "needs either url or callable"),
        ({"url": "https://a.example", "callable": "functions.py:fine"}, "or callable, not both"),
        ({"url": "ftp://a.example"}, "spec.url: the URL must begin with http:// or https://"),
        ({"url": "https://u:p@a.example"}, "spec.url: the URL contains credentials"),
        ({"callable": "functions.py"}, "spec.callable: must look like path/to/file.py:function"),
        ({"callable": "none.py:fine"}, "spec.callable: there is no file "),
        ({"callable": "functions.py:none"}, "functions.py has no function none (it has: fine)"),
        ({"callable": "functions.py:fine", "method": "GET"}, "method and headers belong to a url"),
        ({"url": "https://a.example", "method": "HEAD"}, "spec.method: "),
        ({"url": "https://a.example", "headers": {"Host": "b"}}, "Host is set by the server"),
        ({"url": "https://a.example", "headers": {"a b": "c"}}, "'a b' is no name of a header"),
        ({"url": "https://a.example", "headers": {"A": "b\r\nc"}}, "A must be printable ASCII"),
        ({"url": "https://a.example", "timeout": 0}, "spec.timeout: "),
        ({"url": "https://a.example", "timeout": "5"}, "spec.timeout: "),
        ({"url": "https://a.example", "timeOut": 5}, "spec.timeOut: there is no such field"),
    ],
)
async def test_mistake_is_told_with_file_line_and_field(db, folder, spec, message):
    with pytest.raises(BadDefinitions) as caught:
        await apply(db, folder, spec)
    [mistake] = caught.value.mistakes
    assert message in str(mistake)
    assert mistake.line > 0


@pytest.mark.parametrize("name", ["a b", "-a", "ü", "x" * 101])
async def test_name_that_cannot_be_asked_for_is_refused(db, folder, name):
    with pytest.raises(BadDefinitions, match="characters A-Z a-z"):
        await apply(db, folder, {"url": "https://example.com"}, name=name)


async def test_private_address_is_a_warning_only(db, folder, monkeypatch):
    [applied] = await apply(db, folder, {"url": "http://127.0.0.1:9/x"})
    assert applied.outcome == "created"
    assert "--allow-private-targets" in str(applied.warnings[0])
    monkeypatch.setenv("QUINTET_ALLOW_PRIVATE_TARGETS", "true")
    [applied] = await apply(db, folder, {"url": "http://127.0.0.1:9/x"})
    assert applied.warnings == []
