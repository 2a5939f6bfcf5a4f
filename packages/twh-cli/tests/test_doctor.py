"""`twh doctor` looks at everything that can be wrong on this machine, and says what to do about each."""

import json
import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from twh.profiles import config_file
from twh_cli import doctor, profiles
from twh_cli.sandbox import process

WHOSE = {
    "tenant": {"id": "ten_1", "name": "The shop", "kind": "sandbox", "created_at": "2026-05-10T12:00:00Z"},
    "key": {"id": "key_1", "name": "mine", "scopes": ["stock:read"]},
}


@pytest.fixture(autouse=True)
def kept_here(monkeypatch, tmp_path):
    monkeypatch.setenv("TWH_DATA_DIR", str(tmp_path / "sandboxes"))
    monkeypatch.setenv("SHELL", "/bin/bash")
    for name in doctor.PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def answering(elsewhere):
    return elsewhere.get("/tenant").respond(json=WHOSE, headers={"date": format_datetime(datetime.now(UTC))})


@pytest.fixture
def examined(twh):
    """The findings by their names, and the exit code."""

    def run(*words):
        ran = twh("doctor", "--json", *words)
        return {one["what"]: one for one in ran.json}, ran.exit_code

    return run


def test_where_all_is_well_nothing_fails(examined, answering, ring):
    found, exit_code = examined()

    assert exit_code == 0
    assert [one for one in found.values() if one["state"] == "fail"] == []
    assert found["server"]["found"].startswith("https://inventory.example.com answered in")
    assert found["tenant"]["found"] == "The shop (sandbox); the key may stock:read"
    assert found["clock"]["state"] == found["keyring"]["state"] == found["versions"]["state"] == "ok"


def test_whatever_is_not_well_says_what_to_do(examined):
    found, exit_code = examined()

    assert exit_code == 1
    assert found["key"]["to_do"] == "twh sandbox up, or twh login"
    assert all(one["to_do"] for one in found.values() if one["state"] != "ok")


def test_a_key_that_is_none_is_told(examined, elsewhere):
    elsewhere.get("/tenant").respond(401, json={"code": "unauthenticated", "detail": "No such key."})

    found, exit_code = examined()

    assert exit_code == 1
    assert found["server"]["state"] == "fail"
    assert found["server"]["to_do"]


def test_a_sandbox_that_is_down_is_told_at_once(examined, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_1")
    monkeypatch.setenv("TWH_BASE_URL", "http://127.0.0.1:9")

    assert examined()[0]["server"]["to_do"] == "twh sandbox up"


def test_a_clock_that_goes_wrong_is_told(examined, elsewhere):
    date = format_datetime(datetime.now(UTC) - timedelta(minutes=10))
    elsewhere.get("/tenant").respond(json=WHOSE, headers={"date": date})

    assert "ahead of the server's" in examined()[0]["clock"]["found"]


def test_a_key_of_another_kind_than_its_tenant_is_told(examined, answering, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_live_1")
    monkeypatch.setenv("TWH_ENVIRONMENT", "live")

    assert examined()[0]["kind"]["state"] == "fail"


def test_a_file_that_others_can_read_is_mended_when_asked_to(examined, answering):
    profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")
    config_file().chmod(0o640)

    found, exit_code = examined()
    assert (exit_code, found["permissions"]["state"]) == (1, "fail")
    assert config_file().stat().st_mode & 0o777 == 0o640

    found, exit_code = examined("--fix")
    assert (exit_code, found["permissions"]["state"]) == (0, "ok")
    assert config_file().stat().st_mode & 0o777 == 0o600


def test_a_broken_file_is_told(examined, answering):
    config_file().parent.mkdir(parents=True)
    config_file().write_text("active =")

    found, exit_code = examined()

    assert (exit_code, found["config"]["state"]) == (1, "fail")


def test_a_keyring_that_is_missing_fails_only_where_a_key_is_in_it(examined, answering):
    assert examined()[0]["keyring"]["state"] == "warn"
    config_file().parent.mkdir(parents=True)
    config_file().write_text('[profiles.a]\napi_key_in = "keyring"\n')
    assert examined()[0]["keyring"]["state"] == "fail"


def test_versions_that_do_not_belong_together_are_told(examined, answering, monkeypatch):
    monkeypatch.setattr(doctor, "installed", lambda _: "9.9.9")

    assert "==0.1.0" in examined()[0]["versions"]["to_do"]


def test_proxies_are_named_without_their_passwords(examined, answering, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")

    found = examined()[0]["proxies"]

    assert (found["state"], "proxy.example" in found["found"]) == ("warn", True)
    assert "secret" not in json.dumps(found)


def test_what_a_killed_sandbox_left_is_cleared_away_when_asked_to(examined, answering, tmp_path):
    folder = tmp_path / "sandboxes" / "default"
    folder.mkdir(parents=True)
    state = {
        "pid": 2**22 - 1,
        "address": "http://127.0.0.1:9",
        "started_at": "2026-05-10T12:00:00Z",
        "tenant": {"id": "ten_1", "name": "Sandbox"},
        "api_key": "twh_test_1",
        "admin_key": "twh_test_2",
    }
    (folder / "state.json").write_text(json.dumps(state))
    assert process.command_line(state["pid"]) == []

    assert examined()[0]["sandbox default"]["state"] == "warn"
    assert (folder / "state.json").exists()
    assert examined("--fix")[0]["sandbox default"]["state"] == "ok"
    assert not (folder / "state.json").exists()


def test_completion_is_looked_for(examined, answering, tmp_path):
    assert examined()[0]["completion"]["state"] == "warn"
    (tmp_path / ".bashrc").write_text('eval "$(twh completion bash)"\n')
    assert examined()[0]["completion"]["state"] == "ok"


def test_on_a_terminal_it_is_a_table(terminal):
    exit_code, shown = terminal("doctor", SHELL="/bin/fish", PATH=os.environ["PATH"])

    assert exit_code == 1
    assert "there is no API key" in shown
    assert "to mend" in shown
