"""A sandbox: ready with a key in its hand, alone in its folder, and nothing of it is lost however it ends."""

import json
import os
import signal
import socket
import stat

import httpx
import pytest

from twh_server.processes.listening import CannotStart
from twh_server.processes.sandbox_folder import SandboxFolder


class Sandbox:
    """A running sandbox, asked over HTTP."""

    def __init__(self, program, state):
        self.program, self.state = program, state

    def ask(self, method, path, *, key="api_key", **more):
        headers = {"Authorization": f"Bearer {self.state[key]}"}
        return httpx.request(method, self.state["address"] + path, headers=headers, timeout=30, **more)

    def create(self, sku):
        answer = self.ask("POST", "/v1/items", json={"sku": sku, "name": sku})
        assert answer.status_code == 201, answer.text

    def skus(self):
        return {item["sku"] for item in self.ask("GET", "/v1/items?limit=200").json()["data"]}


@pytest.fixture
def up(folder, start):  # in this order: whatever still runs is ended before its folder goes
    """Starts a sandbox in the folder, and answers it when it is ready."""

    def up(*words, **settings):
        program = start("sandbox", "--folder", str(folder), *words, **settings)
        file = folder / "state.json"

        def state():
            told = json.loads(file.read_text()) if file.exists() else {}
            return told if told.get("pid") == program.process.pid else None

        return Sandbox(program, program.until(state, "ready"))

    return up


def test_it_is_ready_with_everything_that_is_needed_and_keeps_it_over_a_stop(up, folder):
    first = up()
    first.create("MINE")

    whose = first.ask("GET", "/v1/tenant").json()
    other = first.ask("POST", "/v1/sandboxes", key="admin_key", json={"name": "Another"})
    assert whose["tenant"]["id"] == first.state["tenant"]["id"]
    assert other.status_code == 201
    assert first.ask("POST", "/v1/sandboxes", json={}).status_code == 403
    assert "MUG-BLUE" in first.skus()
    for name in ("state.json", "sandbox.json", "secrets.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600

    assert first.program.stop() == 0
    assert not (folder / "state.json").exists()
    assert "Traceback" not in first.program.said

    second = up()
    for what in ("address", "tenant", "api_key", "admin_key"):
        assert second.state[what] == first.state[what]
    assert "MINE" in second.skus()


def test_a_kill_loses_nothing(up):
    first = up()
    first.create("MINE")
    first.program.stop(signal.SIGKILL)

    second = up()

    assert "MINE" in second.skus()
    assert second.state["api_key"] == first.state["api_key"]
    assert second.ask("POST", "/v1/ledger/verify").json()["ok"]


def test_its_database_comes_back_when_it_is_killed(up, folder):
    sandbox = up()
    postgres = int((folder / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])
    os.kill(postgres, signal.SIGKILL)

    sandbox.program.until(lambda: "PostgreSQL has ended and is started again" in sandbox.program.said, "started again")
    gone = sandbox.ask("GET", "/v1/items")
    sandbox.program.until(lambda: sandbox.ask("GET", "/health/ready").status_code == 200, "ready again")

    assert gone.status_code in (200, 503)
    assert sandbox.ask("GET", "/v1/items").status_code == 200


def test_a_second_one_in_the_same_folder_says_where_the_first_is(up, run, folder):
    first = up()

    code, _, said = run("sandbox", "--folder", str(folder))

    assert code == 1
    assert f"runs in {folder} already, at {first.state['address']} (process {first.program.process.pid})" in said
    assert first.ask("GET", "/v1/items").status_code == 200
    assert (folder / "state.json").exists()


def test_a_port_that_was_asked_for_is_taken_or_refused(run, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, said = run("sandbox", "--folder", str(folder), "--port", str(port))

    assert (code, said) == (
        1,
        f"twh-server: Port {port} on 127.0.0.1 is in use. Stop what uses it, or choose another with --port.\n",
    )


def test_a_folder_that_cannot_be_one_is_named(run, tmp_path):
    (tmp_path / "file").write_text("mine")

    code, _, said = run("sandbox", "--folder", str(tmp_path / "file"))

    assert code == 1
    assert said.startswith(f"twh-server: The folder {tmp_path / 'file'} cannot be used: ")


def test_what_it_keeps_is_changed_a_part_at_a_time(tmp_path):
    folder = SandboxFolder(tmp_path)

    folder.keep({"port": 1, "api_key": "a"})
    folder.keep({"port": 2})

    assert folder.kept() == {"port": 2, "api_key": "a"}
    assert folder.secrets_key() == folder.secrets_key()
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_a_damaged_file_is_named_and_not_overwritten(tmp_path):
    (tmp_path / "sandbox.json").write_text("{")

    with pytest.raises(CannotStart, match=r"sandbox\.json is damaged"):
        SandboxFolder(tmp_path).keep({"port": 1})

    assert (tmp_path / "sandbox.json").read_text() == "{"


def test_the_folder_is_had_by_one_at_a_time(tmp_path):
    folder = SandboxFolder(tmp_path)

    with folder.alone(), pytest.raises(CannotStart, match="or starts just now"), folder.alone():
        pass
    with folder.alone():
        pass
