"""nginx that answers every request with a bare 302: one worker, no log, kept connections."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import until

__all__ = ["is_installed", "running_nginx"]

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 302 https://offers.example/landing; }}
    }}
}}
"""


def is_installed() -> bool:
    """Whether there is an nginx on the PATH."""
    return shutil.which("nginx") is not None


@contextmanager
def running_nginx() -> Iterator[int]:
    """Start it and give its port; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="quintet-bench-") as name:
        port = _free_port()
        config = Path(name) / "nginx.conf"
        config.write_text(_CONFIG.format(folder=name, port=port))
        child = subprocess.Popen(["nginx", "-p", name, "-e", "stderr", "-c", str(config)])
        try:
            until(lambda: child.poll() is not None or _listens(port))
            if child.returncode is not None:
                raise RuntimeError(f"nginx ended with {child.returncode}")
            yield port
        finally:
            child.terminate()
            child.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
