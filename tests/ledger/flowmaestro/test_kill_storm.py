"""Two servers are killed in turn; no step may be lost, doubled in silence, or told twice.

`QUINTET_LEDGER=full` runs more than ten times as much; `QUINTET_LEDGER_SEED` repeats a run's
moments (what happens at them is up to the machine).
"""

from __future__ import annotations

import pytest

from tests.ledger.flowmaestro import turns, workflow
from tests.ledger.flowmaestro.conftest import Serve
from tests.ledger.flowmaestro.storm import Receiver, Size, Storm
from tests.ledger.flowmaestro.turn_verdict import judge_turns
from tests.ledger.flowmaestro.turns import TurnSize, TurnStorm
from tests.ledger.flowmaestro.verdict import judge
from tests.support.model_server import NAME, model_server

# One storm at a time: each keeps both cores busy.
pytestmark = [
    pytest.mark.kill,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("storm"),
]


def test_executions_of_killed_servers_lose_and_double_nothing(
    serve: Serve, receiver: Receiver, seed: int, is_full: bool
) -> None:
    size = Size(1000, 100, 10, seconds=400) if is_full else Size(60, 5, 1, seconds=30)
    print(f"seed {seed} (QUINTET_LEDGER_SEED repeats it)")
    storm = Storm(serve(workflow.definitions(receiver.url)), receiver, size, seed)
    evidence = storm.run()
    verdict = judge(evidence)
    print(
        f"{len(evidence.kills)} blows, {storm.seconds:.0f} s; {storm.segments} segments, "
        f"{dict(verdict.numbers)}"
    )
    assert not verdict.violations, f"seed {seed}:\n" + "\n".join(verdict.violations[:20])
    assert len(evidence.wanted) == size.executions
    # Each was parked once; what was interrupted has more.
    assert storm.segments > 2 * size.executions, "the storm was too mild to show anything"
    assert verdict.numbers["steps started again"] > 0, "the storm was too mild to show anything"


def test_answers_of_killed_servers_end_once_and_are_whole(
    serve: Serve, seed: int, is_full: bool
) -> None:
    size = TurnSize(10, 60, 6, 3, seconds=200) if is_full else TurnSize(8, 5, 1, 3, seconds=30)
    print(f"seed {seed} (QUINTET_LEDGER_SEED repeats it)")
    with model_server() as model:
        servers = serve(turns.DEFINITION, {"AI_BASE_URL": model.url, "AI_MODEL": NAME})
        storm = TurnStorm(servers, model, size, seed)
        evidence = storm.run()
    verdict = judge_turns(evidence)
    print(
        f"{len(evidence.kills)} blows, {storm.seconds:.0f} s; {storm.segments} segments, "
        f"{dict(verdict.numbers)}"
    )
    assert not verdict.violations, f"seed {seed}:\n" + "\n".join(verdict.violations[:20])
    assert verdict.numbers["message:completed"] >= size.threads
    struck = storm.segments - verdict.numbers["turns"] + verdict.numbers["message:failed"]
    assert struck > 0, "the storm was too mild to show anything"
