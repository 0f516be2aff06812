"""The command line without a service: arguments, tables, finding workers, failing well."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from zeridion_flare import (
    FlareClient,
    FlareConfigurationError,
    FlareError,
    FlareMisuseError,
    FlareWorker,
    JobRegistry,
    NotFoundError,
)
from zeridion_flare.cli import main, screen
from zeridion_flare.cli.arguments import make_parser
from zeridion_flare.cli.wording import in_own_words
from zeridion_flare.cli.workers import find_registry

JOB: dict[str, Any] = {
    "id": "job_1",
    "job_type": "T",
    "queue": "default",
    "state": "processing",
    "attempt": 1,
    "max_attempts": 3,
    "progress": 0.25,
    "created_at": "2026-01-01T00:00:00Z",
    "tags": {"env": "dev"},
}
NOW = datetime(2026, 1, 1, 0, 5, tzinfo=timezone.utc)


def parse(*arguments: str) -> Any:
    return make_parser().parse_args(arguments)


def test_enqueue_reads_json_from_text_file_and_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    assert parse("enqueue", "T", '{"a": 1}').payload == {"a": 1}
    path = tmp_path / "p.json"
    path.write_text("[1]")
    assert parse("enqueue", "T", f"@{path}").payload == [1]
    monkeypatch.setattr(sys, "stdin", io.StringIO('"x"'))
    assert parse("enqueue", "T", "-").payload == "x"
    assert parse("enqueue", "T").payload is None


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["enqueue"],
        ["enqueue", "T", "{"],
        ["enqueue", "T", "@/does/not/exist"],
        ["enqueue", "T", "--tag", "novalue"],
        ["list", "--limit", "0"],
        ["list", "--limit", "x"],
        ["cancel"],
        ["list", "--bogus"],
    ],
)
def test_wrong_usage_exits_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: flare" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["list", "enqueue", "get", "watch", "cancel", "retry", "worker"]
)
def test_unknown_option_prints_the_usage_of_its_command(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = [] if command == "list" else ["x"]
    with pytest.raises(SystemExit) as caught:
        main([command, *needed, "--bogus"])
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"usage: flare {command} ")
    assert f"flare {command}: error: unrecognized arguments: --bogus" in err


def test_unknown_option_before_the_command_prints_the_usage_of_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--bogus", "list"])
    assert capsys.readouterr().err.startswith("usage: flare [-h]")


def test_tags_may_hold_equal_signs() -> None:
    assert parse("enqueue", "T", "--tag", "k=a=b", "--tag", "x=").tag == [("k", "a=b"), ("x", "")]


def test_missing_key_is_one_line_and_exit_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 1
    says = "flare: no API key: set the environment variable FLARE_API_KEY\n"
    assert capsys.readouterr().err == says


NO_JOB = NotFoundError("the job was not found", "job_not_found", status_code=404)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("watch", "nope"), NO_JOB, "no such job: nope"),
        (("get", "nope"), NO_JOB, "no such job: nope"),
        (("enqueue", "T", "--parent", "nope"), NO_JOB, "no such job: nope"),
        (("get", "x"), NotFoundError("not found", "proxy", status_code=404), "not found"),
        (
            ("list",),
            FlareMisuseError("list_jobs failed: created_after is no time"),
            "--after is no time",
        ),
        (
            ("enqueue", "T"),
            FlareMisuseError("max_attempts and timeout_seconds"),
            "--max-attempts and --timeout",
        ),
        (
            ("get", "x"),
            FlareConfigurationError("base_url has no host"),
            "--base-url (or FLARE_BASE_URL) has no host",
        ),
        (("worker", "m"), FlareConfigurationError("set base_url there"), None),
    ],
)
def test_errors_name_the_job_and_the_options_of_the_command_line(
    arguments: tuple[str, ...], error: FlareError, says: str | None
) -> None:
    assert in_own_words(error, parse(*arguments)) == says


def test_missing_one_of_several_jobs_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def retry(_flare: FlareClient, job_id: str) -> Any:
        if job_id == "nope":
            raise NO_JOB
        return {**JOB, "state": "pending", "attempt": 0, "error_message": "old trouble"}

    monkeypatch.setenv("FLARE_API_KEY", "zf_test_sk_x")
    monkeypatch.setattr(FlareClient, "retry_job", retry)
    assert main(["retry", "nope", "job_1"]) == 1
    out, err = capsys.readouterr()
    assert err == "flare: no such job: nope\n"
    assert out == "job_1  pending  last error: old trouble\n"


def test_plain_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    screen.print_jobs([JOB, {**JOB, "id": "job_22", "job_type": "Longer\x1b[31m"}], now=NOW)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == list(screen.COLUMNS)
    assert lines[1].split() == [
        "job_1",
        "T",
        "default",
        "processing",
        "1/3",
        "25%",
        "5m",
        "env=dev",
    ]
    assert lines[0].index("QUEUE") == lines[1].index("default") == lines[2].index("default")
    assert "\x1b" not in lines[2]


def test_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    screen.print_jobs([])
    assert capsys.readouterr().out == "no jobs\n"


def test_rich_table_is_drawn_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "has_rich", lambda: True)
    screen.print_jobs([{**JOB, "job_type": "[red]no markup[/red]"}], now=NOW)
    out = capsys.readouterr().out
    assert "[red]no markup[/red]" in "".join(out.split("\n")).replace("  ", "") or "[red]" in out
    assert "job_1" in out


def test_without_rich_or_terminal_the_output_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not screen.has_rich()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert screen.has_rich()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not screen.has_rich()


def test_job_is_shown_with_payload_and_error(capsys: pytest.CaptureFixture[str]) -> None:
    screen.print_job(
        {
            **JOB,
            "payload": {"name": "Zoë"},
            "error": {"type": "ValueError", "message": "no", "stack_trace": "line 1\nline 2\n"},
        }
    )
    out = capsys.readouterr().out
    for part in ("job_1", "25%", '"name": "Zoë"', "ValueError: no", "  line 2", '{"env": "dev"}'):
        assert part in out
    assert "\nlast error  ValueError" in out


def test_error_of_a_failed_job_is_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    screen.print_job({**JOB, "state": "failed", "error_message": "no"})
    assert "\nerror  no\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("job", "line"),
    [
        (JOB, "job_1  processing  attempt 1/3  25%"),
        ({"id": "j", "state": "pending", "run_at": "later"}, "j  pending  due later"),
        (
            {"id": "j", "state": "dead_letter", "error_message": "a\nb"},
            "j  dead_letter  a",
        ),
        ({"id": "j", "state": "pending", "error_message": "a"}, "j  pending  last error: a"),
    ],
)
def test_one_line_says_what_matters(job: dict[str, Any], line: str) -> None:
    assert screen.describe(job) == line


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        ("2026-01-01T00:04:30Z", "30s"),
        ("2026-01-01T00:00:00Z", "5m"),
        ("2025-12-31T20:00:00Z", "4h"),
        ("2025-12-01T00:00:00Z", "31d"),
        ("2027-01-01T00:00:00Z", "0s"),
        (None, ""),
    ],
)
def test_age_is_in_its_largest_unit(created: str | None, shown: str) -> None:
    assert screen.age(created, NOW) == shown


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a module into the current directory; return how to name it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLARE_API_KEY", "zf_test_sk_x")
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write(text: str, name: str = "flare_cli_jobs") -> str:
        (tmp_path / f"{name}.py").write_text(text)
        return name

    yield write
    for name in set(sys.modules) - before:
        if name.startswith("flare_cli_"):
            del sys.modules[name]


REGISTRY = "from zeridion_flare import JobRegistry\njobs = JobRegistry()\n"
WORKER = "from zeridion_flare import FlareWorker\nworker = FlareWorker()\nsame = worker\n"


def test_worker_of_a_module_is_found(module: Any) -> None:
    assert isinstance(find_registry(module(WORKER)), FlareWorker)


def test_worker_of_a_file_is_found(module: Any) -> None:
    assert isinstance(find_registry(f"{module(WORKER)}.py"), FlareWorker)


def test_registry_is_found_when_there_is_no_worker(module: Any) -> None:
    assert type(find_registry(module(REGISTRY))) is JobRegistry


def test_worker_wins_over_the_registries_it_includes(module: Any) -> None:
    assert isinstance(find_registry(module(REGISTRY + WORKER)), FlareWorker)


def test_one_of_several_is_found_by_name(module: Any) -> None:
    name = module(WORKER + "other = FlareWorker()\n")
    with pytest.raises(FlareConfigurationError, match="several workers: name one"):
        find_registry(name)
    assert isinstance(find_registry(f"{name}:other"), FlareWorker)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("flare_cli_nowhere", "no module"),
        ("flare_cli_nowhere.py", "no file"),
        ("flare_cli_jobs", "holds no worker"),
        ("flare_cli_jobs:nothing", "no worker or registry named 'nothing'"),
    ],
)
def test_what_cannot_be_found_is_said(module: Any, spec: str, says: str) -> None:
    module("x = 1\n")
    with pytest.raises(FlareConfigurationError, match=says):
        find_registry(spec)


def test_missing_import_inside_the_module_is_not_hidden(module: Any) -> None:
    with pytest.raises(ModuleNotFoundError):
        find_registry(module("import flare_cli_not_there\n"))


@pytest.mark.parametrize("suffix", ["", ".py"])
def test_broken_module_shows_its_own_frames_and_one_last_line(
    module: Any, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    name = module("def build():\n    raise LookupError('no table')\n\nbuild()\n")
    assert main(["worker", f"{name}{suffix}"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.split(", ")[1:] for line in lines if line.startswith("  File ")] == [
        ["line 4", "in <module>"],
        ["line 2", "in build"],
    ]
    assert lines[-1] == f"flare: {name}{suffix} cannot be imported: LookupError: no table"
    assert sum("no table" in line for line in lines) == 2  # the raising line and the last one


def test_syntax_error_of_a_module_shows_the_place(
    module: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    name = module("x = = 1\n")
    assert main(["worker", name]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith(f'{name}.py", line 1')
    assert lines[-1] == f"flare: {name} cannot be imported: SyntaxError: invalid syntax"


def test_options_of_a_ready_made_worker_are_refused(
    module: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["worker", module(WORKER), "--concurrency", "3"]) == 1
    assert "set concurrency" in capsys.readouterr().err


def test_python_dash_m_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    monkeypatch.setattr(sys, "argv", ["flare", "--version"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("zeridion_flare.cli", run_name="__main__")
    assert caught.value.code == 0
