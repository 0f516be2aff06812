# Generated from zeridion_flare/_async/watching.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Jobs as they change: live events, waiting for the end, export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from quintet._sync.polling import poll_until
from quintet.core.deadline import Deadline
from quintet.core.polling import PollSchedule
from quintet.errors import PollTimeout, QuintetError
from zeridion_flare import _wire as wire
from zeridion_flare._bodies import choose_body
from zeridion_flare._sync.calls import Calls
from zeridion_flare.errors import adopt

if TYPE_CHECKING:
    from datetime import datetime

    from quintet._sync.streams import ByteStream, EventStream
    from quintet.core.sse.event import ServerSentEvent
    from zeridion_flare.types import Job


class WatchCalls(Calls):
    """The methods of the client that follow jobs and stream many of them."""

    def job_events(
        self,
        job_id: str,
        *,
        last_event_id: str = "",
        idle_timeout: float | None = 60.0,
        request_id: str | None = None,
    ) -> EventStream:
        """Return the server-sent events of a job: ``state`` and ``progress``, until it has ended.

        The first event is the job as it is. Lost connections are taken up again where they broke.
        Nothing is sent before the iteration begins; use ``with`` to stop early.

        Args:
            last_event_id: Go on after this event.
            idle_timeout: Seconds of silence after which the connection counts as dead; the
                service sends a comment every 15.

        Raises:
            FlareStreamError: While iterating: the stream broke for good.
            NotFoundError: While iterating: there is no such job.
        """
        # Imported here: most programs follow no job.
        from quintet.core.sse.session import EventRules

        rules = EventRules(is_terminal=_is_last_event, idle_timeout=idle_timeout, numbered=True)
        return self._api.events(
            wire.JOB_EVENTS,
            rules,
            path={"id": job_id},
            request_id=request_id,
            last_event_id=last_event_id,
        )

    def watch_job(
        self, job_id: str, *, idle_timeout: float | None = 60.0, request_id: str | None = None
    ) -> Iterator[Job]:
        """Iterate over a job as it changes, live; the last item is the job in its final state.

        Raises:
            FlareStreamError: The stream broke for good.
            NotFoundError: There is no such job.
        """
        with self.job_events(job_id, idle_timeout=idle_timeout, request_id=request_id) as events:
            for event in events:
                yield _job_of(event)

    def wait_for_job(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        interval: float = 0.5,
        max_interval: float = 5.0,
    ) -> Job:
        """Look at a job until it has ended, and return it; passing failures are put up with.

        A job waiting for its next attempt has not ended. :meth:`watch_job` sees changes sooner.

        Args:
            timeout: Seconds in all; ``None`` waits for ever.
            interval: Seconds before the second look; the waits then grow.
            max_interval: Longest wait between two looks.

        Raises:
            WaitTimeoutError: It had not ended in time; ``last`` is the job as last seen.
            NotFoundError: There is no such job.
            FlareError: A look failed for good.
        """

        def look() -> Job:
            return cast("Job", self._object(wire.GET_JOB, path={"id": job_id}))

        try:
            schedule = PollSchedule(
                interval, max_interval, deadline=Deadline.after(timeout, self._clock.monotonic())
            )
            return poll_until(look, _has_ended, schedule, self._clock)
        except PollTimeout as late:
            raise adopt(_explain(late, job_id, timeout)) from late.__cause__
        except QuintetError as error:
            raise adopt(error) from error.__cause__

    def export_jobs(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        format: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        state: str | None = None,
        queue: str | None = None,
        job_type: str | None = None,
        request_id: str | None = None,
    ) -> ByteStream:
        """Return the export of past jobs as a stream of bytes, in constant memory.

        ``max_response_bytes`` does not apply. Nothing is sent before the iteration begins. The
        service takes one export a minute.

        Args:
            body: The whole request as one mapping, instead of the keywords.
            format: ``"ndjson"`` (the default) or ``"csv"``.
            since: Beginning of the window (the wire's ``from``).
            until: End of the window, at most 90 days later.
            state: Only jobs in this state.
            queue: Only jobs of this queue.
            job_type: Only jobs of this type.
            request_id: Your id of this call for the service's logs.
        """
        fields = {
            "format": format,
            "from": since,
            "until": until,
            "state": state,
            "queue": queue,
            "job_type": job_type,
        }
        return self._api.download(
            wire.EXPORT_JOBS,
            json=choose_body(body, fields),
            headers={"Accept": "*/*"},
            request_id=request_id,
        )


def _explain(late: PollTimeout, job_id: str, seconds: float | None) -> PollTimeout:
    """Say which job did not end, and how far it was."""
    last = late.last
    state = last.get("state") if isinstance(last, dict) else "never seen"
    late.message = f"job {job_id} did not end within {seconds:g} s; it is {state}"
    late.args = (late.message,)
    return late


def _has_ended(job: Job) -> bool:
    from zeridion_flare.types import TERMINAL_STATES

    return job.get("state") in TERMINAL_STATES


def _is_last_event(event: ServerSentEvent) -> bool:
    if event.event != "state":
        return False
    # Only an event that holds the word of a final state can be the last: most are told apart
    # without being parsed twice.
    data = event.data
    from zeridion_flare.types import TERMINAL_STATES

    if not any(state in data for state in TERMINAL_STATES):
        return False
    return _job_of(event).get("state") in TERMINAL_STATES


def _job_of(event: ServerSentEvent) -> Job:
    try:
        job = event.json()
    except QuintetError as error:
        raise adopt(error) from error.__cause__
    return cast("Job", job if isinstance(job, dict) else {})
