"""The timetable against a plain model of one."""

from __future__ import annotations

from hypothesis import given, strategies as st

from zeridion_flare._worker_core.schedule import Schedule

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["set", "sooner", "drop", "due"]),
        st.integers(0, 5),
        st.floats(0, 100, allow_nan=False),
    )
)


@given(OPERATIONS)
def test_schedule_behaves_like_a_sorted_dictionary(
    operations: list[tuple[str, int, float]],
) -> None:
    schedule: Schedule[int] = Schedule()
    model: dict[int, float] = {}
    for name, key, at in operations:
        if name == "set":
            schedule.set(key, at)
            model[key] = at
        elif name == "sooner":
            schedule.sooner(key, at)
            model[key] = min(at, model.get(key, at))
        elif name == "drop":
            schedule.drop(key)
            model.pop(key, None)
        else:
            expected = {k: t for k, t in model.items() if t <= at}
            found = list(schedule.due(at))
            assert set(found) == set(expected)
            assert [expected[k] for k in found] == sorted(expected.values())
            for k in expected:
                del model[k]
        assert schedule.next_at() == (min(model.values()) if model else None)
        assert len(schedule) == len(model)
        assert schedule.at(key) == model.get(key)
