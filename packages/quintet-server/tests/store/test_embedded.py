"""The embedded cluster: every way it can be found, and every way it can go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from quintet_server.store.embedded import EmbeddedPostgres, EmbeddedPostgresError
from quintet_server.store.processes import is_running


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path; whatever cluster is left in it is stopped."""
    path = Path(tempfile.mkdtemp(prefix="quintet-e-"))
    path.chmod(0o711)
    yield path
    for pgdata in path.rglob("PG_VERSION"):
        if pgdata.parent.name == "postgres":
            cluster = EmbeddedPostgres(pgdata.parent.parent)
            cluster.start()
            cluster.stop()
    shutil.rmtree(path)


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(statement.encode()).fetchone()
    return row[0] if row else None


def write(url: str, value: int) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        conn.execute("INSERT INTO kept VALUES (%s)", (value,))


def kill_postmaster(cluster: EmbeddedPostgres) -> int:
    pid = cluster.postmaster_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while is_running(pid):
        os.sched_yield()
    return pid


def test_first_start_restart_and_stop_keep_the_data(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    url = cluster.start()
    assert cluster.alive()
    write(url, 1)
    assert cluster.stop()
    assert not cluster.alive()
    assert cluster.start() == url
    assert ask(url, "SELECT n FROM kept") == 1
    assert cluster.stop()
    assert cluster.stop() is False


def test_cluster_is_durable_private_and_speaks_no_tcp(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    url = cluster.start()
    assert ask(url, "SHOW fsync") == "on"
    assert ask(url, "SHOW synchronous_commit") == "on"
    assert ask(url, "SHOW full_page_writes") == "on"
    assert ask(url, "SHOW listen_addresses") == ""
    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SELECT lower('ÄÖ')") == "äö"
    assert cluster.pgdata.stat().st_mode & 0o077 == 0
    assert cluster.log_file.stat().st_mode & 0o077 == 0
    cluster.stop()


def test_cluster_stays_until_its_last_user_stops(folder: Path) -> None:
    first, second = EmbeddedPostgres(folder), EmbeddedPostgres(folder)
    url = first.start()
    assert second.start() == url
    assert first.postmaster_pid() == second.postmaster_pid()
    assert first.stop() is False
    assert ask(url, "SELECT 1") == 1
    assert second.stop() is True


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("FATAL:  the database system is starting up"),
        psycopg.OperationalError("FATAL:  sorry, too many clients already"),
        psycopg.errors.ConnectionTimeout("connection timeout expired"),
    ],
    ids=str,
)
def test_cluster_that_has_no_time_or_room_is_waited_for_and_not_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: psycopg.OperationalError
) -> None:
    cluster, other = EmbeddedPostgres(folder), EmbeddedPostgres(folder)
    cluster.start()
    postmaster = cluster.postmaster_pid()
    connect, refusals = other._connect, [error, error]

    def connect_later(database: str) -> psycopg.Connection[tuple[object, ...]]:
        if refusals:
            raise refusals.pop()
        return connect(database)

    monkeypatch.setattr(other, "_connect", connect_later)
    assert ask(other.start(), "SELECT 1") == 1
    assert (refusals, other.postmaster_pid()) == ([], postmaster)
    other.stop()
    cluster.stop()


def test_user_that_was_killed_does_not_keep_the_cluster(folder: Path) -> None:
    """kill -9 of the app: the cluster lives on, the next start attaches and may stop it."""
    script = (
        "import sys, time\n"
        "from quintet_server.store.embedded import EmbeddedPostgres\n"
        "print(EmbeddedPostgres(sys.argv[1]).start(), flush=True)\n"
        "time.sleep(1000)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True
    ) as app:
        assert app.stdout is not None
        url = app.stdout.readline().strip()
        write(url, 1)
        app.kill()
    cluster = EmbeddedPostgres(folder)
    assert cluster.alive()
    before = cluster.postmaster_pid()
    assert cluster.start() == url
    assert cluster.postmaster_pid() == before
    assert ask(url, "SELECT n FROM kept") == 1
    assert cluster.stop() is True


def test_postmaster_killed_while_nobody_runs_is_started_again_with_its_data(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    url = cluster.start()
    write(url, 1)
    gone = kill_postmaster(cluster)
    other = EmbeddedPostgres(folder)
    assert not other.alive()
    other.start()
    assert other.postmaster_pid() != gone
    assert ask(url, "SELECT n FROM kept") == 1
    other.stop()
    cluster.stop()


async def test_supervisor_starts_a_killed_postmaster_again(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    url = cluster.start()
    write(url, 1)
    supervisor = asyncio.create_task(cluster.supervise(period_seconds=0.01))
    gone = kill_postmaster(cluster)
    while cluster.postmaster_pid() in (gone, None) or not cluster.alive():
        await asyncio.sleep(0.01)
    cluster.start()  # waits until it accepts connections
    assert ask(url, "SELECT n FROM kept") == 1
    supervisor.cancel()
    await asyncio.gather(supervisor, return_exceptions=True)
    cluster.stop()


def test_two_processes_that_start_at_once_share_one_cluster(folder: Path) -> None:
    script = (
        "import sys\n"
        "from quintet_server.store.embedded import EmbeddedPostgres\n"
        "cluster = EmbeddedPostgres(sys.argv[1])\n"
        "cluster.start()\n"
        "print(cluster.postmaster_pid(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    apps = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        pids = {app.stdout.readline() for app in apps if app.stdout is not None}
        assert len(pids) == 1
        assert pids != {""}
    finally:
        for app in apps:
            app.kill()
            app.communicate()


def test_data_folder_with_a_path_too_long_for_a_socket_works(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    cluster = EmbeddedPostgres(deep)
    url = cluster.start()
    assert ask(url, "SELECT 1") == 1
    socket_dir = cluster._socket_dir()
    assert socket_dir.stat().st_mode & 0o077 == 0
    cluster.stop()
    socket_dir.rmdir()


def test_folder_with_odd_characters_works(folder: Path) -> None:
    odd = folder / 'it\'s a % "dir" ü'
    cluster = EmbeddedPostgres(odd)
    url = cluster.start()
    assert ask(url, "SELECT 1") == 1
    cluster.stop()


def test_initdb_that_was_interrupted_is_done_again(folder: Path) -> None:
    leftover = folder / "postgres.new-dead"
    leftover.mkdir()
    (leftover / "half").write_text("")
    cluster = EmbeddedPostgres(folder)
    cluster.start()
    assert not leftover.exists()
    cluster.stop()


def test_stale_pid_file_of_another_process_is_no_obstacle(folder: Path) -> None:
    """After a reboot the old process id may belong to anybody."""
    cluster = EmbeddedPostgres(folder)
    url = cluster.start()
    pid_file = cluster.pgdata / "postmaster.pid"
    content = pid_file.read_text()
    kill_postmaster(cluster)
    owner = cluster.pgdata.stat()
    stranger = subprocess.Popen(["sleep", "1000"], user=owner.st_uid, cwd="/")
    pid_file.write_text(str(stranger.pid) + content[content.index("\n") :])
    os.chown(pid_file, owner.st_uid, owner.st_gid)
    assert not cluster.alive()
    cluster.start()
    assert ask(url, "SELECT 1") == 1
    cluster.stop()
    stranger.kill()
    stranger.wait()


def test_damaged_cluster_is_reported_with_the_end_of_its_log(
    folder: Path,
) -> None:
    cluster = EmbeddedPostgres(folder)
    cluster.start()
    cluster.stop()
    (cluster.pgdata / "postgresql.conf").write_text("nonsense = on\n")
    with pytest.raises(EmbeddedPostgresError, match="nonsense"):
        cluster.start()
    (cluster.pgdata / "postgresql.conf").write_text("")


def test_missing_wheel_is_reported_with_the_way_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EmbeddedPostgresError, match="DATABASE_URL"):
        EmbeddedPostgres(folder).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_runs_it_as_somebody_else(folder: Path) -> None:
    folder.chmod(0o700)
    cluster = EmbeddedPostgres(folder / "data")
    cluster.start()
    pid = cluster.postmaster_pid()
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert cluster.pgdata.stat().st_uid != 0
    assert folder.stat().st_mode & 0o007 == 0o001  # may pass through, may not look
    cluster.stop()


def test_restart_that_comes_after_the_stop_starts_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor's thread may have waited for its turn behind us."""
    cluster, started = EmbeddedPostgres(folder), []
    monkeypatch.setattr(cluster, "_ensure_running", lambda: started.append(1))
    cluster.start()
    cluster._restart()
    assert cluster.stop()
    cluster._restart()
    assert len(started) == 2


def test_start_that_waits_for_its_turn_is_called_off_by_a_stop(folder: Path) -> None:
    class Late(EmbeddedPostgres):
        waits, goes_on = threading.Event(), threading.Event()

        @contextlib.contextmanager
        def _locked(self) -> Iterator[None]:
            self.waits.set()
            self.goes_on.wait()
            with super()._locked():
                yield

    cluster = Late(folder)
    with ThreadPoolExecutor(1) as pool:
        start = pool.submit(cluster.start)
        cluster.waits.wait()
        assert cluster.stop() is False
        cluster.goes_on.set()
        with pytest.raises(EmbeddedPostgresError, match="given up"):
            start.result()
    assert not cluster.exists()


async def test_supervisor_survives_a_restart_that_fails_for_any_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = EmbeddedPostgres(folder)
    failures = iter([OSError(24, "Too many open files"), EmbeddedPostgresError("gone again")])
    restarted = threading.Event()

    def restart() -> None:
        for failure in failures:
            raise failure
        restarted.set()

    monkeypatch.setattr(cluster, "_restart", restart)
    supervisor = asyncio.create_task(cluster.supervise(period_seconds=0))
    await asyncio.to_thread(restarted.wait, 60)
    supervisor.cancel()
    await asyncio.gather(supervisor, return_exceptions=True)
    assert restarted.is_set()


class Link:
    """A connection to a cluster that has the database."""

    def close(self) -> None:
        return

    def execute(self, statement: str) -> None:
        raise psycopg.errors.DuplicateDatabase(statement)


def test_database_that_has_no_time_for_a_moment_is_not_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = EmbeddedPostgres(folder)
    errors = [
        psycopg.errors.ConnectionTimeout("connection timeout expired"),
        psycopg.OperationalError("FATAL:  sorry, too many clients already"),
        psycopg.OperationalError("server closed the connection unexpectedly"),
    ]

    def connect(database: str) -> Link:
        if database == "quintet" and errors:
            raise errors.pop(0)
        return Link()

    monkeypatch.setattr(cluster, "exists", lambda: True)
    monkeypatch.setattr(cluster, "_connect", connect)
    assert cluster.start() == cluster.url
    assert errors == []
    cluster.stop()


def test_cluster_that_goes_while_it_is_started_is_an_error_with_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, answers = EmbeddedPostgres(folder), [Link()]

    def connect(_database: str) -> Link:
        if answers:
            return answers.pop()
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(cluster, "exists", lambda: True)
    monkeypatch.setattr(cluster, "_connect", connect)
    with pytest.raises(EmbeddedPostgresError, match="gone again"):
        cluster.start()
