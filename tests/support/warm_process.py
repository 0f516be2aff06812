"""What :mod:`tests.support.warm` forks: `python -m tests.support.warm_process FD`."""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys

import quintet_server.serving  # noqa: F401 - what a server needs, before the first is asked for
from quintet_server.cli import main
from quintet_server.services import load_services

_ORDER_MAX_BYTES = 256 * 1024


def serve_forks(orders: socket.socket) -> list[str] | None:
    """Fork as told. Returns the arguments in a child; None here, once the other end has gone."""
    children: dict[int, socket.socket] = {}
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who is forked
    selector = selectors.DefaultSelector()
    selector.register(orders, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if woken in ready:
            woken.recv(4096)
            _tell_ends(children)
        if orders not in ready:
            continue
        text, fds, _, _ = socket.recv_fds(orders, _ORDER_MAX_BYTES, 3)
        if not text:
            return None
        arguments, environment, folder = json.loads(text)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            selector.close()
            for held in (orders, woken, waker, *children.values()):
                held.close()
            _become(fds, environment, folder)
            return list(arguments)
        for fd in fds[:2]:
            os.close(fd)
        children[pid] = socket.socket(fileno=fds[2])
        orders.send(str(pid).encode())


def _tell_ends(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with children.pop(pid) as told:
            try:
                told.send(str(os.waitstatus_to_exitcode(status)).encode())
            except OSError:  # nobody wants to know
                continue


def _become(fds: list[int], environment: dict[str, str], folder: str) -> None:
    """Take over streams, environment and folder, as a new process would have them."""
    stdout, stderr, told = fds
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    for fd in (stdout, stderr, told):
        os.close(fd)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)


if __name__ == "__main__":
    load_services()
    gc.collect()
    gc.freeze()  # or the first collection of each child would copy every page
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        given = serve_forks(channel)
    if given is not None:
        sys.argv = ["quintet", *given]
        main()
