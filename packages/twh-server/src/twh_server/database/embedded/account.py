"""Who runs PostgreSQL: ourselves, or, since it refuses to run as root, an account without rights."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from twh_server.database.embedded.errors import FolderOutOfReach, FolderUnusable, ProgramsNotFound

if sys.platform != "win32":
    import pwd

# The first of these that exists. `nobody` exists everywhere, but what one of its processes owns all of them can read.
ACCOUNTS = ("twh", "nobody")

# Not our whole environment: it holds our secrets, and PG… variables would change what PostgreSQL does.
ENVIRONMENT = {
    **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
    "LC_ALL": "C",
    "TZ": "UTC",
}


class Identity(TypedDict):
    """What `subprocess` needs to know to start a program as another account; None leaves it as it is."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None
    env: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who owns the data and runs the server. Its `identity` goes to `subprocess`."""

    name: str
    uid: int
    gid: int
    changes: bool

    @property
    def identity(self) -> Identity:
        if not self.changes:
            return Identity(user=None, group=None, extra_groups=None, env=ENVIRONMENT)
        return Identity(user=self.uid, group=self.gid, extra_groups=[], env=ENVIRONMENT)

    def own(self, path: Path) -> None:
        """Give what we have just made to the account."""
        if self.changes:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def reach(self, folder: Path) -> None:
        """Raise FolderOutOfReach when the account may not pass through `folder` or one of its parents."""
        if not self.changes:
            return
        steps = [str(step) for step in (*reversed(folder.parents), folder)]
        # Asked of the system, as that account: rights are more than mode bits.
        answer = subprocess.run(
            ["/bin/sh", "-c", 'for step; do [ -x "$step" ] || { echo "$step"; exit 1; }; done', "sh", *steps],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self.identity,
        )
        if answer.returncode:
            raise FolderOutOfReach(folder, closed=Path(answer.stdout.strip() or folder), account=self.name)


def account_for(cluster: Path, *, name: str | None = None) -> Account:
    """The owner of the data when there is some already; else `name`, or the first of ACCOUNTS. Ourselves unless root."""
    if os.geteuid() != 0:
        return _ourselves(cluster)
    if cluster.exists():
        return _owner(cluster)
    for candidate in (name,) if name else ACCOUNTS:
        try:
            known = pwd.getpwnam(candidate)
        except KeyError:
            continue
        return Account(name=known.pw_name, uid=known.pw_uid, gid=known.pw_gid, changes=True)
    raise ProgramsNotFound(
        f"PostgreSQL does not run as root, and there is no account {name or ' or '.join(ACCOUNTS)!r}."
    )


def _ourselves(cluster: Path) -> Account:
    uid = os.geteuid()
    if cluster.exists() and (owner := cluster.stat().st_uid) != uid:
        raise FolderUnusable(
            cluster,
            f"it belongs to {_name(owner)!r}, and you are {_name(uid)!r}",
            "Choose a folder that belongs to you.",
        )
    return Account(name=_name(uid), uid=uid, gid=os.getegid(), changes=False)


def _owner(cluster: Path) -> Account:
    status = cluster.stat()
    if status.st_uid == 0:
        raise FolderUnusable(
            cluster,
            "it belongs to root, and PostgreSQL does not run as root",
            f"Give it to {ACCOUNTS[-1]!r} with chown -R.",
        )
    return Account(name=_name(status.st_uid), uid=status.st_uid, gid=status.st_gid, changes=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
