"""Programs started as an operator starts them: real processes, real signals, their words read from stderr."""

import gc
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest
from on_postgres import OWN_SETTINGS

from twh_server.__main__ import main

SECRETS_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
PATIENCE_SECONDS = 60


class Program:
    """A running `twh-server`."""

    def __init__(self, folder, *words, **settings):
        self.log = folder / f"{len(list(folder.glob('*.err')))}.err"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TWH_")}
        with self.log.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "twh_server", *words],
                env={**environment, **OWN_SETTINGS, **settings},
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )

    @property
    def said(self):
        return self.log.read_text()

    def until(self, condition, what):
        """Wait until something is so, and answer it."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := condition()):
            assert self.process.poll() is None, f"it ended before {what}: {self.said}"
            assert time.monotonic() < end, f"not {what} in {PATIENCE_SECONDS} s: {self.said}"
            time.sleep(0.01)
        return found

    def stop(self, number=signal.SIGTERM):
        """Send a signal, and answer the exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self):
        """The exit code, once there is one."""
        self.process.wait(PATIENCE_SECONDS)
        return self.process.returncode


def is_ready(url):
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def port():
    """Answers a free port each time."""
    return free_port


@pytest.fixture
def answers():
    """Whether the server at an address is ready."""
    return is_ready


@pytest.fixture
def start(tmp_path):
    """Starts a program; whatever still runs at the end is ended."""
    programs = []

    def start(*words, **settings):
        programs.append(Program(tmp_path, *words, **settings))
        return programs[-1]

    yield start
    for program in programs:
        if program.process.poll() is None:
            program.stop()
        program.process.stdout.close()


@pytest.fixture
def run(start):
    """Runs a program to its end: (exit code, what it printed, what it said)."""

    def run(*words, **settings):
        program = start(*words, **settings)
        printed, _ = program.process.communicate(timeout=PATIENCE_SECONDS)
        return program.process.returncode, printed, program.said

    return run


@pytest.fixture
def settings(address):
    """The settings with which a server runs on the tests' database."""
    return {"TWH_DATABASE_URL": address.conninfo, "TWH_SECRETS_KEY": SECRETS_KEY, "TWH_PORT": str(free_port())}


@pytest.fixture
def serve(start, settings):
    """Starts a server that answers; answers the program and its address."""

    def serve(*words, **more):
        told = {**settings, **more}
        program = start("serve", *words, **told)
        url = f"http://127.0.0.1:{told['TWH_PORT']}"
        program.until(lambda: is_ready(url), "ready")
        return program, url

    return serve


@pytest.fixture
def folder():
    """A folder that PostgreSQL's account can reach, which pytest's own is not when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="twh-tests-"))
    path.chmod(0o755)
    yield path / "sandbox"
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def command(monkeypatch, capsys, settings, address):
    """Runs one command in this very process: (exit code, what it printed, what it said)."""
    handlers = logging.getLogger().handlers
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["twh-server", *words])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code
        printed, said = capsys.readouterr()
        return code, printed.strip(), said

    yield command
    gc.enable()
    logging.getLogger().handlers = handlers
