"""From a target to a connection: names looked up, addresses tried, tunnel dug, TLS spoken.

The addresses of a host are tried as RFC 8305 has it ("Happy Eyeballs"): families take turns, each
address gets a head start over the next, and the first that connects wins.  All of it obeys the
limit of the exchange that needs the connection, and ends when the engine is closed.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import Any

from quintet.transport.http11 import ProxyAnswer
from quintet.transport.sockets import (
    SOCKET_OPTIONS,
    Network,
    Stream,
    connect_error,
    resolve_error,
)
from quintet.transport.targets import Target
from quintet.transport.trust import Trust
from quintet.transport.watch import (
    ConnectError,
    ConnectTimeout,
    ProxyError,
    ReadTimeout,
    Watch,
    WriteTimeout,
)

__all__ = ["Address", "connect", "families_in_turn"]

Address = tuple[int, int, int, Any]
"""Family, kind, protocol and address, as ``socket`` wants them."""

# How often a thread that waits for a name or for a full queue sees whether the engine was closed.
_LOOK_SECONDS = 0.1
_QUEUE_FULL_SECONDS = 0.01
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR})


def connect(
    stream: Stream, network: Network, target: Target, trust: Trust, stagger: float, watch: Watch
) -> None:
    """Connect ``stream`` to a target, through its proxy if it has one.

    Raises:
        ConnectError: There is no address, or none that takes a connection.
        ConnectTimeout: The limit passed.
        ProxyError: The proxy refused.
    """
    watch.fresh = True
    try:
        if target.unix_socket is not None:
            _connect_unix(stream, network, target.unix_socket, watch)
        else:
            host, port = target.proxy or (target.host, target.port)
            found = resolve(host, port, network, watch)
            _Race(stream, network, watch, stagger).run(families_in_turn(found))
        network.check_open()
        if target.secure:
            if target.proxy is not None:
                _open_tunnel(stream, target, watch)
            stream.start_tls(trust.context(), target.host, watch)
    except OSError as failure:
        stream.close()
        raise connect_error(failure) from failure
    except BaseException:
        stream.close()
        raise


def resolve(host: str, port: int, network: Network, watch: Watch) -> list[Address]:
    """Return the addresses of a host.

    Names are looked up in a thread, since nothing else can end a look-up: neither the limit, nor
    Ctrl-C, nor closing the engine.  A literal address needs none.
    """

    def look_up() -> list[Address]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]

    try:
        return look_up() if _literal(host) else _aside(look_up, network, watch)
    except (OSError, UnicodeError) as unknown:
        if network.closed:
            raise
        raise resolve_error(host, unknown) from unknown


def _literal(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return False
    return True


def _aside(look_up: Callable[[], list[Address]], network: Network, watch: Watch) -> list[Address]:
    outcome: list[list[Address] | Exception] = []
    done = threading.Event()

    def work() -> None:
        try:
            outcome.append(look_up())
        except Exception as failure:
            # Its traceback would hold this frame, which holds it.
            outcome.append(failure.with_traceback(None))
        finally:
            done.set()

    try:
        threading.Thread(target=work, name="quintet-resolver", daemon=True).start()
    except RuntimeError:  # no more threads: then it takes as long as it takes
        return look_up()
    while not done.is_set():
        left = watch.left(ConnectTimeout)
        done.wait(_LOOK_SECONDS if left is None else min(left, _LOOK_SECONDS))
        network.check_open()
    return _result(outcome)


def _result(outcome: list[list[Address] | Exception]) -> list[Address]:
    if isinstance(outcome[0], Exception):
        # Without a name here, which would make a cycle of it and this frame.
        raise outcome.pop()  # type: ignore[misc]
    return outcome[0]


def families_in_turn(found: Sequence[Address]) -> list[Address]:
    """Return addresses so that families alternate, beginning with the resolver's favourite."""
    families: dict[int, list[Address]] = {}
    for address in found:
        families.setdefault(address[0], []).append(address)
    in_turn = chain.from_iterable(zip_longest(*families.values()))
    return [address for address in in_turn if address is not None]


class _Race:
    """Attempts to connect to the addresses of one host, beside each other."""

    def __init__(self, stream: Stream, network: Network, watch: Watch, stagger: float) -> None:
        self._stream = stream
        self._network = network
        self._watch = watch
        self._stagger = stagger
        self._running: list[socket.socket] = []
        self._failure: OSError | None = None

    def run(self, addresses: list[Address]) -> None:
        """Attach the first socket that connects to the stream, and close the others."""
        waiting = deque(addresses)
        next_start = 0.0
        while waiting or self._running:
            now = self._watch.now()
            if waiting and (not self._running or now >= next_start):
                self._start(waiting.popleft())
                next_start = now + self._stagger
                continue
            left = self._watch.left(ConnectTimeout)
            if waiting:
                head_start = max(0.0, next_start - now)
                left = head_start if left is None else min(left, head_start)
            running = len(self._running)
            winner = self._settle(_connected(self._running, left))
            self._network.check_open()
            if winner is not None:
                self._win(winner)
                return
            if len(self._running) < running:
                next_start = 0.0  # one has failed: the next need not wait
        raise self._outcome()

    def _outcome(self) -> Exception:
        # Handed out and not kept: a failure must not hold the frames that hold it.
        failure, self._failure = self._failure, None
        return failure or ConnectError("the host has no address")

    def _start(self, address: Address) -> None:
        family, kind, protocol, where = address
        socks = self._stream.hold.socks
        try:
            # Known before it is connected, so that closing the engine interrupts the attempt.
            socks.append(socket.socket(family, kind, protocol))
            sock = socks[-1]
            sock.setblocking(False)
            for option in SOCKET_OPTIONS:
                sock.setsockopt(*option)
            _begin(sock, where)
        except OSError as failure:  # this system may not even know the family
            self._failure = failure.with_traceback(None)
            return
        self._running.append(sock)
        self._network.check_open()

    def _settle(self, ready: list[socket.socket]) -> socket.socket | None:
        """Return a socket that is connected; drop those that failed."""
        for sock in ready:
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                return sock
            self._failure = OSError(code, os.strerror(code))
            self._running.remove(sock)
            sock.close()
        return None

    def _win(self, winner: socket.socket) -> None:
        losers = [sock for sock in self._stream.hold.socks if sock is not winner]
        self._stream.attach(winner)
        for sock in losers:
            sock.close()


def _begin(sock: socket.socket, address: Any) -> None:
    code = sock.connect_ex(address)
    if code and code not in _UNDER_WAY:
        raise OSError(code, os.strerror(code))


def _connected(socks: list[socket.socket], seconds: float | None) -> list[socket.socket]:
    """Return the sockets whose attempt has come to an end, waiting so long for the first."""
    if hasattr(select, "poll"):
        poll = select.poll()
        for sock in socks:
            poll.register(sock, select.POLLOUT)
        ready = {number for number, _ in poll.poll(None if seconds is None else seconds * 1000)}
        return [sock for sock in socks if sock.fileno() in ready]
    _, connected, failed = select.select([], socks, socks, seconds)
    return [*connected, *failed]


def _connect_unix(stream: Stream, network: Network, path: str, watch: Watch) -> None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)  # type: ignore[attr-defined,unused-ignore]
    stream.hold.socks.append(sock)
    sock.setblocking(False)
    # It connects at once or not at all, but while the queue is full; nothing tells the end of that.
    while (code := sock.connect_ex(path)) in (errno.EAGAIN, errno.EINTR):
        left = watch.left(ConnectTimeout)
        time.sleep(_QUEUE_FULL_SECONDS if left is None else min(left, _QUEUE_FULL_SECONDS))
        network.check_open()
    if code:
        raise OSError(code, f"{os.strerror(code)}: {path}")
    stream.attach(sock)


def _open_tunnel(stream: Stream, target: Target, watch: Watch) -> None:
    """Have the proxy connect to the origin."""
    answer = ProxyAnswer(target.authority, target.proxy_lines)
    refusal = None
    try:
        stream.write(answer.request, watch)
        while refusal is None:
            refusal = answer.feed(stream.read(watch))
    except (ReadTimeout, WriteTimeout) as late:
        raise ConnectTimeout from late
    if refusal:
        raise ProxyError(refusal, bool(target.proxy_lines))
