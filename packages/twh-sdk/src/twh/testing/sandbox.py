"""A real server with a database of its own for a test run, and fresh tenants in it for the tests.

The server is started as a program, in a folder that is deleted afterwards; it ends with the test run, however that ends.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

from twh.client import AsyncClient, Client
from twh.errors.tree import ConfigError
from twh.options import ClientOptions
from twh.profiles import Connection
from twh.transport import open_async_client

READY_SECONDS_MAX = 90.0
LOOK_SECONDS = 0.02
STOP_SECONDS_MAX = 30.0
LOG_LINES_SHOWN = 15
KEPT_SETTINGS = {"TWH_POSTGRES_BINARIES"}
ANYONE_MAY_PASS = 0o755  # as root, PostgreSQL runs as another account, which has to reach its data


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """Whose stock it is: nobody else's test can see it."""

    id: str
    base_url: str
    api_key: str = field(repr=False)

    def client(self, **options: Unpack[ClientOptions]) -> Client:
        """A client of this tenant; close it, or use it as a `with` block."""
        return Client(self.api_key, base_url=self.base_url, **options)

    def async_client(self, **options: Unpack[ClientOptions]) -> AsyncClient:
        """A client that keeps no connection open, so that nothing is left when a test's event loop ends."""
        http = open_async_client(Connection(base_url=self.base_url, api_key=self.api_key), kept=False)
        return AsyncClient(self.api_key, base_url=self.base_url, http_client=http, **options)


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A server that runs."""

    base_url: str
    admin_key: str = field(repr=False)

    def tenant(self, *, seed: bool = False, name: str = "Test") -> Tenant:
        """A fresh tenant: empty, or with a shop's items, locations and weeks of history."""
        with Client(self.admin_key, base_url=self.base_url) as client:
            made = client.sandboxes.create(name=name, seed=seed)
        return Tenant(id=made.tenant.id, base_url=self.base_url, api_key=made.key.secret)


@contextmanager
def running_sandbox() -> Generator[Sandbox]:
    """A sandbox inside the block. Raises `ConfigError` when the server is not installed or does not start."""
    folder = Path(tempfile.mkdtemp(prefix="twh-testing-"))
    folder.chmod(ANYONE_MAY_PASS if os.name == "posix" and os.geteuid() == 0 else 0o700)
    try:
        with started(folder) as keeper:
            state = when_ready(folder, keeper)
            yield Sandbox(base_url=state["address"], admin_key=state["admin_key"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started(folder: Path) -> Generator[subprocess.Popen[bytes]]:
    command = [*server_program(), "sandbox", "--folder", str(folder / "sandbox"), "--port", "0"]
    settings = {
        name: value for name, value in os.environ.items() if not name.startswith("TWH_") or name in KEPT_SETTINGS
    }
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "twh.testing.keeper", *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=settings | {"NO_COLOR": "1"},
            start_new_session=True,  # Ctrl-C is for the tests, which stop the sandbox when they have ended
        )
    try:
        yield keeper
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(STOP_SECONDS_MAX)


def server_program() -> list[str]:
    """How to start a server: the one that is installed beside us, else the one on the PATH."""
    if importlib.util.find_spec("twh_server"):
        return [sys.executable, "-m", "twh_server"]
    found = shutil.which("twh-server")
    if found:
        return [found]
    raise ConfigError(
        'the fixture needs a TWH server on this machine: pip install "twh-cli[sandbox]" installs one with its database',
        code="no_server",
        hint='pip install "twh-cli[sandbox]", or use twh_mock, which needs no server.',
    )


def when_ready(folder: Path, keeper: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a server writes down when it answers."""
    file, until = folder / "sandbox" / "state.json", time.monotonic() + READY_SECONDS_MAX
    while not file.exists():
        if keeper.poll() is not None or time.monotonic() > until:
            said = (folder / "log").read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
            raise ConfigError("\n".join(["the sandbox did not start; it said:", *said]), code="no_sandbox")
        time.sleep(LOOK_SECONDS)
    found: dict[str, Any] = json.loads(file.read_text())
    return found
