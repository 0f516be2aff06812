"""Records out of files, and which column is for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quintet_server.services.amdahl.data.files import FileRefused, format_of, records
from quintet_server.services.amdahl.data.headers import HeaderRefused, Headers
from quintet_server.services.amdahl.data.tables import TABLES

INTERACTIONS = TABLES["interactions"]


def read(
    path: Path, content: str | bytes, table: str = "interactions", **mapping: str
) -> list[tuple[int, dict[str, Any]]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = records(path, format_of(path), Headers(TABLES[table], mapping), lambda _: None)
    return [(record.line, dict(record.values)) for record in found]


def refused(path: Path, content: str | bytes, table: str = "interactions", **mapping: str) -> Any:
    with pytest.raises(FileRefused) as caught:
        read(path, content, table, **mapping)
    return caught.value.line, str(caught.value)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


@pytest.fixture
def json_file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def test_csv_is_read_by_line_with_quotes_and_blanks(csv_file: Path) -> None:
    text = '\ufeffid,content\r\na,"two\r\nlines, one cell"\r\n\r\nb,\r\n'
    assert read(csv_file, text) == [
        (3, {"id": "a", "content": "two\r\nlines, one cell"}),
        (5, {"id": "b"}),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_csv_tells_its_delimiter(csv_file: Path, delimiter: str) -> None:
    text = f"id{delimiter}content\na{delimiter}b, c\n"
    assert read(csv_file, text) == [(2, {"id": "a", "content": "b, c"})]


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b"", None, "it is empty"),
        (b"id,content\na\n", 2, "it has 1 value, and the first line 2 names"),
        (b"id,id\n", 1, "'id' is there twice"),
        (b'id,content\na,b\nc,"d', 3, "no CSV"),
        (b"id,content\na,b\nc,\xff\n", 3, "not UTF-8"),
        (b"id,\xff\na,b\n", 1, "not UTF-8"),
        (b"Company Name,company_name\n", None, "are both for company_name"),
    ],
)
def test_csv_that_is_none_is_refused(
    csv_file: Path, content: bytes, line: int | None, says: str
) -> None:
    found = refused(csv_file, content)
    assert says in found[1]
    if line is not None:
        assert found[0] == line


def test_headers_are_matched_by_usual_names(csv_file: Path) -> None:
    text = "Interaction ID,Occurred At,Account Name,Text,dealStage\n1,2,3,4,5\n"
    assert read(csv_file, text) == [
        (2, {"id": "1", "timestamp": "2", "company_name": "3", "content": "4", "deal_stage": "5"})
    ]


def test_own_name_wins_over_another_for_the_same(csv_file: Path) -> None:
    [(_, values)] = read(csv_file, "date,timestamp\n1,2\n")
    assert values == {"timestamp": "2", "metadata": {"date": "1"}}


def test_unknown_columns_go_into_metadata(csv_file: Path) -> None:
    [(_, values)] = read(csv_file, 'id,Region,metadata\na,EMEA,"{""x"": 1}"\n')
    assert values["metadata"] == {"Region": "EMEA", "x": 1}


def test_unknown_column_of_a_table_without_metadata_is_refused(csv_file: Path) -> None:
    assert "column 'region'" in refused(csv_file, "deal_id,region\nd,x\n", "deals")[1]
    assert "did you mean deal_amount?" in refused(csv_file, "deal_id,deal_amout\n", "deals")[1]
    assert read(csv_file, "deal_id,region\nd,x\n", "deals", region="") == [(2, {"deal_id": "d"})]


def test_map_decides_and_is_checked(csv_file: Path) -> None:
    assert read(csv_file, "id,Said\na,b\n", Said="content") == [(2, {"id": "a", "content": "b"})]
    assert "the file has no such column" in refused(csv_file, "id\na\n", Said="content")[1]
    with pytest.raises(HeaderRefused, match="no column contnt: did you mean content"):
        Headers(INTERACTIONS, {"Said": "contnt"})


def test_json_lines_may_differ_in_their_fields(json_file: Path) -> None:
    text = '{"id": "a", "score": 3}\n\n{"text": "b", "amount": 2, "owner": null}\n'
    assert read(json_file, text) == [
        (1, {"id": "a", "metadata": {"score": 3}}),
        (3, {"content": "b", "amount": 2}),
    ]


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ('{"id": "a"}\n{"id"\n', 2, "it is no JSON"),
        ("[\n{}]", 1, "each line must be an object of its own"),
        ('"text"\n', 1, "no JSON object"),
    ],
)
def test_json_lines_that_are_none_are_refused(
    json_file: Path, content: str, line: int, says: str
) -> None:
    found = refused(json_file, content)
    assert found[0] == line
    assert says in found[1]


def test_unknown_field_of_a_record_is_told_with_its_line(json_file: Path) -> None:
    found = refused(json_file, '{"deal_id": "a"}\n{"deal_id": "b", "x": 1}\n', "deals")
    assert found[0] == 2
    assert "column 'x'" in found[1]


def test_format_is_told_by_the_name() -> None:
    assert format_of(Path("a.NDJSON")) == "jsonl"
    with pytest.raises(FileRefused, match="--format says: csv, jsonl, parquet"):
        format_of(Path("a.xlsx"))
