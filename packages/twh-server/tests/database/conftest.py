"""A database that was started and stopped once, and copies of it: most accidents need one of their own."""

import shutil
import subprocess

import pytest
from embedded_ground import HASTY, open_folder, run

from twh_server.database.embedded import (
    EmbeddedPostgres,
)


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
