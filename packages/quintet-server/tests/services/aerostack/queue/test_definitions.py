"""`kind: consumer` of definition files."""

from __future__ import annotations

import uuid
from pathlib import Path

import orjson
import pytest

from quintet_server.definitions.apply import BadDefinitions, apply_definitions
from quintet_server.services.aerostack.queue.definitions import KINDS

URL = {"url": "https://example.com/hook"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "functions.py").write_text("def fine(data):\n    return data\n")
    return tmp_path


async def apply(db, folder: Path, spec, name="a", **head):
    document = {"service": "aerostack", "kind": "consumer", "name": name, "spec": spec, **head}
    file = folder / f"{uuid.uuid4().hex}.json"
    file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return await apply_definitions(db, file, KINDS)


async def outcome(*args, **kwargs) -> str:
    [applied] = await apply(*args, **kwargs)
    return applied.outcome


async def test_applying_again_changes_nothing(db, folder):
    spec = {"type": "email.send", "target": {**URL, "secret": "12345678"}, "maxRetries": 1}
    assert await outcome(db, folder, spec) == "created"
    assert await outcome(db, folder, spec) == "unchanged"
    assert await outcome(db, folder, {**spec, "type": ["email.send"]}) == "updated"
    assert await outcome(db, folder, {**spec, "type": "*"}) == "updated"
    assert await outcome(db, folder, {**spec, "type": "*", "enabled": False}) == "updated"
    call = {"type": "*", "target": {"callable": "functions.py:fine"}}
    assert await outcome(db, folder, call) == "updated"
    assert await outcome(db, folder, call) == "unchanged"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"target": URL}, "spec.type: is required"),
        ({"type": "a"}, "spec.target: is required"),
        ({"type": "", "target": URL}, "spec.type: must not be empty"),
        ({"type": [], "target": URL}, "must be a type or a list of 1 to 200 types"),
        ({"type": ["a", "b\n"], "target": URL}, "must not contain control characters"),
        ({"type": "a.*.b", "target": URL}, "'a.*.b' may have a * at its end only"),
        ({"type": "a", "target": {}}, "spec.target: needs either url or callable"),
        ({"type": "a", "target": {"url": "x"}}, "spec.target.url: the URL must begin with http"),
        (
            {"type": "a", "target": {"callable": "functions.py:no"}},
            "spec.target.callable: functions.py has no function no (it has: fine)",
        ),
        (
            {"type": "a", "target": {"callable": "functions.py:fine", "secret": "12345678"}},
            "secret belongs to a url, not to a callable",
        ),
        ({"type": "a", "target": {**URL, "secret": "short"}}, "spec.target.secret: "),
        ({"type": "a", "target": {**URL, "method": "GET"}}, "GET carries no job"),
        ({"type": "a", "target": {**URL, "header": {}}}, "spec.target.header: there is no such"),
        ({"type": "a", "target": URL, "timeout": 3601}, "spec.timeout: "),
        ({"type": "a", "target": URL, "maxRetries": -1}, "spec.maxRetries: "),
        ({"type": "a", "target": URL, "maxRetries": True}, "spec.maxRetries: "),
        ({"type": "a", "target": URL, "retryDelay": -1}, "spec.retryDelay: "),
        ({"type": "a", "target": URL, "concurrency": 0}, "spec.concurrency: "),
        ({"type": "a", "target": URL, "retries": 1}, "spec.retries: there is no such field"),
    ],
)
async def test_mistake_is_told_with_its_field(db, folder, spec, message):
    with pytest.raises(BadDefinitions) as caught:
        await apply(db, folder, spec)
    assert message in str(caught.value)
