"""PostgreSQL's log: a file in the database's folder that starts anew when it has grown too long."""

import os
import tempfile
import time
from pathlib import Path

LOG_BYTES_MAX = 4 * 1024 * 1024
# With less than this on the disk, a reason for not starting might not fit any more.
SPACE_BYTES_MIN = 64 * 1024
LINES_MAX = 12


class Log:
    """The log, opened for one start."""

    def __init__(self, file: Path) -> None:
        self.descriptor = _opened(file)
        self.mark()

    def mark(self) -> None:
        """What comes now is what `lines` is asked about."""
        self._began = os.fstat(self.descriptor).st_size

    def lines(self) -> list[str]:
        """The last lines since the mark."""
        size = os.fstat(self.descriptor).st_size
        # Twelve lines are never more than this, except where one quotes a long statement.
        begin = max(self._began, size - 16_384)
        text = os.pread(self.descriptor, size - begin, begin).decode(errors="replace")
        return text.splitlines()[-LINES_MAX:]

    def close(self) -> None:
        """Our end of it; the server keeps its own."""
        os.close(self.descriptor)


def _opened(file: Path) -> int:
    if file.exists() and file.stat().st_size > LOG_BYTES_MAX:
        file.replace(file.with_name(f"{file.name}.1"))
    space = os.statvfs(file.parent)
    if space.f_bavail * space.f_frsize >= SPACE_BYTES_MIN:
        log = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        os.write(log, f"--- started at {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC\n".encode())
        return log
    if hasattr(os, "memfd_create"):
        return os.memfd_create("postgres.log")
    with tempfile.TemporaryFile() as elsewhere:
        return os.dup(elsewhere.fileno())
