"""Profiles: what `sandbox up` writes is what the SDK reads, and nobody else can read it."""

import stat
import threading

import pytest

from twh import Client
from twh.profiles import config_file, profile_in_file
from twh_cli import profiles
from twh_cli.problems import FileUnusable


def test_the_first_profile_is_the_active_one():
    assert profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")
    assert not profiles.keep("other", base_url="http://127.0.0.1:8751", api_key="twh_test_2")

    assert profile_in_file() == profile_in_file("sandbox")
    assert repr(Client()) == "Client(base_url='http://127.0.0.1:8750')"


def test_only_its_owner_can_read_it():
    profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")

    assert stat.S_IMODE(config_file().stat().st_mode) == 0o600


def test_what_else_is_in_the_file_stays():
    path = config_file()
    path.parent.mkdir(parents=True)
    path.write_text(
        'active = "shop"\nnote = "mine"\n\n[profiles."my shop"]\napi_key = "twh_live_1"\n[profiles.shop]\nx = 1\n'
    )

    profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")

    assert profile_in_file().name == "shop"
    assert profile_in_file("my shop").api_key == "twh_live_1"
    assert 'note = "mine"' in path.read_text()


def test_two_that_write_at_once_both_stay():
    def keep(number: int) -> None:
        profiles.keep(f"p{number}", base_url="http://127.0.0.1:8750", api_key=f"twh_test_{number}")

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [profile_in_file(f"p{number}").api_key for number in range(8)] == [
        f"twh_test_{number}" for number in range(8)
    ]


def test_a_forgotten_profile_is_active_no_more():
    profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")

    profiles.forget("sandbox")

    assert profile_in_file() is None


def test_a_home_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))

    with pytest.raises(FileUnusable) as failed:
        profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")

    assert "TWH_API_KEY" in failed.value.hint
