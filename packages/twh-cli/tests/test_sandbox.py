"""A sandbox's life, with the real server and its real database: up, used, killed, reset, down, and gone."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from twh import Client
from twh_cli.sandbox import process
from twh_cli.sandbox.place import Place

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

TWH = [sys.executable, "-m", "twh_cli"]


@pytest.fixture(scope="module")
def folder():
    """Sandboxes of this module; root's PostgreSQL is another account's, which has to get there."""
    path = Path(tempfile.mkdtemp(prefix="twh-sandboxes-", dir="/var/tmp"))
    path.chmod(0o755 if os.geteuid() == 0 else 0o700)
    yield path
    for one in path.iterdir():
        subprocess.run([*TWH, "sandbox", "down", "--name", one.name, "--data-dir", str(path)], check=False)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def kept_here(folder, monkeypatch):
    monkeypatch.setenv("TWH_DATA_DIR", str(folder))


@pytest.fixture
def up(twh):
    return twh("sandbox", "up", "--json").json


def test_after_up_every_command_and_the_sdk_just_work(twh, up):
    assert up["answers"]
    assert twh("stock", "list", "--limit", "1", "--json").json[0]["on_hand"]
    assert Client().tenant.get().tenant.id == up["tenant"]["id"]


def test_up_again_is_the_same_sandbox(twh, up):
    ran = twh("sandbox", "up", "--json")

    assert ran.exit_code == 0
    assert ran.json["pid"] == up["pid"]
    assert "already running" in ran.err


def test_nobody_else_can_read_its_keys(up):
    state = Path(up["folder"]) / "state.json"

    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert "twh_test_" not in json.dumps(up)


def test_env_is_what_a_shell_can_evaluate(twh, up):
    lines = twh("sandbox", "env").out.splitlines()

    assert lines[0].startswith("export TWH_API_KEY=twh_test_")
    assert lines[1] == f"export TWH_BASE_URL={up['address']}"


def test_data_survive_down_and_up(twh, up):
    twh("items", "create", "KEPT", "--name", "Kept")

    down = twh("sandbox", "down")
    gone = twh("items", "get", "KEPT")
    again = twh("sandbox", "up", "--json").json

    assert down.exit_code == 0
    assert gone.exit_code == 11
    assert again["address"] == up["address"]
    assert twh("items", "get", "KEPT", "--json").json["name"] == "Kept"


def test_a_sandbox_that_was_killed_is_down_and_comes_up_again(twh, up):
    os.kill(up["pid"], signal.SIGKILL)
    wait_until(lambda: not process.command_line(up["pid"]))

    assert twh("sandbox", "status").exit_code == 11
    assert twh("sandbox", "up", "--json").json["pid"] != up["pid"]
    assert twh("stock", "list", "--limit", "1").exit_code == 0


def test_another_process_with_its_number_is_not_it(twh, up, folder):
    state = json.loads((folder / "default" / "state.json").read_text())
    twh("sandbox", "down")
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (folder / "default" / "state.json").write_text(json.dumps(state | {"pid": stranger.pid}))

        assert twh("sandbox", "status").exit_code == 11
        assert twh("sandbox", "down").exit_code == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_two_ups_at_once_start_one(twh, folder):
    twh("sandbox", "down")

    racing = [subprocess.Popen([*TWH, "sandbox", "up", "--json"], stdout=subprocess.PIPE) for _ in range(2)]
    told = [json.loads(one.communicate()[0]) for one in racing]

    assert [one.returncode for one in racing] == [0, 0]
    assert told[0]["pid"] == told[1]["pid"]


def test_reset_is_a_fresh_tenant_and_stays_it(twh, up):
    twh("items", "create", "FORGOTTEN", "--name", "Forgotten")

    fresh = twh("sandbox", "reset", "--yes", "--json").json

    assert fresh["tenant"]["id"] != up["tenant"]["id"]
    assert twh("items", "get", "FORGOTTEN").exit_code == 3
    assert twh("whoami", "--json").json["tenant"]["id"] == fresh["tenant"]["id"]
    twh("sandbox", "down")
    assert twh("sandbox", "up", "--json").json["tenant"]["id"] == fresh["tenant"]["id"]


def test_reset_is_not_done_unasked(twh, up):
    ran = twh("sandbox", "reset")

    assert ran.exit_code == 10
    assert twh("whoami", "--json").json["tenant"]["id"] == up["tenant"]["id"]


def test_two_run_side_by_side(twh, up):
    other = twh("sandbox", "up", "--name", "other", "--json")
    listed = {one["name"]: one for one in twh("sandbox", "list", "--json").json}

    assert "Another profile is active" in other.err
    assert listed["other"]["address"] != listed["default"]["address"]
    assert twh("whoami", "--profile", "sandbox-other", "--json").json["tenant"]["id"] == other.json["tenant"]["id"]

    assert twh("sandbox", "down", "--name", "other", "--purge").exit_code == 10
    assert twh("sandbox", "down", "--name", "other", "--purge", "--yes").exit_code == 0
    assert [one["name"] for one in twh("sandbox", "list", "--json").json] == ["default"]


def test_a_port_that_is_taken_is_named(twh):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ran = twh("sandbox", "up", "--name", "elsewhere", "--port", str(port), "--json")

    assert ran.exit_code == 11
    assert f"Port {port}" in ran.error["message"]
    assert "--port" in ran.error["hint"]


def test_a_folder_that_is_a_file_is_said_to_be_one(twh, tmp_path):
    (tmp_path / "file").write_text("")

    ran = twh("sandbox", "up", "--data-dir", str(tmp_path / "file"))

    assert ran.exit_code == 2
    assert "a file is in its place" in ran.err


def test_a_profile_that_cannot_be_written_is_no_obstacle(twh, up, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))

    ran = twh("sandbox", "up")

    assert ran.exit_code == 0
    assert 'eval "$(twh sandbox env)"' in ran.err


def test_logs_are_what_the_server_wrote(twh, folder):
    place = Place("told", folder / "told")
    place.make()
    place.log_file.write_text("one\ntwo\nthree\n")

    assert twh("sandbox", "logs", "--name", "told", "-n", "2").out == "two\nthree\n"
    shutil.rmtree(place.folder)


def wait_until(true, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()
