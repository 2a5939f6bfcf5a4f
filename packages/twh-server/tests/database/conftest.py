"""Databases of a test's own: empty ones in the tests' PostgreSQL, and copies of a whole folder for accidents."""

import shutil
import subprocess

import pytest
from embedded_ground import HASTY, open_folder, run
from on_postgres import BINARIES

from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres


@pytest.fixture
async def empty(postgres, superuser, request):
    """A database in which nothing was ever migrated."""
    name = f"empty_{abs(hash(request.node.nodeid))}"
    await superuser.execute(f"create database {name}")
    yield Address(postgres.conninfo(dbname=name))
    await superuser.execute(f"drop database {name} with (force)")


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
    with EmbeddedPostgres(folder / "db", binaries=BINARIES, settings=HASTY) as postgres:
        run(postgres, "create table apples (number int)")
    yield folder / "db"
    shutil.rmtree(folder)


@pytest.fixture
def folder(ground, pattern):
    subprocess.run(["cp", "-a", pattern, ground / "db"], check=True)
    return ground / "db"
