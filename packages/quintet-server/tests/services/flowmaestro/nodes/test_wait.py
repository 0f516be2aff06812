from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quintet_server.services.flowmaestro.nodes import wait
from quintet_server.services.flowmaestro.nodes.model import NodeError, NodeResult

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("config", "after"),
    [
        ({"duration": 1500}, timedelta(seconds=1.5)),
        ({"duration": "{{ms}}"}, timedelta(seconds=2)),
        ({"durationValue": 3}, timedelta(seconds=3)),
        ({"durationValue": 3, "durationUnit": "ms"}, timedelta(milliseconds=3)),
        ({"durationValue": 1.5, "durationUnit": "minutes"}, timedelta(seconds=90)),
        ({"durationValue": "2", "durationUnit": "Hour"}, timedelta(hours=2)),
        ({"durationValue": 1, "durationUnit": "days"}, timedelta(days=1)),
        ({"waitType": "until", "timestamp": "2030-01-01T12:00:05Z"}, timedelta(seconds=5)),
        ({"timestamp": "2030-01-01T14:00:05+02:00"}, timedelta(seconds=5)),
        (
            {"timestamp": "2030-01-01T13:00:07", "timezone": "Europe/Berlin"},
            timedelta(seconds=7),
        ),
        ({"timestamp": "{{at}}"}, timedelta(seconds=9)),
        ({"timestamp": NOW.timestamp() + 4}, timedelta(seconds=4)),
        ({"timestamp": (NOW.timestamp() + 4) * 1000}, timedelta(seconds=4)),
    ],
)
def test_wait_goes_on_when_it_was_told(call_of, config, after):
    call = call_of("wait", config, {"ms": 2000, "at": "2030-01-01T12:00:09.000Z"})
    assert wait.plan(call, NOW) == wait.Wait(NOW + after)


@pytest.mark.parametrize(
    ("config", "type"),
    [
        ({"duration": 0}, "duration"),
        ({"duration": -5}, "duration"),
        ({"durationValue": "{{zero}}"}, "duration"),
        ({"timestamp": "2029-12-31"}, "until"),
    ],
)
def test_wait_for_nothing_is_skipped_with_the_reason(call_of, config, type):
    result = wait.plan(call_of("wait", config, {"zero": 0}), NOW)
    assert isinstance(result, NodeResult)
    assert result.output["skipped"] is True
    assert result.output["reason"]
    assert result.output["waitType"] == type
    assert result.output["actualWaitDuration"] == 0


def test_wait_finished_tells_how_long_it_was(call_of):
    call = call_of("wait", {"duration": 5, "outputVariable": "w"})
    result = wait.finished(call.config, NOW, NOW + timedelta(milliseconds=1234))
    assert result.output == {
        "w": {
            "waitType": "duration",
            "startTime": "2030-01-01T12:00:00.000Z",
            "endTime": "2030-01-01T12:00:01.234Z",
            "actualWaitDuration": 1234,
        }
    }
    assert result.variables == result.output


@pytest.mark.parametrize(
    ("config", "data", "told"),
    [
        ({"timestamp": "{{at}}"}, {"at": "soon"}, "timestamp must be an ISO 8601"),
        ({"timestamp": "{{at}}"}, {}, "timestamp is required"),
        ({"timestamp": "{{at}}"}, {"at": 1e30}, "timestamp must be"),
        ({"timestamp": "2030-02-01", "timezone": "{{z}}"}, {"z": "Nowhere"}, "timezone 'Nowhere'"),
        ({"timestamp": "2030-02-01", "timezone": "{{z}}"}, {"z": "../etc"}, "timezone '../etc'"),
        ({"durationValue": 400, "durationUnit": "days"}, {}, "366 days at most"),
        ({"duration": 1e300}, {}, "366 days at most"),
        ({"duration": "{{d}}"}, {"d": "long"}, "duration must be a number"),
        ({"duration": "{{d}}"}, {}, "duration is required"),
        ({"durationValue": 1, "durationUnit": "{{u}}"}, {"u": "weeks"}, "durationUnit must be one"),
    ],
)
def test_wait_that_makes_no_sense_fails(call_of, config, data, told):
    with pytest.raises(NodeError) as caught:
        wait.plan(call_of("wait", config, data), NOW)
    assert told in caught.value.message
