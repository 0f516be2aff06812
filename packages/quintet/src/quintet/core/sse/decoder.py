r"""From the bytes of an event stream to events, by the WHATWG rules ("Server-sent events", §9.2.6).

How it works.  Bytes are taken in slices.  In each, CR and CRLF become LF (a CR that ends a slice
counts at once, and an LF that begins the next one is then skipped).  What stands before the last
LF is complete lines: it is decoded from UTF-8 in one go, which cannot cut a character.  What
follows is a line in the making, kept as bytes.  (If a slice ends within a line, the small beginning
of an event in front of that line is kept with it: the next slice most likely makes it whole.)

Complete lines go through one regular expression, which finds whole events of the usual shape (an
``id`` and an ``event`` line or either or none, then one line of ``data``, then an empty line) and
hands over every other line by itself.  Such a line changes the event in the making (``_data``,
``_type``, ``_event_retry``); while there is one, even a usual event is only its continuation.  This
does in C what a loop over lines would do in Python, and is several times as fast.

Rules this file obeys:

* The result does not depend on how the bytes were cut, errors included: an error that follows
  good events waits until these have been handed out, and then stays.
* Nothing is scanned twice: an unfinished line is searched for its end only in the new bytes.
* Bounds hold before memory is taken: of a line in its bytes, of an event in its data lines' bytes.
"""

from __future__ import annotations

import re

from quintet.core.sse.event import ServerSentEvent
from quintet.errors import StreamLimitError

__all__ = ["SSEDecoder"]

_BOM = b"\xef\xbb\xbf"
_SLICE_BYTES = 256 * 1024
_MOST_UNREAD_BYTES = 4096
_MAX_RETRY_DIGITS = 12

# Groups: event type, id, event type, data of a usual event; or any one line with its LF.  An empty
# id or type is left to the second branch, so that "" means "absent" here.
_EVENT_OR_LINE = re.compile(
    r"(?:event: ([^\n]+)\n)?(?:id: ([^\n\0]+)\n)?(?:event: ([^\n]+)\n)?data: ([^\n]*)\n\n"
    r"|([^\n]*\n)"
).findall

# Skips the keyword handling of a named tuple's own __new__, which costs as much as the rest.
_new = tuple.__new__


class SSEDecoder:
    """An incremental decoder of one response body.

    Args:
        max_line_bytes: Longest line, 1 MiB by default.
        max_event_bytes: Most bytes in the data lines of one event, 8 MiB by default.

    Attributes:
        last_event_id: Id to resume after; set when an event is complete, as the rules say.
        retry: The server's last ``retry:`` in milliseconds, None if there was none.
        comments: Comment lines seen so far; heartbeats are such lines.
    """

    __slots__ = (
        "_careless_bytes",
        "_clean",
        "_data",
        "_event_retry",
        "_failure",
        "_fresh",
        "_id",
        "_line_bytes",
        "_max_event_bytes",
        "_max_line_bytes",
        "_most_unread",
        "_rest",
        "_size",
        "_skip_lf",
        "_started",
        "_type",
        "comments",
        "last_event_id",
        "retry",
    )

    def __init__(self, max_line_bytes: int = 1 << 20, max_event_bytes: int = 8 << 20) -> None:
        self._max_line_bytes = max_line_bytes
        self._max_event_bytes = max_event_bytes
        # In no more bytes than this, no bound can be exceeded by a new event.
        self._careless_bytes = min(max_line_bytes, max_event_bytes, _SLICE_BYTES)
        self._most_unread = min(_MOST_UNREAD_BYTES, self._careless_bytes)
        self.last_event_id = ""
        self.retry: int | None = None
        self.comments = 0
        self._failure: StreamLimitError | None = None
        # True if the next byte begins a line and an event, and nothing is to be heeded.
        self._clean = False
        self._started = False
        self._skip_lf = False
        # Bytes kept for later, and how many of them belong to the line in the making.
        self._rest: list[bytes] = []
        self._line_bytes = 0
        # The event in the making; fresh means that there is none.
        self._fresh = True
        self._data: list[str] = []
        self._size = 0
        self._type = ""
        self._id = ""
        self._event_retry: int | None = None

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that these bytes complete, perhaps none.

        Raises:
            StreamLimitError: A line or an event is larger than its bound.  Events before it have
                been returned; every later call raises again.
        """
        events: list[ServerSentEvent] = []
        if self._clean and chunk and chunk[-1] == 0x0A and len(chunk) <= self._careless_bytes:
            # A live stream mostly arrives as one whole event at a time.
            text = chunk.decode("utf-8", "replace")
            if "\r" in text:
                text = text.replace("\r\n", "\n")
            if text[-2:] == "\n\n" and "\r" not in text:
                self._text(text, events)
                return events
        if self._failure is not None:
            raise self._failure
        try:
            if len(chunk) <= _SLICE_BYTES:
                self._take(chunk, events)
            else:
                for start in range(0, len(chunk), _SLICE_BYTES):
                    self._take(chunk[start : start + _SLICE_BYTES], events)
        except StreamLimitError as error:
            self._failure = error
            if not events:
                raise
        self._clean = (
            self._fresh
            and self._started
            and not (self._rest or self._skip_lf or self._failure is not None)
        )
        return events

    def finish(self) -> bool:
        """End the stream; an event that no empty line ended is dropped, as the rules say.

        Returns:
            True if something was dropped: the stream was cut rather than ended.

        Raises:
            StreamLimitError: One that ``feed`` found and has not raised yet.
        """
        if self._failure is not None:
            raise self._failure
        dropped = bool(self._rest) or not self._fresh
        self._rest, self._line_bytes = [], 0
        self._reset_event()
        return dropped

    def _take(self, chunk: bytes, events: list[ServerSentEvent]) -> None:
        """Process a slice: its complete lines now, the rest when more has come."""
        if not self._started:
            begun = self._start(chunk)
            if begun is None:
                return
            chunk = begun
        if self._skip_lf and chunk:
            self._skip_lf = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._skip_lf = chunk[-1] == 0x0D
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if self._rest:
            if b"\n" not in chunk:
                self._keep(chunk, len(chunk))
                return
            self._rest.append(chunk)
            chunk = b"".join(self._rest)
            self._rest, self._line_bytes = [], 0
        size = len(chunk)
        last_line = chunk.rfind(b"\n") + 1
        end = last_line
        if last_line < size:
            after_event = chunk.rfind(b"\n\n") + 2
            if after_event > 1 and size - after_event <= self._most_unread:
                end = after_event
        if end == size:
            if size:
                self._lines(chunk, events)
            return
        if end:
            self._lines(chunk[:end], events)
        self._keep(chunk[end:], size - last_line)

    def _keep(self, rest: bytes, line_bytes: int) -> None:
        """Keep what may not be looked at yet; so many bytes of it are of the unfinished line."""
        self._rest.append(rest)
        self._line_bytes += line_bytes
        if self._line_bytes > self._max_line_bytes:
            raise self._too_large("line", "max_line_bytes", self._max_line_bytes)

    def _lines(self, lines: bytes, events: list[ServerSentEvent]) -> None:
        """Process complete lines, each with its LF."""
        if self._size + len(lines) <= self._careless_bytes:
            self._text(lines.decode("utf-8", "replace"), events)
            return
        for line in lines[:-1].split(b"\n"):
            if len(line) > self._max_line_bytes:
                raise self._too_large("line", "max_line_bytes", self._max_line_bytes)
            self._line(line.decode("utf-8", "replace"), events, len(line))

    def _start(self, chunk: bytes) -> bytes | None:
        """Return the stream's first bytes without a byte order mark, None while in doubt."""
        chunk = b"".join(self._rest) + chunk
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._rest = [chunk]
            return None
        self._rest = []
        self._started = True
        return chunk.removeprefix(_BOM)

    def _text(self, text: str, events: list[ServerSentEvent]) -> None:
        """Process lines in which no bound can be exceeded."""
        if text[:6] == "data: " and self._fresh and text[-2:] == "\n\n":
            # A stream of nothing but one-line data needs no look at the single event.
            body = text[6:-2]
            if "\n" not in body:
                self.last_event_id = self._id
                events.append(_new(ServerSentEvent, ("message", body, self._id, None)))
                return
            bodies = body.split("\n\ndata: ")
            if text.count("\n") == 2 * len(bodies):
                last_id = self.last_event_id = self._id
                events += [
                    _new(ServerSentEvent, ("message", body, last_id, None)) for body in bodies
                ]
                return
        append = events.append
        for kind, identity, kind_too, data, line in _EVENT_OR_LINE(text):
            if line:
                line = line[:-1]  # noqa: PLW2901
                # Counted in bytes and without its LF, as where bounds are near.
                self._line(line, events, len(line) if line.isascii() else len(line.encode()))
                continue
            if identity:
                self._id = identity
            kind = kind_too or kind  # noqa: PLW2901
            if self._fresh:
                append(_new(ServerSentEvent, (kind or "message", data, self._id, None)))
                self.last_event_id = self._id
            else:
                self._type = kind or self._type
                self._data.append(data)
                self._dispatch(events)

    def _line(self, line: str, events: list[ServerSentEvent], size: int) -> None:
        """Process one line without its LF; ``size`` is what it counts for in its event."""
        if not line:
            self._dispatch(events)
            return
        name, _, value = line.partition(":")
        if value.startswith(" "):
            value = value[1:]
        if name == "data":
            self._fresh = False
            self._data.append(value)
            self._size += size
            if self._size > self._max_event_bytes:
                raise self._too_large("event", "max_event_bytes", self._max_event_bytes)
        elif name == "event":
            self._fresh = False
            self._type = value
        elif name == "id":
            if "\0" not in value:
                self._id = value
        elif name == "retry":
            self._retry_line(value)
        elif not name:
            self.comments += 1

    def _retry_line(self, value: str) -> None:
        if value.isascii() and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
            self._fresh = False
            self.retry = self._event_retry = int(value)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        """Process an empty line: the event in the making is complete."""
        self.last_event_id = self._id
        if self._data:
            text = "\n".join(self._data)
            kind = self._type or "message"
            events.append(_new(ServerSentEvent, (kind, text, self._id, self._event_retry)))
        self._reset_event()

    def _reset_event(self) -> None:
        self._data = []
        self._size = 0
        self._type = ""
        self._event_retry = None
        self._fresh = True

    def _too_large(self, what: str, bound: str, limit: int) -> StreamLimitError:
        return StreamLimitError(
            f"the stream has a {what} of more than {limit} bytes",
            bound=bound,
            limit=limit,
            last_event_id=self.last_event_id,
        )
