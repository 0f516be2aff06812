"""The command line without a service: arguments, what is shown, exit codes, failing well."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from flowmaestro import FlowMaestroClient
from flowmaestro.cli import commands, main, screen
from flowmaestro.cli.arguments import make_parser
from flowmaestro.cli.chatting import converse
from flowmaestro.cli.watching import describe
from quintet.errors import ConnectionFailure
from quintet.testing import FakeClock, ScriptedTransport, reply

from ._sync.rig import frames, ok, page_of, refused, sent, stream

WORKFLOWS = page_of([{"id": "wf_9", "name": "other"}, {"id": "wf_1", "name": "triage"}], total=2)
STARTED = ok({"execution_id": "exec_1", "status": "pending"}, 202)
RUN = (
    ("connected", {"execution_id": "exec_1"}),
    ("execution:started", {"execution_id": "exec_1", "workflow_name": "triage", "total_nodes": 2}),
    ("node:started", {"node_id": "c", "node_name": "Urgent?", "node_type": "conditional"}),
    ("node:completed", {"node_id": "c", "node_name": "Urgent?", "duration": 12.4}),
    ("node:skipped", {"node_id": "d"}),
    ("execution:paused", {"execution_id": "exec_1", "pause_context": {"prompt": "May I?"}}),
    ("execution:resumed", {"execution_id": "exec_1"}),
    ("node:retry", {"node_id": "e", "error": "again"}),
    ("node:failed", {"node_id": "e", "node_name": "e", "error": "no\x1b[2J"}),
)
COMPLETED = ("execution:completed", {"outputs": {"answer": 42}})
ANSWER = (
    ("message:started", {"message_id": "m"}),
    ("message:token", {"token": "Hel"}),
    ("message:token", {"token": "lo\x1b\n"}),
    ("message:completed", {"content": "Hello"}),
)


def parse(*arguments: str) -> Any:
    return make_parser().parse_args(arguments)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ScriptedTransport:
    transport = ScriptedTransport([])

    def client(base_url: str | None = None) -> FlowMaestroClient:
        transport.closed = False
        return FlowMaestroClient("fm_live_x", base_url, transport=transport, clock=FakeClock())

    monkeypatch.setattr(commands, "FlowMaestroClient", client)
    return transport


def test_inputs_are_text_json_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.json"
    path.write_text('{"a": 1, "b": 2}')
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"s": null}'))
    options = parse(
        "run", "w", "-i", f"@{path}", "--input", "b=x=y", "-i", "c:=[1]", "-i", "@-", "-i", "d="
    )
    assert options.input == [{"a": 1, "b": 2}, {"b": "x=y"}, {"c": [1]}, {"s": None}, {"d": ""}]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["run"],
        ["run", "w", "--input", "novalue"],
        ["run", "w", "--input", "=x"],
        ["run", "w", "--input", ":=1"],
        ["run", "w", "--input", "a:={"],
        ["run", "w", "--input", "@/does/not/exist"],
        ["run", "w", "--bogus"],
        ["ask", "kb"],
        ["ask", "kb", "q", "-k", "0"],
        ["workflows", "--limit", "x"],
        ["chat"],
    ],
)
def test_wrong_usage_exits_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: flowmaestro" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[1]", "{", b"\xff"])
def test_input_file_must_be_a_json_object(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "in.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SystemExit):
        parse("run", "w", "-i", f"@{path}")


@pytest.mark.parametrize("word", ["Triage", "1"], ids=["name in another case", "id, no prefix"])
def test_workflow_is_found_by_what_its_definition_or_its_list_calls_it(
    script: ScriptedTransport, word: str
) -> None:
    script.add(WORKFLOWS, STARTED)
    assert main(["run", word, "--detach"]) == 0
    assert sent(script, 1)[1] == "/workflows/wf_1/execute"


def test_run_finds_the_workflow_by_name_and_shows_its_nodes(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add(WORKFLOWS, STARTED, stream(frames(*RUN, COMPLETED)))
    assert main(["run", "triage", "-i", "name=World", "-i", "n:=1", "-i", "name=Moon"]) == 0
    assert sent(script, 1)[1:] == ("/workflows/wf_1/execute", {"inputs": {"name": "Moon", "n": 1}})
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"answer": 42}
    for line in (
        "execution  exec_1",
        "started    triage, 2 nodes",
        "running    Urgent? (c)  conditional",
        "done       Urgent? (c)  12 ms",
        "skipped    d",
        "paused     May I?",
        "flowmaestro resume exec_1 INPUT",
        "resumed",
        "again      e: again",
        "failed     e: no?[2J",
        "completed",
    ):
        assert line in shown.err
    assert script.closed


@pytest.mark.parametrize("kind", ["execution:failed", "execution:cancelled"])
def test_run_that_does_not_complete_exits_with_four(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    script.add(STARTED, stream(frames((kind, {"error": "boom"}))))
    assert main(["run", "wf_1"]) == 4
    shown = capsys.readouterr()
    assert not shown.out
    assert kind.partition(":")[2] in shown.err


def test_run_prints_every_event_as_json(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add(STARTED, stream(frames(*RUN, COMPLETED)))
    assert main(["run", "wf_1", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == [kind for kind, _ in (*RUN, COMPLETED)]


@pytest.mark.parametrize(("flag", "out"), [([], "exec_1\n"), (["--json"], None)])
def test_run_detached_prints_the_id(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str], flag: list[str], out: str | None
) -> None:
    script.add(STARTED)
    assert main(["run", "wf_1", "--detach", *flag]) == 0
    shown = capsys.readouterr().out
    assert shown == out or json.loads(shown)["execution_id"] == "exec_1"


def test_word_that_nothing_is_called_is_an_id(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add(WORKFLOWS, refused(404, "resource_not_found", "Workflow with id 'x' not found"))
    assert main(["run", "x"]) == 1
    shown = capsys.readouterr().err
    assert "Workflow with id 'x' not found" in shown
    assert "request id req_body" in shown


def test_missing_inputs_are_named(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [{"field": "name", "message": "is required"}, 7]
    script.add(refused(400, "validation_error", "Bad inputs", details={"errors": errors}))
    assert main(["run", "wf_1"]) == 1
    assert "name: is required" in capsys.readouterr().err


def test_interrupted_watch_says_how_to_go_on(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> bytes:
        raise KeyboardInterrupt

    script.add(stream(frames(*RUN[:2]), interrupt))
    assert main(["watch", "exec_1"]) == 130
    assert "flowmaestro watch exec_1" in capsys.readouterr().err
    assert script.open_exchanges == 0


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ([], {"input": None}),
        (["yes, do"], {"input": "yes, do"}),
        (['{"approved": true}'], {"input": {"approved": True}}),
    ],
)
def test_resume_gives_json_or_text(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str], word: list[str], body: Any
) -> None:
    script.add(ok({"id": "exec_1", "status": "running"}))
    assert main(["resume", "exec_1", *word]) == 0
    assert sent(script) == ("POST", "/executions/exec_1/resume", body)
    assert capsys.readouterr().out == "exec_1  running\n"


def test_resume_can_watch(script: ScriptedTransport) -> None:
    script.add(ok({"id": "exec_1", "status": "running"}), stream(frames(COMPLETED)))
    assert main(["resume", "exec_1", "1", "--watch"]) == 0


def test_cancel_tells_the_state(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add(*[ok({"id": "exec_1", "status": "cancelled"})] * 2)
    assert main(["cancel", "exec_1"]) == 0
    assert capsys.readouterr().out == "exec_1  cancelled\n"
    assert main(["cancel", "exec_1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "cancelled"


def test_chat_says_one_message_and_prints_the_answer_as_it_comes(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    agents = page_of([{"id": "agent_1", "name": "concierge"}])
    script.add(agents, ok({"id": "thread_1"}, 201), stream(frames(*ANSWER)))
    assert main(["chat", "concierge", "--message", "Hi"]) == 0
    assert sent(script, 1) == ("POST", "/agents/agent_1/threads", {})
    assert sent(script)[2] == {"content": "Hi", "stream": True}
    shown = capsys.readouterr()
    assert shown.out == "Hello?\n\n"
    assert "thread thread_1" in shown.err


def test_chat_goes_on_with_a_thread_from_standard_input(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hi there"))
    script.add(stream(frames(*ANSWER)))
    assert main(["chat", "concierge", "-m", "-", "--thread", "t_1", "--json"]) == 0
    assert sent(script)[1:] == ("/threads/t_1/messages", {"content": "Hi there", "stream": True})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["content"] == "Hello"


def test_failed_agent_exits_with_four(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add(stream(frames(("message:failed", {"error": "no model"}))))
    assert main(["chat", "a", "-m", "Hi", "--thread", "t_1"]) == 4
    assert "no model" in capsys.readouterr().err


def test_conversation_goes_on_after_failures_until_the_input_ends(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> bytes:
        raise KeyboardInterrupt

    words = iter(["", "one", "two", "three"])

    def ask(prompt: str) -> str:
        try:
            return next(words)
        except StopIteration:
            raise EOFError from None

    script.add(
        refused(500, "execution_failed", "it broke"),
        stream(frames(ANSWER[0], ANSWER[1]), interrupt),
        stream(frames(*ANSWER)),
    )
    client = commands.FlowMaestroClient(base_url=None)
    assert converse(client, "t_1", as_json=False, ask=ask) == 0
    shown = capsys.readouterr()
    assert "it broke" in shown.err
    assert "goes on" in shown.err
    assert shown.out.endswith("Hello?\n\n")


def test_chat_reads_the_conversation_from_standard_input(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hi\n"))
    script.add(ok({"id": "thread_1"}, 201), stream(frames(*ANSWER)))
    assert main(["chat", "agent_1"]) == 0
    assert "Hello" in capsys.readouterr().out


def test_ask_prints_passages_with_scores_and_sources(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [{"score": 0.91, "document_name": "faq.md", "content": "Do\nthis\x1b"}]
    script.add(*[ok({"results": results})] * 2, ok({"results": []}))
    assert main(["ask", "kb_1", "How?", "--top-k", "3"]) == 0
    assert sent(script) == ("POST", "/knowledge-bases/kb_1/query", {"query": "How?", "top_k": 3})
    assert capsys.readouterr().out == "0.910  faq.md\n    Do\n    this?\n\n"
    assert main(["ask", "kb_1", "How?", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["similarity"] == 0.91
    assert main(["ask", "kb_1", "How?"]) == 0
    assert "nothing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["workflows"], "/workflows?page=1&per_page=20"),
        (
            ["executions", "--workflow", "wf_1", "--status", "failed", "-n", "3"],
            "/executions?page=1&per_page=3&workflow_id=wf_1&status=failed",
        ),
        (["agents"], "/agents?page=1&per_page=20"),
        (["knowledge-bases", "-n", "500"], "/knowledge-bases?page=1&per_page=100"),
        (["triggers", "--workflow", "wf_1"], "/triggers?workflow_id=wf_1&page=1&per_page=20"),
        (["webhooks"], "/webhooks?page=1&per_page=20"),
    ],
)
def test_lists_are_tables_or_json(
    script: ScriptedTransport,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    place: str,
) -> None:
    item = {"id": "x_1", "name": "a\nb\x1b" + "c" * 99, "enabled": True, "events": ["e", "f"]}
    for flags in ([], ["--json"]):
        script.add(page_of([item]))
        assert main([*arguments, *flags]) == 0
        assert sent(script)[1].partition("?")[0] == place.partition("?")[0]
        assert set(sent(script)[1].partition("?")[2].split("&")) == set(
            place.partition("?")[2].split("&")
        )
        shown = capsys.readouterr().out
        assert "x_1" in shown
        assert len(shown.splitlines()) == (1 if flags else 2)
        assert "\x1b" not in shown
    script.add(page_of([], total=0))
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("no ")


def test_missing_key_is_said_in_the_words_of_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["workflows"]) == 1
    shown = capsys.readouterr().err
    assert "set the environment variable FLOWMAESTRO_API_KEY" in shown
    assert "api_key" not in shown.replace("FLOWMAESTRO_API_KEY", "")


def test_refused_key_names_its_variable(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add(refused(401, "expired_api_key", "API key has expired"))
    assert main(["agents"]) == 1
    shown = capsys.readouterr().err
    assert "API key has expired" in shown
    assert "FLOWMAESTRO_API_KEY" in shown


def test_dead_service_is_one_line(
    script: ScriptedTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add(*[ConnectionFailure("connection refused", progress=0)] * 4)
    assert main(["agents"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_reader_that_goes_is_no_failure(
    script: ScriptedTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(screen, "print_json", broken)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    script.add(page_of([{"id": "x"}]))
    assert main(["agents", "--json"]) == 0


def test_events_without_facts_are_described_too() -> None:
    for kind in ("execution:started", "node:started", "node:completed", "execution:paused"):
        assert describe({"type": kind})
    assert describe({"type": "something:new"}) == ""


def test_stream_that_ends_without_an_end_is_not_completed(script: ScriptedTransport) -> None:
    script.add(reply(204))
    assert main(["watch", "exec_1"]) == 4
