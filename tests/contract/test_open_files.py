"""A program that can open no more files is told so by the SDK's own error, not by an import."""

from __future__ import annotations

import subprocess
import sys

import pytest

ERRORS = {
    "ghostflow": "APIConnectionError",
    "amdahl": "ConnectionFailedError",
    "aerostack": "ConnectionFailedError",
    "zeridion_flare": "FlareConnectionError",
    "flowmaestro": "FlowMaestroConnectionError",
}
CALLS = {
    "ghostflow": "GhostFlowClient('gf_k', transport=transport, max_retries=0).campaigns.list",
    "amdahl": "AmdahlClient('http://a.b', 'k', transport=transport, max_retries=0).pages.list",
    "aerostack": "SDK('k', transport=transport, retry_config=None).cache.cache_get",
    "zeridion_flare": "FlareClient('k', transport=transport, max_retries=0).list_jobs",
    "flowmaestro": "FlowMaestroClient('k', transport=transport, max_retries=0).workflows.list",
}
GIVEN = {"aerostack": "request={'key': 'k'}"}
PROGRAM = """
import os, resource, sys
from quintet.errors import ConnectionFailure
from quintet.testing import ScriptedTransport, reply
import {package}

down = ConnectionFailure("could not connect: too many open files")
transport = ScriptedTransport([reply(200, json={{"data": [], "exists": False}}), *[down] * 9])
call = {package}.{call}
call({given})
least = len(os.listdir("/dev/fd")) + 8
resource.setrlimit(resource.RLIMIT_NOFILE, (least, least))
try:
    while True:
        os.open(os.devnull, os.O_RDONLY)
except OSError:
    pass
try:
    call({given})
except {package}.{error} as error:
    sys.stdout.write(error.message)
"""


@pytest.mark.parametrize("package", CALLS)
def test_call_without_a_file_to_open_raises_the_errors_of_the_sdk(package: str) -> None:
    pytest.importorskip("resource", reason="limits of a process are a matter of POSIX")
    program = PROGRAM.format(
        package=package,
        call=CALLS[package],
        given=GIVEN.get(package, ""),
        error=f"errors.{ERRORS[package]}",
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "could not connect: too many open files" in ran.stdout, ran.stderr
