"""Starting and stopping the embedded PostgreSQL.

    folder/            ours; made 0700, or 0755 when root makes it, since another account has to pass through
        cluster/       the data, 0700, of the account that runs the server
        run/           its socket, 0700: whoever can open it is trusted
        postgres.log   and postgres.log.1
        password       0600, once a port was asked for
        lock           held while one process starts

No mode and no owner of anything that was there before is ever changed.
"""

import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

from twh_server.database.embedded.account import Account, account_for
from twh_server.database.embedded.child import Child
from twh_server.database.embedded.cluster import clear_traces, create_cluster, says, wait_until_free
from twh_server.database.embedded.errors import (
    EmbeddedPostgresFailure,
    FolderUnusable,
    PortInUse,
    PostgresDidNotStart,
    ProgramsNotFound,
    SessionsLeft,
)
from twh_server.database.embedded.log import Log
from twh_server.database.embedded.programs import Programs, find_programs, open_folder, runnable
from twh_server.database.embedded.statement import StatementRefused, ask
from twh_server.database.embedded.turns import turn

SUPERUSER = "postgres"
DATABASE = "twh"

# A crash may leave minutes of WAL to replay; an orphaned session, seconds until it notices.
START_TIMEOUT_SECONDS = 120.0
ORPHANS_TIMEOUT_SECONDS = 15.0

# Part of the socket's file name only, unless a port was asked for.
SOCKET_PORT = 5432
# 104 bytes on macOS, 108 on Linux, with the zero at the end.
SOCKET_PATH_BYTES_MAX = 103

# For one machine that has other things to do. Durability (fsync, synchronous_commit) is PostgreSQL's default: on.
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "min_wal_size": "80MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u ",
    "cluster_name": "twh",
}

# What is thrown away at the end does not have to survive a power cut.
TEMPORARY: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def default_root_folder() -> Path:
    """Where root keeps the data: everyone may pass through /var/lib, and the server does not run as root.

    For anyone else, the platform's folder for a user's data is right.
    """
    return Path("/var/lib/twh")


class EmbeddedPostgres:
    """A PostgreSQL in a folder. As a context manager it runs inside the block; `start` after `stop` starts it again.

    `port` adds 127.0.0.1 with a password to the socket. `binaries` is a folder with `postgres` and `initdb` in it.
    `settings` are PostgreSQL's own, over SETTINGS. As root, `run_as` names the account that gets a new folder's data,
    and `cache` is where it finds a copy of programs that it cannot reach. Every failure is an EmbeddedPostgresFailure.
    """

    def __init__(
        self,
        folder: Path | str,
        port: int | None = None,
        binaries: Path | str | None = None,
        *,
        settings: Mapping[str, str | int] | None = None,
        run_as: str | None = None,
        cache: Path | None = None,
        start_timeout_seconds: float = START_TIMEOUT_SECONDS,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.port = port
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "postgres.log"
        self.socket_folder = self._socket_folder()
        self._binaries = Path(binaries).resolve() if binaries else None
        self._settings = {**SETTINGS, **{name: str(value) for name, value in (settings or {}).items()}}
        self._run_as = run_as
        self._cache = cache
        self._start_timeout_seconds = start_timeout_seconds
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the server is there; it may have been killed since it was started."""
        return self._child is not None and not self._child.ended.is_set()

    @property
    def pid(self) -> int | None:
        """The server's process; None when it is not running."""
        return self._child.pid if self._child and self.running else None

    def start(self) -> Self:
        """Start the server, making its database first where there is none. Returns when it has answered a query."""
        if self.running:
            return self
        if sys.platform == "win32":
            raise ProgramsNotFound("There is no embedded PostgreSQL for Windows: give the address of one.")
        try:
            account = account_for(self.cluster, name=self._run_as)
            self._make_folder(account)
            with turn(self.folder / "lock"):
                wait_until_free(self.cluster)
                self._make_socket_folder(account)
                self._start(account)
        except OSError as problem:
            raise FolderUnusable.because(self.folder, problem) from problem
        return self

    def stop(self) -> None:
        """End every session, write everything, and return when the process is gone."""
        if self._child:
            self._child.stop()
            self._child = None

    def conninfo(self, user: str | None = None, dbname: str = DATABASE) -> str:
        """A libpq connection string over the socket. Without a user it is for others to add one."""
        login = {"user": user} if user else {}
        return _conninfo(host=str(self.socket_folder), port=str(self._socket_port), dbname=dbname, **login)

    def url(self, user: str | None = None, dbname: str = DATABASE) -> str:
        """The same as a URL."""
        login = f"{quote(user, safe='')}@" if user else ""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{login}/{quote(dbname, safe='')}?host={host}&port={self._socket_port}"

    def tcp_url(self, dbname: str = DATABASE) -> str:
        """The superuser's address over the port, password included. Raises ValueError when no port was asked for."""
        if self.port is None:
            raise ValueError("this PostgreSQL has no port: it was started for the socket alone")
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    # --- starting ---

    def _start(self, account: Account) -> None:
        found = find_programs(self._binaries, cluster=self.cluster)
        programs = runnable(found, account, cache=self._cache)
        is_new = not self.cluster.exists()
        if is_new:
            durable = self._settings.get("fsync") != "off"
            create_cluster(self.cluster, programs, account, superuser=SUPERUSER, durable=durable)
        log = Log(self.log)
        try:
            self._launch(programs, account, log)
            self._prepare()
        except BaseException:
            self.stop()
            raise
        finally:
            log.close()

    def _launch(self, programs: Programs, account: Account, log: Log) -> None:
        began = time.monotonic()
        while True:
            log.mark()
            clear_traces(self.cluster, self.socket_folder)
            self._child = Child(self._command(programs), account=account, folder=self.cluster, log=log.descriptor)
            if self._becomes_ready(self._child, before=began + self._start_timeout_seconds):
                return
            failure = self._failure(self._child, log.lines())
            self.stop()
            # When only its main process was killed, the sessions take a moment to notice; their memory tells.
            if not isinstance(failure, SessionsLeft) or time.monotonic() - began > ORPHANS_TIMEOUT_SECONDS:
                raise failure
            time.sleep(0.1)

    def _becomes_ready(self, child: Child, *, before: float) -> bool:
        while not child.ended.wait(0.004) and time.monotonic() < before:
            # Asked only then: every question it cannot answer yet is a line in the log.
            if says(self.cluster, "ready") and self._answers():
                return True
        return False

    def _answers(self) -> bool:
        try:
            return self._ask("select 1", dbname=SUPERUSER) == ["1"]
        except (OSError, StatementRefused):
            return False

    def _failure(self, child: Child, lines: list[str]) -> EmbeddedPostgresFailure:
        said = "\n".join(lines)
        if not child.ended.is_set():
            return PostgresDidNotStart(f"PostgreSQL was not ready in {self._start_timeout_seconds:g} seconds.", lines)
        if "shared memory block" in said:
            return SessionsLeft(self.folder, None)
        if self.port and "Address already in use" in said:
            return PortInUse(self.port)
        return PostgresDidNotStart("PostgreSQL ended before it was ready.", lines)

    def _prepare(self) -> None:
        if not self._ask(f"select 1 from pg_database where datname = '{DATABASE}'", dbname=SUPERUSER):
            self._ask(f"create database {DATABASE} template template0", dbname=SUPERUSER)
        if self.port is not None:
            self._ask(f"alter role {SUPERUSER} password '{self._password()}'", dbname=SUPERUSER)

    def _ask(self, statement: str, *, dbname: str) -> list[str | None]:
        socket_file = self.socket_folder / f".s.PGSQL.{self._socket_port}"
        return ask(socket_file, statement, user=SUPERUSER, dbname=dbname)

    def _command(self, programs: Programs) -> list[str]:
        ours = {
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "listen_addresses": "" if self.port is None else "127.0.0.1",
            "port": str(self._socket_port),
            "logging_collector": "off",
        }
        options = [word for name, value in {**self._settings, **ours}.items() for word in ("-c", f"{name}={value}")]
        return [str(programs.postgres), "-D", str(self.cluster), *options]

    # --- the folder ---

    @property
    def _socket_port(self) -> int:
        return SOCKET_PORT if self.port is None else self.port

    def _socket_folder(self) -> Path:
        inside = self.folder / "run"
        if len(os.fsencode(inside)) + len("/.s.PGSQL.65535") <= SOCKET_PATH_BYTES_MAX:
            return inside
        return Path("/tmp") / f"twh-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"  # noqa: S108

    def _make_folder(self, account: Account) -> None:
        if not self.folder.exists():
            if account.changes:
                open_folder(self.folder)
            else:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self.folder))
        account.reach(self.folder)

    def _make_socket_folder(self, account: Account) -> None:
        folder = self.socket_folder
        if not folder.exists():
            folder.mkdir(mode=0o700)
            account.own(folder)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.uid or status.st_mode & 0o077:
            raise FolderUnusable(
                folder, f"it is not a private folder of {account.name!r}", "Remove it, and start again."
            )

    def _password(self) -> str:
        """The superuser's password, made when it is first needed."""
        file = self.folder / "password"
        try:
            return file.read_text()
        except FileNotFoundError:
            password = secrets.token_urlsafe(24)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as new:
                new.write(password)
            return password


@contextmanager
def temporary_postgres(
    *, settings: Mapping[str, str | int] | None = None, binaries: Path | str | None = None
) -> Generator[EmbeddedPostgres]:
    """A running PostgreSQL that is thrown away at the end, and is in no hurry to reach the disk: for tests and trials."""
    folder = Path(tempfile.mkdtemp(prefix="twh-"))
    if os.geteuid() == 0:
        folder.chmod(0o755)
    try:
        with EmbeddedPostgres(folder, binaries=binaries, settings={**TEMPORARY, **(settings or {})}) as postgres:
            yield postgres
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _conninfo(**words: str) -> str:
    quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in words.items()}
    return " ".join(f"{name}='{value}'" for name, value in quoted.items())
