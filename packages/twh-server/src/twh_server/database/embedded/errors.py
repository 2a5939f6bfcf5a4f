"""Why the embedded database cannot run, each with what to do about it.

EmbeddedPostgresFailure
├── ProgramsNotFound       no PostgreSQL here
├── AnotherVersion         the data was written by another major version
├── FolderUnusable         no rights, no space, read-only
├── FolderOutOfReach       we may, but the account that runs PostgreSQL may not
├── DatabaseInUse          another PostgreSQL has this folder
│   └── SessionsLeft       … or what is left of one that was killed
├── PortInUse              another program has this port
└── PostgresDidNotStart    anything else, in PostgreSQL's own words
"""

import errno
from pathlib import Path


class EmbeddedPostgresFailure(Exception):
    """The embedded database cannot run."""

    @property
    def title(self) -> str:
        """The first line of the docstring, without its full stop."""
        return (type(self).__doc__ or type(self).__name__).strip().splitlines()[0].rstrip(".")


class ProgramsNotFound(EmbeddedPostgresFailure):
    """There are no PostgreSQL programs to run."""


class AnotherVersion(EmbeddedPostgresFailure):
    """The database was written by another major version of PostgreSQL."""

    def __init__(self, folder: Path, *, major: int, found: list[str]) -> None:
        super().__init__(
            f"{folder} holds data of PostgreSQL {major}; the programs found are {', '.join(found) or 'none'}. "
            f"Point to programs of PostgreSQL {major}, or choose another folder."
        )
        self.folder = folder
        self.major = major


class FolderUnusable(EmbeddedPostgresFailure):
    """The database's folder cannot be used."""

    def __init__(self, folder: Path, reason: str, advice: str) -> None:
        super().__init__(f"{folder}: {reason}. {advice}")
        self.folder = folder

    @classmethod
    def because(cls, folder: Path, problem: OSError) -> "FolderUnusable":
        """What the operating system said, with the advice that fits."""
        where = f" ({problem.filename})" if problem.filename and str(problem.filename) != str(folder) else ""
        advice = _ADVICE.get(problem.errno or 0, "Choose another folder for the data.")
        return cls(folder, f"{problem.strerror or problem}{where}", advice)


_ADVICE = {
    errno.EACCES: "Choose a folder that belongs to you, or have its owner give you the right to write there.",
    errno.EPERM: "Choose a folder that belongs to you, or have its owner give you the right to write there.",
    errno.EROFS: "This disk is read-only: choose a folder on another one.",
    errno.ENOSPC: "The disk is full: free some space, or choose a folder on another one.",
    errno.EDQUOT: "Your share of the disk is used up: free some space, or choose a folder on another one.",
}


class FolderOutOfReach(EmbeddedPostgresFailure):
    """The account that runs PostgreSQL cannot reach a folder it needs."""

    def __init__(self, folder: Path, *, closed: Path, account: str) -> None:
        super().__init__(
            f"PostgreSQL does not run as root, so it runs as {account!r}, who may not pass through {closed}, "
            f"and so not reach {folder}. Choose a folder that everyone may pass through, such as one under /var/lib, "
            f"or run this as an ordinary user."
        )
        self.folder = folder
        self.closed = closed
        self.account = account


class DatabaseInUse(EmbeddedPostgresFailure):
    """Another PostgreSQL is using this folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "processes of a PostgreSQL that was killed"
        super().__init__(f"{folder} is in use by {who}. Stop it first, or choose another folder.")
        self.folder = folder
        self.pid = pid


class SessionsLeft(DatabaseInUse):
    """Sessions of a PostgreSQL that was killed are still using this folder."""


class PortInUse(EmbeddedPostgresFailure):
    """Another program is listening on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of 127.0.0.1 is taken. Choose another port, or none: a socket serves this machine."
        )
        self.port = port


class PostgresDidNotStart(EmbeddedPostgresFailure):
    """PostgreSQL did not start."""

    def __init__(self, what: str, lines: list[str]) -> None:
        said = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        super().__init__(f"{what} It said:\n{said}")
        self.lines = lines
