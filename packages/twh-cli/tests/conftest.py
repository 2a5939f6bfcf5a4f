"""Running the command in this process, with a home of its own and an address that answers what a test says."""

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import keyring
import keyring.backend
import keyring.backends.fail
import pytest
import respx

from twh_cli.__main__ import main

ELSEWHERE = "https://inventory.example.com"


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err.splitlines()[-1])["error"]


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard():
    """A shell keeps Ctrl-C from what it starts in the background, and that would keep it from what tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    """No test reads or writes the developer's own profiles and settings."""
    for name in (
        "TWH_API_KEY",
        "TWH_BASE_URL",
        "TWH_ENVIRONMENT",
        "TWH_LOG",
        "TWH_NO_INPUT",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "TWH_DATA_DIR",
        "CI",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in ("config", "cache", "state"):
        monkeypatch.setenv(f"XDG_{folder.upper()}_HOME", str(tmp_path / folder))
    monkeypatch.setenv("TWH_NO_UPDATE_NOTICE", "1")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return tmp_path


class MemoryRing(keyring.backend.KeyringBackend):
    """A keyring of the real library's, in memory."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def no_ring():
    """This machine has no keyring, as most that run tests."""
    keyring.set_keyring(keyring.backends.fail.Keyring())


@pytest.fixture
def ring(no_ring):
    """A keyring that works."""
    ring = MemoryRing()
    keyring.set_keyring(ring)
    return ring


@pytest.fixture
def twh(capsys):
    """`twh("stock", "list")` runs a command line."""

    def run(*words: str) -> Ran:
        capsys.readouterr()
        exit_code = main(list(words))
        said = capsys.readouterr()
        return Ran(exit_code, said.out, said.err)

    return run


@pytest.fixture
def without_room():
    """Run a command line in a process that can write files of 40 bytes at most."""

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "twh_cli", *words],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # else half of what it compiles would be left behind
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def elsewhere(monkeypatch):
    """A server that is none: it answers what the test lays down, for what a real one cannot be made to do."""
    monkeypatch.setenv("TWH_API_KEY", "twh_test_elsewhere")
    monkeypatch.setenv("TWH_BASE_URL", ELSEWHERE)
    monkeypatch.setenv("TWH_ENVIRONMENT", "sandbox")
    with respx.mock(base_url=f"{ELSEWHERE}/v1", assert_all_called=False) as routes:
        yield routes


@pytest.fixture
def terminal():
    """`terminal("stock", "list")` runs a command line on a pseudo-terminal: its exit code, and all that was shown."""
    return on_a_terminal


def on_a_terminal(*words: str, typed: dict[str, str] | None = None, seconds: float = 30, **environment: str):
    """Each answer is typed once its question was shown."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
    command = [sys.executable, "-m", "twh_cli", *words]
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
    os.close(theirs)
    waiting = dict(typed or {})
    shown = b""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        for question in [one for one in waiting if one.encode() in shown]:
            time.sleep(0.05)  # getpass throws away what was typed before it began to listen
            os.write(ours, waiting.pop(question).encode())
    os.close(ours)
    return running.wait(timeout=10), shown.decode().replace("\r\n", "\n")
