"""Keys under names: read where nobody looks, tried, kept where nobody else reads, and nothing lost when that fails."""

import errno
import io
import json
import os
import stat
import subprocess
import sys
import time

import keyring
import pytest

from twh import Client, keyrings
from twh.profiles import config_file, profile_in_file
from twh_cli import private, profiles

KEY = "twh_test_secret123"
ADDRESS = "https://inventory.example.com"
WHOSE = {
    "tenant": {"id": "ten_1", "name": "The shop", "kind": "sandbox", "created_at": "2026-05-10T12:00:00Z"},
    "key": {"id": "key_1", "name": "mine", "scopes": ["stock:read"]},
}


@pytest.fixture
def server(elsewhere, monkeypatch):
    """A server that knows the key, and nobody's environment."""
    monkeypatch.delenv("TWH_API_KEY")
    monkeypatch.delenv("TWH_BASE_URL")
    monkeypatch.delenv("TWH_ENVIRONMENT")
    return elsewhere.get("/tenant").respond(json=WHOSE)


@pytest.fixture
def login(twh, monkeypatch):
    def run(*words, key=KEY + "\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(key))
        return twh("login", *words)

    return run


def test_a_key_from_stdin_is_tried_and_kept_in_the_keyring(login, server, ring):
    ran = login("--profile", "shop", "--base-url", ADDRESS, "--json")

    assert ran.exit_code == 0
    assert ran.json["tenant"]["name"] == "The shop"
    assert ran.json["key_source"] == "keyring"
    assert ring.kept == {("twh", "shop"): KEY}
    assert KEY not in config_file().read_text() + ran.out + ran.err
    assert server.calls.last.request.headers["authorization"] == f"Bearer {KEY}"


def test_afterwards_commands_and_the_sdk_have_the_key(login, server, ring, twh):
    login("--profile", "shop", "--base-url", ADDRESS)

    who = twh("whoami", "--json").json

    assert (who["key_source"], who["profile"]) == ("keyring", "shop")
    assert Client().tenant.get().tenant.name == "The shop"
    assert server.calls.last.request.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_keyring_the_key_is_in_a_file_and_that_is_said(login, server, twh):
    ran = login("--base-url", ADDRESS)

    assert ran.exit_code == 0
    assert "It is in a file that only you can read." in ran.err
    assert profile_in_file().api_key == KEY
    assert stat.S_IMODE(config_file().stat().st_mode) == 0o600
    assert twh("whoami", "--json").json["key_source"] == "file"
    assert "file that only you" not in twh("whoami").err


def test_a_keyring_that_hangs_is_left_after_its_time(login, server, ring, monkeypatch):
    monkeypatch.setattr(keyrings, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(ring, "set_password", lambda *_: time.sleep(5))
    began = time.monotonic()

    ran = login("--base-url", ADDRESS)

    assert time.monotonic() - began < 3
    assert "the keyring did not answer" in ran.err
    assert profile_in_file().api_key == KEY


def test_a_key_that_is_none_is_kept_nowhere(login, elsewhere, ring, monkeypatch):
    monkeypatch.delenv("TWH_API_KEY")
    elsewhere.get("/tenant").respond(401, json={"code": "unauthenticated", "detail": "No such key.", "status": 401})

    ran = login("--base-url", ADDRESS)

    assert ran.exit_code == 4
    assert not ring.kept
    assert not config_file().exists()


@pytest.mark.parametrize("words", [(), ("--no-input",)])
def test_no_key_on_stdin_is_said_with_the_way_to_give_one(login, server, words):
    ran = login("--base-url", ADDRESS, *words, key="")

    assert ran.exit_code == 10
    assert "twh login < key.txt" in ran.err


def test_an_address_that_nobody_knows_is_asked_of_the_caller(login):
    ran = login()

    assert ran.exit_code == 2
    assert "--base-url" in ran.err


def test_a_key_as_an_argument_is_refused_and_not_shown(twh):
    ran = twh("login", "twh_live_secret999")

    assert ran.exit_code == 2
    assert "secret999" not in ran.err
    assert "twh_live_…" in ran.err


def test_on_a_terminal_the_key_is_asked_for_and_not_shown(terminal):
    exit_code, shown = terminal(
        "login", "--base-url", "http://127.0.0.1:9", typed={"API key (nothing is shown): ": f"{KEY}\n"}
    )

    assert exit_code == 11  # it went on to where nothing listens
    assert KEY not in shown


def test_logging_in_again_renews_the_key_and_keeps_the_address(login, server, ring):
    login("--profile", "shop", "--base-url", ADDRESS)

    assert login("--profile", "shop", key="twh_test_renewed").exit_code == 0
    assert ring.kept == {("twh", "shop"): "twh_test_renewed"}
    assert profile_in_file("shop").base_url == ADDRESS


def test_a_live_key_is_said_to_be_one(login, server, ring):
    assert "--live" in login("--base-url", ADDRESS, key="twh_live_1").err


def test_logout_forgets_the_key_and_keeps_the_address(login, server, ring, twh):
    login("--profile", "shop", "--base-url", ADDRESS)

    assert twh("logout").exit_code == 0
    assert not ring.kept
    assert profile_in_file("shop").base_url == ADDRESS
    assert twh("stock", "list").exit_code == 4
    assert "had no key" in twh("logout").err


def test_logout_of_nothing_says_so(twh):
    assert twh("logout").exit_code == 2
    assert twh("logout", "--profile", "nowhere").exit_code == 4


def test_a_keyring_that_will_not_give_up_a_key_is_not_said_to_have_done_so(login, server, ring, twh, monkeypatch):
    login("--profile", "shop", "--base-url", ADDRESS)

    def locked(*_):
        raise keyring.errors.KeyringLocked("it is locked")

    monkeypatch.setattr(ring, "get_password", locked)
    ran = twh("logout")

    assert ran.exit_code == 4
    assert "it is locked" in ran.err
    assert profile_in_file("shop").api_key_in == "keyring"


def test_profiles_are_listed_chosen_and_removed(twh, login, server, ring):
    login("--profile", "shop", "--base-url", ADDRESS)
    profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")

    assert twh("profile", "list", "--json").json == [
        {"name": "shop", "active": True, "base_url": ADDRESS, "key_in": "keyring"},
        {"name": "sandbox", "active": False, "base_url": "http://127.0.0.1:8750", "key_in": "file"},
    ]
    assert twh("profile", "use", "sandbox").exit_code == 0
    assert profile_in_file().name == "sandbox"
    assert twh("profile", "use", "nowhere").exit_code == 4
    assert twh("profile", "remove", "shop").exit_code == 10
    assert ring.kept
    assert twh("profile", "remove", "shop", "--yes").exit_code == 0
    assert not ring.kept
    assert [one["name"] for one in twh("profile", "list", "--json").json] == ["sandbox"]


def test_a_file_that_others_can_read_is_closed_to_them_and_that_is_said(twh, login, server):
    login("--base-url", ADDRESS)
    config_file().chmod(0o644)

    assert "Only you can, from now on." in twh("whoami").err
    assert stat.S_IMODE(config_file().stat().st_mode) == 0o600
    assert twh("whoami").err == ""


def test_a_file_that_cannot_be_closed_is_said_to_be_open(twh, login, server, monkeypatch):
    login("--base-url", ADDRESS)
    config_file().chmod(0o644)
    monkeypatch.setattr(private, "close_to_others", lambda _: False)

    assert f"chmod 600 {config_file()}" in twh("whoami").err


@pytest.mark.parametrize("text", ["active = ", "profiles = 3", 'profiles.a = "x"', "settings = []"])
@pytest.mark.parametrize(
    "words",
    [("login", "--base-url", ADDRESS), ("config", "set", "timeout", "5"), ("profile", "list"), ("config", "get")],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_broken_file_is_named_and_left_as_it_is(login, twh, server, ring, monkeypatch, text, words):
    config_file().parent.mkdir(parents=True)
    config_file().write_text(text)

    ran = login(*words[1:]) if words[0] == "login" else twh(*words)

    assert ran.exit_code == 4
    assert "config.toml" in ran.err
    assert config_file().read_text() == text
    assert not ring.kept


@pytest.mark.parametrize("text", ["since = 2026-05-10\n", "[[shelves]]\na = 1\n"])
def test_what_cannot_be_written_back_is_not_overwritten(twh, text):
    config_file().parent.mkdir(parents=True)
    config_file().write_text(text)

    ran = twh("config", "set", "timeout", "5")

    assert ran.exit_code == 2
    assert "left as it is" in ran.err
    assert config_file().read_text() == text


def test_comments_are_kept_beside_the_new_file(twh):
    config_file().parent.mkdir(parents=True)
    config_file().write_text("# mine\n[settings]\ntimeout = 3\n")

    twh("config", "set", "timeout", "5")

    assert config_file().with_name("config.toml.old").read_text().startswith("# mine\n")
    assert twh("config", "get", "timeout").out == "5\n"


def test_a_file_that_is_a_link_stays_one(twh, tmp_path):
    config_file().parent.mkdir(parents=True)
    (tmp_path / "dotfiles.toml").write_text("")
    config_file().symlink_to(tmp_path / "dotfiles.toml")

    twh("config", "set", "timeout", "5")

    assert config_file().is_symlink()
    assert "timeout" in (tmp_path / "dotfiles.toml").read_text()


def test_a_home_that_is_nowhere_is_named(twh, login, server, ring, monkeypatch):
    monkeypatch.setattr("twh_cli.profiles.config_file", lambda: None)

    ran = login("--base-url", ADDRESS)

    assert ran.exit_code == 2
    assert "no home folder" in ran.err
    assert not ring.kept  # it was put there a moment before, and taken back


def test_a_home_that_cannot_be_written_leaves_no_key_behind(login, server, ring, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))

    ran = login("--base-url", ADDRESS)

    assert ran.exit_code == 2
    assert "cannot be written" in ran.err
    assert not ring.kept


def test_a_key_that_was_there_before_is_put_back_when_the_new_one_cannot_be_kept(login, server, ring, monkeypatch):
    login("--base-url", ADDRESS)
    monkeypatch.setattr(private, "replace", full)

    assert login("--base-url", ADDRESS, key="twh_test_new").exit_code == 2
    assert ring.kept == {("twh", "default"): KEY}


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_without_room_loses_nothing(twh, without_room):
    profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")
    before = config_file().read_text()

    ran = without_room("config", "set", "timeout", "5")

    assert ran.returncode == 2
    assert "What was there stays." in ran.stderr
    assert config_file().read_text() == before
    assert sorted(one.name for one in config_file().parent.iterdir()) == ["config.lock", "config.toml"]


def test_two_programs_that_write_at_once_both_stay(twh):
    running = [
        subprocess.Popen([sys.executable, "-m", "twh_cli", "config", "set", name, value])
        for name, value in (("timeout", "5"), ("output", "json"), ("color", "never"), ("update_notice", "off"))
    ]

    assert [one.wait() for one in running] == [0, 0, 0, 0]
    assert [one["value"] for one in twh("config", "get", "--json").json] == ["json", "5", "never", "off"]


def test_settings_are_obeyed_and_options_go_before_them(twh, elsewhere, terminal):
    assert twh("config", "set", "output", "csv").exit_code == 0
    twh("config", "set", "color", "never")

    exit_code, shown = terminal("profile", "list", "-o", "json")
    assert (exit_code, json.loads(shown.partition("No ")[0])) == (0, [])
    assert terminal("config", "get")[1].startswith("name,value,usual,meaning\n")
    assert "\x1b" not in terminal("stock", "list", TWH_API_KEY="")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("set", "colour", "never"),
        ("set", "output", "xml"),
        ("set", "timeout", "soon"),
        ("set", "timeout"),
        ("set", "timeout", "5", "--unset"),
        ("get", "colour"),
    ],
    ids=" ".join,
)
def test_a_setting_that_makes_no_sense_is_refused(twh, words):
    assert twh("config", *words).exit_code == 2
    assert not config_file().exists()


def test_a_setting_is_removed_and_the_file_is_named(twh):
    twh("config", "set", "timeout", "5")
    twh("config", "set", "timeout", "--unset")

    assert twh("config", "get", "timeout").out == "60\n"
    assert twh("config", "get", "timeout", "--json").json["value"] == "60"
    assert twh("config", "path").out == f"{config_file()}\n"
    assert twh("config", "path", "--json").json == {"path": str(config_file())}
