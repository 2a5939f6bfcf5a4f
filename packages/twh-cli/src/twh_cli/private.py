"""Files that only their owner can read: the old one or the new one, never half of it."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def replace(path: Path, text: str) -> None:
    """Write it whole beside the old one, then take its place. What fails leaves the old one as it was."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def open_to_others(path: Path) -> bool:
    """Whether anyone but its owner may read or write it. Windows keeps a home folder to its owner by itself."""
    try:
        return sys.platform != "win32" and bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False


def close_to_others(path: Path) -> bool:
    """Take everybody else's rights away; answers whether that could be done."""
    try:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
    except OSError:
        return False
    return True
