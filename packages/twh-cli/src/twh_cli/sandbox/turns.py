"""One at a time: a second `twh sandbox up` at the same moment waits for the first, and then finds what it started."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from twh_cli.problems import FileUnusable, SandboxNotRunning

WAIT_SECONDS_MAX = 120.0
PAUSE_SECONDS = 0.05


@contextmanager
def turn(path: Path) -> Generator[None]:
    """Hold the lock inside the block. The system gives it back when its holder dies, however it dies."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as why:
        raise FileUnusable(
            f"{path} cannot be written: {why.strerror or why}.",
            hint="Choose a folder that you may write in: --data-dir FOLDER",
        ) from None
    try:
        until = time.monotonic() + WAIT_SECONDS_MAX
        while not taken(lock):
            if time.monotonic() > until:
                raise SandboxNotRunning(f"Another command has held {path} for {WAIT_SECONDS_MAX:.0f} seconds.")
            time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(lock)


if sys.platform == "win32":
    import msvcrt

    def taken(lock: int) -> bool:
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def taken(lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
