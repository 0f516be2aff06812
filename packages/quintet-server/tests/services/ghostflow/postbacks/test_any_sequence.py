"""Any sequence of postbacks leaves what a small model of the rules says."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings, strategies as st

from ..objects import Objects

FOLLOWING = {"pending": {"approved", "rejected"}, "approved": {"rejected", "reversed"}}
WORDS = {
    None: "approved",
    "lead": "pending",
    "sale": "approved",
    "trash": "rejected",
    "refund": "reversed",
    "what?": "pending",
}
OFFER_PAYOUT = "3"


@dataclass
class Kept:
    """What is known of one (event, transaction)."""

    status: str
    payout: str
    word: str | None
    duplicates: int = 0
    history: list[str] = field(default_factory=list)


Postback = tuple[str | None, str | None, str | None, str | None]
POSTBACKS = st.lists(
    st.tuples(
        st.sampled_from((None, "T1", "T2")),
        st.sampled_from((None, "lead")),
        st.sampled_from(tuple(WORDS)),
        st.sampled_from((None, "1", "2.5")),
    ),
    min_size=1,
    max_size=5,
)


def expected(model: dict[tuple[str, str | None], Kept], postback: Postback) -> str:
    """The answer the rules give; `model` becomes what they leave."""
    tx, event, word, payout = postback
    status, key = WORDS[word], (event or "conversion", tx)
    kept = model.get(key)
    if kept is None:
        model[key] = Kept(status, payout or OFFER_PAYOUT, word, history=[status])
        return "created"
    if status != kept.status and status not in FOLLOWING.get(kept.status, ()):
        return "ignored"
    if status == kept.status and payout in (None, kept.payout):
        kept.duplicates += 1
        return "duplicate"
    if status != kept.status:
        kept.history.append(status)
    kept.status, kept.payout, kept.word = status, payout or kept.payout, word or kept.word
    return "updated"


@settings(suppress_health_check=[*HealthCheck], deadline=None)
@given(POSTBACKS)
async def test_any_sequence_of_postbacks_ends_where_the_model_does(
    objects: Objects, postbacks: list[Postback]
) -> None:
    click = await objects.click()
    model: dict[tuple[str, str | None], Kept] = {}
    for postback in postbacks:
        names = ("tx_id", "event", "status", "payout")
        given = {name: v for name, v in zip(names, postback, strict=True) if v is not None}
        told = await objects.told(click_id=click, **given)
        assert told["status"] == expected(model, postback), (postback, model)
    found = {
        (one["event"], one["txId"]): Kept(
            one["status"],
            f"{one['payout']:g}",
            one["originalStatus"],
            one["duplicateCount"],
            [each["status"] for each in one["history"]],
        )
        for one in await objects.conversions(clickId=click)
    }
    assert found == model
