"""Where a sandbox is kept, and what it says of itself.

folder/
state.json      written by the server when it is ready: process, address, tenant, keys
tenant.json     the tenant that `reset` made, instead of the one in state.json
sandbox.log     what the server wrote
up.lock         held while one `up` or `down` is at work
and what else the server keeps there: its database, its settings
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from platformdirs import user_data_path

from twh_cli.problems import FileUnusable, WronglyTyped

DEFAULT_NAME = "default"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
FOLDER_OF_ROOT = Path("/var/lib/twh")
"""PostgreSQL does not run as root but as an account without rights, which may not pass through root's home."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What a running sandbox wrote down."""

    pid: int
    address: str
    started_at: str
    version: str
    tenant_id: str
    tenant_name: str
    api_key: str = field(repr=False)
    admin_key: str = field(repr=False)
    database_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Place:
    """A sandbox by its name, whether it exists or not."""

    name: str
    folder: Path
    elsewhere: bool = False
    """It is kept in a folder that was named, and no other command would look there by itself."""

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    @property
    def tenant_file(self) -> Path:
        return self.folder / "tenant.json"

    @property
    def log_file(self) -> Path:
        return self.folder / "sandbox.log"

    @property
    def lock_file(self) -> Path:
        return self.folder / "up.lock"

    @property
    def profile(self) -> str:
        return "sandbox" if self.name == DEFAULT_NAME else f"sandbox-{self.name}"

    @property
    def option(self) -> str:
        """What leads other commands to this sandbox."""
        name = "" if self.name == DEFAULT_NAME else f" --name {self.name}"
        return f"{name} --data-dir {shlex.quote(str(self.folder.parent))}" if self.elsewhere else name

    def state(self) -> State | None:
        """What it wrote down, with the tenant of the last reset; None when there is nothing or it cannot be read."""
        told = read_object(self.state_file)
        if told is None:
            return None
        reset = read_object(self.tenant_file) or {}
        try:
            return State(
                pid=int(told["pid"]),
                address=str(told["address"]),
                started_at=str(told["started_at"]),
                version=str(told.get("version", "")),
                tenant_id=str(reset.get("id") or told["tenant"]["id"]),
                tenant_name=str(reset.get("name") or told["tenant"]["name"]),
                api_key=str(reset.get("api_key") or told["api_key"]),
                admin_key=str(told["admin_key"]),
                database_url=told.get("database_url"),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def make(self) -> None:
        """Make the folder; root's is open to pass through, everyone else's is their own."""
        mode = 0o755 if is_root() else 0o700
        try:
            self.folder.parent.mkdir(mode=mode, parents=True, exist_ok=True)
            self.folder.mkdir(mode=mode, exist_ok=True)
        except OSError as why:
            reason = "a file is in its place" if isinstance(why, FileExistsError) else why.strerror or why
            raise FileUnusable(
                f"The sandbox cannot be kept in {self.folder}: {reason}.",
                hint="Choose a folder that you may write in: twh sandbox up --data-dir FOLDER",
            ) from None


def place(name: str, root: Path | None) -> Place:
    """The sandbox of this name."""
    if not NAME.fullmatch(name):
        raise WronglyTyped(f"{name!r} cannot be a sandbox's name: use small letters, digits, - and _.")
    elsewhere = root is not None and not os.environ.get("TWH_DATA_DIR")
    return Place(name=name, folder=sandboxes_folder(root) / name, elsewhere=elsewhere)


def places(root: Path | None) -> list[Place]:
    """All sandboxes that were ever started and not purged."""
    folder = sandboxes_folder(root)
    try:
        return [Place(name=one.name, folder=one) for one in sorted(folder.iterdir()) if one.is_dir()]
    except OSError:
        return []


def sandboxes_folder(root: Path | None) -> Path:
    if root is not None:
        return root.expanduser().absolute()
    if is_root():
        return FOLDER_OF_ROOT / "sandboxes"
    return user_data_path("twh", appauthor=False) / "sandboxes"


def is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def read_object(path: Path) -> dict[str, Any] | None:
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, Mapping) else None
