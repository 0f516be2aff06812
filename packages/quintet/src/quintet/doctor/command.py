"""The command line's words, and what they ask for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from quintet.doctor.setup import Setup
from quintet.transport.trust import Cert

__all__ = ["parse"]


def parse(arguments: Sequence[str] | None, prog: str) -> tuple[argparse.Namespace, Setup]:
    """Return the arguments (``url``, ``timeout``, ``json``) and the set-up that they describe."""
    parser = argparse.ArgumentParser(prog=prog, description="Quintet's runtime.")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser(
        "doctor",
        help="show the engine, proxies, trust and bounds in force",
        description=(
            "Show how requests would leave this machine: engine, versions, proxies, TLS, decoders, "
            "bounds. With a URL, go there step by step and say where it fails. Exits with 1 if "
            "something is wrong."
        ),
    )
    doctor.add_argument("url", nargs="?", help="where to go, such as https://api.example/v1")
    doctor.add_argument(
        "--transport",
        type=str.lower,
        choices=("native", "httpx"),
        help="as a client would get it with transport=; QUINTET_TRANSPORT without it",
    )
    doctor.add_argument(
        "--timeout", type=_seconds, default=5.0, help="seconds for each step (default 5)"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON for programs")
    _add_own(doctor)
    given = parser.parse_args(arguments)
    if given.key is not None and given.cert is None:
        doctor.error("--key goes with --cert")
    setup = _setup(given)
    if setup.is_own and setup.transport == "httpx":
        doctor.error(
            "--verify, --cert, --proxy and --unix-socket are a NativeTransport's; leave out "
            "--transport httpx"
        )
    return given, setup


def _add_own(doctor: argparse.ArgumentParser) -> None:
    own = doctor.add_argument_group(
        "a NativeTransport of yours", "As the program makes it with these arguments."
    )
    own.add_argument(
        "--verify",
        metavar="PATH|no",
        help="trust this CA file or directory alone; no: check no certificate",
    )
    own.add_argument("--cert", metavar="FILE", help="the client certificate")
    own.add_argument("--key", metavar="FILE", help="its key, where it is not in the same file")
    own.add_argument(
        "--proxy",
        metavar="URL|no",
        help="the proxy for everything; no: none, whatever the environment says",
    )
    own.add_argument("--unix-socket", metavar="PATH", help="the socket where every request goes")


def _setup(given: argparse.Namespace) -> Setup:
    cert: Cert | None = given.cert
    if given.key is not None:
        cert = (given.cert, given.key)
    return Setup(
        given.transport,
        True if given.verify is None else given.verify != "no" and given.verify,
        cert,
        "" if given.proxy == "no" else given.proxy,
        given.unix_socket,
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 3600:
        raise argparse.ArgumentTypeError("must be above 0 and below 3600")
    return value
