"""A sandbox's folder: what it keeps, and that one process at a time has it.

state.json     there while it runs: how to reach it, and with which keys
sandbox.json   what outlives a stop: tenant, keys, port
secrets.key    seals webhook secrets; made once
lock           held while it runs
postgres/      the database
"""

import base64
import contextlib
import json
import os
import secrets
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twh_server.processes.listening import CannotStart

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True)
class SandboxFolder:
    """The files of one sandbox. Every method raises CannotStart when the folder cannot be used."""

    path: Path

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """Have the folder to ourselves, making it first where there is none. The lock goes with us, however we end."""
        with self._usable():
            # PostgreSQL does not run as root, and its account has to pass through.
            self.path.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(self._taken()) from None
        try:
            self.hide()  # what the last one left when it was killed
            yield
        finally:
            os.close(lock)

    def kept(self) -> dict[str, Any]:
        """What outlives a stop; nothing before the first start."""
        return self._read(self.path / "sandbox.json")

    def keep(self, values: Mapping[str, Any]) -> None:
        """Change some of what outlives a stop."""
        self._write(self.path / "sandbox.json", _text({**self.kept(), **values}))

    def show(self, state: Mapping[str, Any]) -> None:
        """Say how to reach the sandbox."""
        self._write(self.path / "state.json", _text(state))

    def hide(self) -> None:
        """Say nothing any more."""
        with self._usable():
            (self.path / "state.json").unlink(missing_ok=True)

    def secrets_key(self) -> bytes:
        """What seals secrets in this sandbox's database."""
        file = self.path / "secrets.key"
        with self._usable():
            if not file.exists():
                self._write(file, base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
            return base64.b64decode(file.read_text())

    def _taken(self) -> str:
        state = self._read(self.path / "state.json")
        where = f"at {state['address']} (process {state['pid']})" if "address" in state else "or starts just now"
        return f"A sandbox runs in {self.path} already, {where}. Stop it first, or choose another folder."

    def _read(self, file: Path) -> dict[str, Any]:
        try:
            with self._usable():
                return dict(json.loads(file.read_text())) if file.exists() else {}
        except ValueError:
            raise CannotStart(f"{file} is damaged. Move it away, and the next start makes a new tenant.") from None

    def _write(self, file: Path, text: str) -> None:
        """Write a file that only its owner may read, whole or not at all."""
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        with self._usable():
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
                new.write(text)
                new.flush()
                os.fsync(new.fileno())
            beside.replace(file)

    @contextlib.contextmanager
    def _usable(self) -> Generator[None]:
        try:
            yield
        except OSError as fault:
            raise CannotStart(
                f"The folder {self.path} cannot be used: {fault.strerror}. Choose one that you may write in."
            ) from None


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2) + "\n"
