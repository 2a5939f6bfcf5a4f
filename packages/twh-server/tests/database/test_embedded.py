"""The embedded PostgreSQL keeps what it was told through kills of all kinds, and says what is wrong when it cannot run."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest
from embedded_ground import apples, embedded, end, gone, on_linux, run, said, starter
from on_postgres import BINARIES, MAJOR

from twh_server.database.embedded import (
    SUPERUSER,
    DatabaseInUse,
    EmbeddedPostgres,
    PortInUse,
    temporary_postgres,
)
from twh_server.database.embedded import log as log_module
from twh_server.database.embedded.account import account_for

# --- starting and stopping ------------------------------------------------------------------------------------------


def test_a_new_folder_gets_a_database_that_answers(ground):
    with EmbeddedPostgres(ground / "new" / "db", binaries=BINARIES) as postgres:
        (settings,) = run(postgres, "select current_setting('fsync'), current_setting('synchronous_commit')")
        (locale,) = run(
            postgres,
            "select pg_encoding_to_char(encoding), datcollate, 'É' ilike 'é' from pg_database"
            " where datname = current_database()",
        )

    assert settings == ("on", "on")
    # Letters outside ASCII have an upper and a lower case since version 17, which has C.UTF-8 built in.
    assert locale == ("UTF8", "C", MAJOR >= 17)


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
    with temporary_postgres(binaries=BINARIES) as postgres:
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
