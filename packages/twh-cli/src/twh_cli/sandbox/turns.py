"""One at a time: a second `twh sandbox up` at the same moment waits for the first, and then finds what it started."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from twh_cli import locks
from twh_cli.problems import SandboxNotRunning

WAIT_SECONDS_MAX = 120.0
PAUSE_SECONDS = 0.05


@contextmanager
def turn(path: Path) -> Generator[None]:
    """Hold the lock inside the block. The system gives it back when its holder dies, however it dies."""
    with locks.opened(path, hint="Choose a folder that you may write in: --data-dir FOLDER") as lock:
        until = time.monotonic() + WAIT_SECONDS_MAX
        while not locks.taken(lock):
            if time.monotonic() > until:
                raise SandboxNotRunning(f"Another command has held {path} for {WAIT_SECONDS_MAX:.0f} seconds.")
            time.sleep(PAUSE_SECONDS)
        yield
