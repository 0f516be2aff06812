"""`quintet amdahl import`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer

from quintet_server.cli.amdahl.importing import import_
from quintet_server.services.amdahl.data.headers import Headers
from quintet_server.services.amdahl.data.tables import TABLES
from tests.support.commands import Done, quintet, quintet_process


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    where = ("--data-dir", str(tmp_path / "none"), "--database-url", database_url)

    def run(*arguments: str, how: Callable[..., Done] = quintet) -> Done:
        return how("amdahl", "import", *arguments, *where)

    return run


def test_files_go_into_the_tables_they_are_named_after(
    run: Callable[..., Done], tmp_path: Path, database_url: str
) -> None:
    (tmp_path / "deals.csv").write_text("Deal ID,Amount,Notes\nd1,10,x\nd2,20.5,y\n")
    (tmp_path / "calls.jsonl").write_text('{"date": "2026-04-14", "Said": 1, "text": "hello"}\n')
    done = run(
        *("deals.csv", "calls.jsonl", "--project", "sales", "--map", "Notes=", "--map", "Said="),
        how=quintet_process,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("deals.csv: 2 rows for deals in ")
    assert first.endswith("(2 new, 0 changed, 0 as they were)")
    assert second.startswith("calls.jsonl: 1 row for interactions in ")
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT d.deal_id, d.deal_amount FROM amdahl_deals d JOIN projects p "
            "ON p.id = d.project_id WHERE p.name = 'sales' ORDER BY 1"
        ).fetchall()
        contents = conn.execute("SELECT content FROM amdahl_interactions").fetchall()
        jobs = conn.execute(
            "SELECT count(*) FROM work_jobs WHERE lane = 'amdahl.embedding'"
        ).fetchone()
    assert rows == [("d1", 10.0), ("d2", 20.5)]
    assert contents == [("hello",)]
    assert jobs == (1,)


def test_columns_that_were_guessed_are_told_and_an_empty_header_can_be_left_out(
    run: Callable[..., Done], tmp_path: Path, database_url: str
) -> None:
    (tmp_path / "export.csv").write_text("When,Deal $,,Mood swing\n2026-04-14,12.5,x,y\n")
    done = run("export.csv", "--map", "=")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "  read 'When' as timestamp, 'Deal $' as deal_amount; into metadata: 'Mood swing' "
        "(--map COLUMN=FIELD says otherwise)"
    ]
    with psycopg.connect(database_url) as conn:
        row = conn.execute("SELECT deal_amount, deal_name, metadata FROM amdahl_interactions")
        assert row.fetchone() == (12.5, None, {"Mood swing": "y"})


@pytest.mark.parametrize(
    ("table", "header", "column"),
    [
        ("interactions", "Deal $", "deal_amount"),
        ("interactions", "Deal Value (€)", "deal_amount"),
        ("interactions", "£", "amount"),
        ("interactions", "Amount $", "amount"),
        ("interactions", "Deal", "deal_name"),
        ("deals", "Deal $", "deal_amount"),
        ("deals", "$", "deal_amount"),
    ],
)
def test_header_with_a_currency_is_an_amount(table: str, header: str, column: str) -> None:
    headers = Headers(TABLES[table], {})
    assert headers.columns([header]) == [column]
    assert headers.guessed == {header: column}


def test_mistakes_are_told_by_line_and_nothing_is_imported(
    run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "good.csv").write_text("deal_id\nd1\n")
    (tmp_path / "bad.csv").write_text("deal_id,deal_amount\nd2,1\n,x\n")
    done = run("good.csv", "bad.csv", "--table", "deals")
    assert done.returncode == 1
    assert "good.csv: 1 row for deals" in done.stdout
    assert done.stderr.splitlines() == [
        "bad.csv:3: deal_id: is required",
        "bad.csv:3: deal_amount: must be a number, not 'x'",
        "quintet: nothing of bad.csv was imported; imported before it: good.csv",
    ]


@pytest.mark.parametrize(
    ("file", "options", "says"),
    [
        ("absent.csv", {}, "absent.csv: there is no such file"),
        (".", {}, "it is a folder; name the files in it"),
        ("here.csv", {"table": "people"}, "'people' is not one of interactions, deals"),
        ("here.csv", {"format": "xlsx"}, "'xlsx' is not one of csv, jsonl, parquet"),
        ("here.xlsx", {}, "--format says: csv, jsonl, parquet"),
        ("here.csv", {"mapping": ["content"]}, "'content' is not of the form COLUMN=FIELD"),
        ("here.csv", {"mapping": ["a=contnt"]}, "did you mean content?"),
    ],
)
def test_misuse_is_refused_before_anything_is_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    options: dict[str, Any],
    says: str,
) -> None:
    for name in ("here.csv", "here.xlsx"):
        (tmp_path / name).write_text("id\n")
    with pytest.raises(typer.Exit):
        import_([tmp_path / file], **options)
    assert says in capsys.readouterr().err
