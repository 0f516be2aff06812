"""A session that dies anywhere comes to the same result, and does nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Office
from .desks import Asked, Died, PaperDesk

TASKS: dict[str, str] = {
    "researcher": "How many interactions by channel?",
    "copilot": "How is the sentiment of Acme by channel?",
    "content_writer": "Write a newsletter about sentiment by channel",
    "orchestrator": "Research sentiment by channel, then write a LinkedIn post about it",
}


async def to_its_end(office: Office, desk: PaperDesk, lives: int | None) -> Any:
    """The result, through as many processes and answers as it takes."""
    for _ in range(100):
        desk.lives = lives
        desk.again()
        try:
            return await office.at(desk)
        except Died:
            continue
        except Asked:
            [key] = [one for one in desk.questions if one not in desk.answers]
            kind = desk.questions[key]["type"]
            if kind == "multiple_choice":
                desk.answers[key] = {"choice": "Acme Labs"}
            elif key.endswith("outline[0]"):
                desk.answers[key] = {"approved": False, "feedback": "Add deals by owner"}
            else:
                desk.answers[key] = {"approved": True}
    raise AssertionError("no end")


@pytest.mark.parametrize("kind", list(TASKS))
async def test_session_that_dies_at_every_second_step_comes_to_the_same_end(
    office: Office, kind: str
) -> None:
    await office.plant(
        "interactions",
        office.said(
            1, channel="email", company_name="Acme Labs", sentiment=0.5, owner="Amber Field"
        ),
        office.said(2, channel="call", company_name="Acme Foods", sentiment=-0.5, deal_id="d1"),
    )
    whole, broken = (office.desk(kind, TASKS[kind]) for _ in range(2))
    expected = await to_its_end(office, whole, None)
    result = await to_its_end(office, broken, 2)
    assert result.text == expected.text
    assert list(broken.contents) == list(whole.contents)
    assert set(broken.done.values()) == {1}
    assert broken.done == whole.done
