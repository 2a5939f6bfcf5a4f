"""The cluster: the folder that PostgreSQL calls its data directory. It is made whole or not at all."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from twh_server.database.embedded.account import Account
from twh_server.database.embedded.errors import DatabaseInUse, PostgresDidNotStart
from twh_server.database.embedded.programs import Programs

# How long the end of a server is waited for: one that was told to stop, and one whose parent died only just now.
STOPPING_SECONDS = 30.0
ORPHANED_SECONDS = 1.0
LINES_MAX = 12


def create_cluster(cluster: Path, programs: Programs, account: Account, *, superuser: str, durable: bool) -> None:
    """Make an empty cluster beside its place and rename it: a kill in between leaves nothing that looks like one."""
    for left in cluster.parent.glob(f"{cluster.name}.unfinished-*"):
        shutil.rmtree(left, ignore_errors=True)
    # A name of its own: the initdb of a process that was killed may still be writing into the one before.
    unfinished = Path(tempfile.mkdtemp(prefix=f"{cluster.name}.unfinished-", dir=cluster.parent))
    account.own(unfinished)
    try:
        _run(_initdb(programs, unfinished, superuser), account)
        if durable:
            _run([str(programs.initdb), "--sync-only", "-D", str(unfinished)], account)
        unfinished.rename(cluster)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def wait_until_free(cluster: Path) -> None:
    """Return when no PostgreSQL has the cluster; raise DatabaseInUse when one has it and is not about to end."""
    began = time.monotonic()
    while (pid := _postmaster_of(cluster)) is not None:
        patience_seconds = STOPPING_SECONDS if says(cluster, "stopping") else ORPHANED_SECONDS
        if time.monotonic() - began > patience_seconds:
            raise DatabaseInUse(cluster, pid)
        time.sleep(0.02)


def clear_traces(cluster: Path, sockets: Path) -> None:
    """Remove what a killed server left and what its number, now another program's, would make PostgreSQL believe.

    Only under the folder's lock and after `wait_until_free`. PostgreSQL still checks the shared memory by itself.
    """
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def says(cluster: Path, state: str) -> bool:
    """Whether the server has written down that it is "starting", "ready" or "stopping"."""
    try:
        return state in (cluster / "postmaster.pid").read_text()
    except FileNotFoundError:
        return False


def _initdb(programs: Programs, cluster: Path, superuser: str) -> list[str]:
    locale = ["--locale=C"]
    if programs.major >= 17:
        # Sorted by code point like C, but upper() and lower() know more than ASCII; older ones have no such provider.
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    auth = ["--auth-local=trust", "--auth-host=scram-sha-256"]
    options = [f"--username={superuser}", "--encoding=UTF8", *locale, *auth, "--no-sync", "--no-instructions"]
    return [str(programs.initdb), *options, "-D", str(cluster)]


def _run(command: Sequence[str], account: Account) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, cwd="/", umask=0o077, **account.identity
    )
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise PostgresDidNotStart(f"{Path(command[0]).name} ended with status {done.returncode}.", said[-LINES_MAX:])


def _postmaster_of(cluster: Path) -> int | None:
    """The process that postmaster.pid names, if that is a PostgreSQL of this cluster and alive."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return pid if _serves(pid, cluster) else None


def _serves(pid: int, cluster: Path) -> bool:
    """Whether the process is that cluster's server, and not another program that was given the number since.

    A dead process whose parent has not noticed has no command line: it is not a server any more.
    """
    command = _command_line(pid)
    if "postgres" not in command and "postmaster" not in command:
        return False
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster
    except OSError:  # no such file elsewhere, no right to read it in some containers
        return str(cluster) in command


def _command_line(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="surrogateescape")
        except OSError:
            return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
