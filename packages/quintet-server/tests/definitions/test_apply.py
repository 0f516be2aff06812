"""Definition files: reading, checking, applying."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ConfigDict, Field

from quintet_server.definitions.apply import (
    BadDefinitions,
    DefinitionError,
    apply_definitions,
)
from quintet_server.definitions.documents import find_files, read_documents
from quintet_server.definitions.kinds import Kind, Outcome, Report
from quintet_server.store.database import Connection, Database


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = Field(ge=1)
    parts: list[dict[str, str]] = []


async def put(conn: Connection, project_id: str, name: str, spec: Thing) -> Outcome:
    if spec.size == 13:
        raise DefinitionError("no thirteen here", "size")
    await conn.execute("CREATE TABLE IF NOT EXISTS things (project text, name text, size int)")
    found = await (
        await conn.execute("SELECT size FROM things WHERE name = %s", (name,))
    ).fetchone()
    await conn.execute("DELETE FROM things WHERE name = %s", (name,))
    await conn.execute("INSERT INTO things VALUES (%s, %s, %s)", (project_id, name, spec.size))
    if found is None:
        return "created"
    return "unchanged" if found[0] == spec.size else "updated"


KINDS = [Kind("flare", "thing", Thing, put)]


def thing(name: str, size: object, **more: object) -> str:
    rest = "".join(f"{key}: {value}\n" for key, value in more.items())
    return f"service: flare\nkind: thing\nname: {name}\n{rest}spec:\n  size: {size}\n"


async def test_documents_of_a_folder_are_applied_together(db: Database, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.yaml").write_text(thing("a", 1) + "---\n" + thing("b", 2, project="other"))
    (tmp_path / "sub" / "c.json").write_text(
        '{\n\t"service": "flare", "kind": "thing",\n\t"name": "c", "spec": {"size": 3}\n}'
    )
    (tmp_path / ".hidden.yaml").write_text("nonsense: [")
    (tmp_path / "notes.txt").write_text("nonsense: [")
    first = await apply_definitions(db, tmp_path, KINDS)
    assert [(item.name, item.project, item.outcome) for item in first] == [
        ("a", "default", "created"),
        ("b", "other", "created"),
        ("c", "default", "created"),
    ]
    again = await apply_definitions(db, tmp_path, KINDS)
    assert {item.outcome for item in again} == {"unchanged"}
    (tmp_path / "a.yaml").write_text(thing("a", 7))
    changed = await apply_definitions(db, tmp_path, KINDS)
    assert [item.outcome for item in changed] == ["updated", "unchanged"]


async def test_several_paths_are_applied_together_and_a_file_once(
    db: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    uses, used = tmp_path / "uses.yaml", folder / "used.yaml"
    uses.write_text(thing("uses", 1))
    used.write_text(thing("used", 2).replace("kind: thing", "kind: part"))
    kinds = [*KINDS, Kind("flare", "part", Thing, put, order=KINDS[0].order - 1)]
    applied = await apply_definitions(db, [uses, folder, used], kinds)
    assert [item.name for item in applied] == ["used", "uses"]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        await apply_definitions(db, [uses, tmp_path / "nowhere"], kinds)


async def test_one_mistake_anywhere_means_nothing_is_written(db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(thing("a", 1))
    (tmp_path / "b.yaml").write_text(thing("b", 13))  # only the database can tell
    with pytest.raises(BadDefinitions, match=r"b\.yaml:5: spec\.size: no thirteen here"):
        await apply_definitions(db, tmp_path, KINDS)
    async with db.connection() as conn:
        row = await (await conn.execute("SELECT to_regclass('things')")).fetchone()
    assert row == (None,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (thing("a", 0), "f.yaml:5: spec.size: Input should be greater than or equal to 1"),
        (thing("a", "many"), "f.yaml:5: spec.size: Input should be a valid integer"),
        (
            thing("a", 1) + "  colour: red\n",
            "f.yaml:6: spec.colour: there is no such field (known: size",
        ),
        (thing("a", 1) + "  parts:\n    - x: 1\n", "f.yaml:7: spec.parts.0.x: Input should be"),
        (thing("a", 1) + "  size: 2\n", "f.yaml:6: spec.size: appears twice"),
        (thing("a", 1, extra=1), "f.yaml:4: extra: there is no such field (known: service"),
        (thing("a", 1).replace("thing", "thin"), "f.yaml:2: kind: there is no kind 'thin'"),
        (thing("a", 1).replace("name: a\n", ""), "f.yaml:1: name: is required"),
        (
            thing("a", 1).replace("name: a", "name: 5"),
            "f.yaml:3: name: Input should be a valid str",
        ),
        (thing("a", 1) + "---\n" + thing("a", 1), "f.yaml:9: name: flare thing 'a' is defined in"),
        ("- a\n", "f.yaml:1: a document is a mapping"),
        ("a: [\n", "f.yaml:2: "),
        ("a: b: c\n", "f.yaml:1: mapping values are not allowed"),
        ("a: !!python/object:os.system x\n", "f.yaml:1: could not determine a constructor"),
    ],
)
async def test_mistakes_name_file_line_and_field(
    db: Database, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(BadDefinitions) as raised:
        await apply_definitions(db, tmp_path / "f.yaml", KINDS)
    assert message in str(raised.value)


async def test_all_mistakes_of_all_files_are_told_at_once(db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(thing("a", 0) + "---\n" + thing("b", 0))
    (tmp_path / "b.yaml").write_text("[")
    with pytest.raises(BadDefinitions) as raised:
        await apply_definitions(db, tmp_path, KINDS)
    assert len(raised.value.mistakes) == 3


def read(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "f.yaml"
    file.write_bytes(text.encode())
    [document], mistakes = read_documents(file)
    assert mistakes == []
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("yes", "yes"),
        ("on: no", {"on": "no"}),
        ("2024-01-15", "2024-01-15"),
        ("12:30", "12:30"),
        ("0o17", "0o17"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("-5", -5),
        ("1.5e3", 1500.0),
        ("[null, ~, '']", [None, None, ""]),
        ("a:", {"a": None}),
    ],
)
def test_scalars_are_read_as_in_json(tmp_path: Path, text: str, value: object) -> None:
    assert read(tmp_path, text) == value


def test_file_that_is_not_utf8_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"\xff\xfe")
    assert [str(m) for m in read_documents(file)[1]] == [f"{file}:1: is not UTF-8 text"]


@pytest.mark.parametrize(
    "text", ["\0", "!!int a", "&a [*a]", "? [1, 2]\n: 3", "[" * 3000, "*x", "--- a\n--- &a *a"]
)
def test_odd_yaml_is_a_mistake_and_no_crash(tmp_path: Path, text: str) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(text)
    assert read_documents(file)[1]


@given(st.binary(max_size=100))
def test_no_file_crashes_the_reader(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "f.yaml")
        file.write_bytes(content)
        read_documents(file)


def test_missing_path_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing-here"):
        find_files(tmp_path / "nothing-here")


async def test_kind_that_names_files_sees_where_its_document_lies_and_reports_all_mistakes(
    db: Database, tmp_path: Path
) -> None:
    def read(file: Path, spec: Thing, report: Report) -> Thing:
        for number, part in enumerate(spec.parts):
            if not (file.parent / part["path"]).is_file():
                report(f"there is no {part['path']}", "parts", number, "path")
        return Thing(size=(file.parent / "size.txt").stat().st_size)

    kinds = [Kind("flare", "thing", Thing, put, read=read)]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "size.txt").write_text("four")
    file = tmp_path / "sub" / "a.yaml"
    file.write_text(thing("a", 1) + "  parts:\n    - path: x.md\n    - path: y.md\n")
    with pytest.raises(BadDefinitions) as caught:
        await apply_definitions(db, tmp_path, kinds)
    assert [str(mistake).rpartition("/")[2] for mistake in caught.value.mistakes] == [
        "a.yaml:7: spec.parts.0.path: there is no x.md",
        "a.yaml:8: spec.parts.1.path: there is no y.md",
    ]
    file.write_text(thing("a", 1))
    assert [item.outcome for item in await apply_definitions(db, tmp_path, kinds)] == ["created"]
    async with db.connection() as conn:
        assert await (await conn.execute("SELECT size FROM things")).fetchall() == [(4,)]


async def test_warnings_have_a_place_and_stop_nothing(db: Database, tmp_path: Path) -> None:
    def read(_file: Path, spec: Thing, report: Report) -> Thing:
        report("is rather large", "size", fatal=False)
        return spec

    file = tmp_path / "a.yaml"
    file.write_text(thing("a", 7))
    [applied] = await apply_definitions(db, file, [Kind("flare", "thing", Thing, put, read=read)])
    assert applied.outcome == "created"
    assert [str(one) for one in applied.warnings] == [f"{file}:5: spec.size: is rather large"]


async def test_two_that_apply_at_once_make_everything_once(db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(thing("a", 1))
    await apply_definitions(db, tmp_path, KINDS)  # the table is there from here on
    (tmp_path / "a.yaml").write_text(thing("b", 1))
    first_is_in, go_on, entered = asyncio.Event(), asyncio.Event(), 0

    async def slow(conn: Connection, project_id: str, name: str, spec: Thing) -> Outcome:
        nonlocal entered
        entered += 1
        outcome = await put(conn, project_id, name, spec)
        first_is_in.set()
        await go_on.wait()
        return outcome

    kinds = [Kind("flare", "thing", Thing, slow)]
    first = asyncio.create_task(apply_definitions(db, tmp_path, kinds))
    await first_is_in.wait()
    second = asyncio.create_task(apply_definitions(db, tmp_path, kinds))
    waiting = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock'"
    )
    async with db.connection() as conn:
        while entered == 1 and not (await conn.execute(waiting)).rowcount:
            await asyncio.sleep(0.01)
    go_on.set()
    assert [one.outcome for one in await first + await second] == ["created", "unchanged"]
