"""Locks between commands: a file that one of them holds. The system gives it back when its holder dies, however it dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from twh_cli import private
from twh_cli.problems import FileUnusable


@contextmanager
def opened(path: Path, *, hint: str, makes_folder: bool = False) -> Generator[int]:
    """The file of a lock, open inside the block and not yet taken; what is taken is given back at its end. Raises `FileUnusable`."""
    try:
        if makes_folder:
            private.make_folder(path.parent)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as why:
        raise FileUnusable(f"{path} cannot be written: {why.strerror or why}.", hint=hint) from None
    try:
        yield lock
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
